/* SPDX-License-Identifier: Apache-2.0 */
#include "html.h"

#include <assert.h>
#include <errno.h>

#include "html_page.h"
#include "html_profile.h"
#include "html_records.h"
#include "report_json.h"

/* Rows of each table; the flame graphs hold the rest. */
#define TABLE_ROWS 100

static json_t *vocabulary(void)
{
    /* Holders first, then those who want the GIL, then the rest; see GW_STATE_LIST. */
    static const enum gw_state order[] = {
        GW_STATE_PYTHON_RUNNING, GW_STATE_GIL_RUNNING, GW_STATE_GIL_QUEUED, GW_STATE_GIL_BLOCKED,
        GW_STATE_GIL_WAIT,       GW_STATE_GIL_HANDOFF, GW_STATE_STW_WAIT,   GW_STATE_OBJECT_WAIT,
        GW_STATE_NATIVE,         GW_STATE_IO_WAIT,     GW_STATE_LOCK_WAIT,  GW_STATE_SLEEP,
        GW_STATE_CPU_WAIT,       GW_STATE_STOPPED,     GW_STATE_UNKNOWN,
    };
    static_assert(sizeof order / sizeof order[0] == GW_N_STATES, "a state has no place in a bar");

    json_t *states = json_array();
    for (size_t i = 0; i < GW_N_STATES; i++) {
        json_t *state = json_pack("{s:s, s:s, s:s}", "name", gw_state_name(order[i]), "rollup",
                                  gw_rollup_name(gw_state_rollup(order[i])), "meaning",
                                  gw_state_meaning(order[i]));
        if (json_array_append_new(states, state) != 0) {
            json_decref(states);
            return NULL;
        }
    }
    return json_pack("{s:o}", "states", states);
}

static bool set_profile(json_t *data, const struct gw_model *model,
                        const struct gw_timeline *timeline)
{
    struct gw_ranking *ranking = gw_ranking_new(model);
    bool set = ranking && json_object_set_new(data, "profile",
                                              gw_html_profile_json(model, timeline, ranking,
                                                                   GW_HTML_MAX_RECORDS)) == 0;

    gw_ranking_free(ranking);
    return set;
}

json_t *gw_html_data(const struct gw_model *model, const struct gw_timeline *timeline)
{
    json_t *data = gw_report_json(model, TABLE_ROWS);
    if (data && set_profile(data, model, timeline) &&
        json_object_set_new(data, "vocabulary", vocabulary()) == 0)
        return data;
    json_decref(data);
    return NULL;
}

int gw_html_write(const struct gw_model *model, const struct gw_timeline *timeline,
                  const char *title, FILE *out)
{
    json_t *data = gw_html_data(model, timeline);
    if (!data)
        return -ENOMEM;
    const char *summary = json_string_value(json_object_get(data, "summary"));
    int error = gw_html_page_write(&gw_html_report, title, summary ? summary : title, data, out);
    json_decref(data);
    return error;
}
