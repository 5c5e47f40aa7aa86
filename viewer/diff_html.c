/* SPDX-License-Identifier: Apache-2.0 */
#include "diff_html.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "cell.h"
#include "diff_json.h"
#include "diff_text.h"
#include "diff_tree.h"
#include "html_fold.h"
#include "html_page.h"

static bool set_tree(json_t *data, const char *key, const struct gw_diff *diff,
                     const struct gw_model *const models[GW_N_DIFF_SIDES], enum gw_diff_tree tree,
                     double *fold_share)
{
    return json_object_set_new(
               data, key, gw_diff_tree_json(diff, models, tree, GW_HTML_MAX_NODES, fold_share)) ==
           0;
}

/* The two trees are folded alike, so that a width means the same in both. */
static bool set_trees(json_t *data, const struct gw_diff *diff,
                      const struct gw_model *const models[GW_N_DIFF_SIDES])
{
    double waiters_fold = GW_HTML_FOLD_SHARE;
    bool set = set_tree(data, "waiters", diff, models, GW_DIFF_WAITERS, &waiters_fold);
    double fold = waiters_fold;

    set = set && set_tree(data, "holders", diff, models, GW_DIFF_HOLDERS, &fold);
    if (set && fold > waiters_fold)
        set = set_tree(data, "waiters", diff, models, GW_DIFF_WAITERS, &fold);
    return set && json_object_set_new(data, "folded", json_pack("{s:f}", "share", fold)) == 0;
}

/* Beside what a script has to know of a recording. A path may hold any bytes. */
static bool set_side(json_t *data, const char *key, const struct gw_likeness_side *side)
{
    char name[GW_TEXT_ROOM];
    const char *last = strcmp(side->path, "-") == 0 ? "standard input" : basename(side->path);
    json_t *object = json_object_get(data, key);

    gw_text_from_bytes((const uint8_t *)last, strlen(last), name, sizeof name);
    return json_object_set_new(object, "name", json_string(name)) == 0 &&
           json_object_set_new(object, "complete",
                               json_boolean(!gw_model_incomplete(side->model))) == 0;
}

static bool set_summary(json_t *data, const struct gw_diff *diff)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_diff_sentence(diff, cell.file);
    bool set = json_object_set_new(data, "summary", json_string(gw_cell_text(&cell))) == 0;
    gw_cell_end(&cell);
    return set;
}

static bool set_omitted(json_t *data, const struct gw_diff *diff, size_t top)
{
    json_t *omitted = json_object();

    for (unsigned table = 0; table < GW_N_DIFF_TABLES; table++) {
        size_t n = diff->tables[table].n;
        json_object_set_new(omitted, gw_diff_tables[table].key,
                            json_integer(top && n > top ? (json_int_t)(n - top) : 0));
    }
    return json_object_set_new(data, "omitted", omitted) == 0;
}

json_t *gw_diff_html_data(const struct gw_likeness_side sides[GW_N_DIFF_SIDES], size_t top)
{
    const struct gw_model *const models[GW_N_DIFF_SIDES] = {sides[GW_DIFF_BEFORE].model,
                                                            sides[GW_DIFF_AFTER].model};
    struct gw_diff *diff = gw_diff_new(models[GW_DIFF_BEFORE], models[GW_DIFF_AFTER]);
    json_t *data =
        diff ? gw_diff_json(diff, models[GW_DIFF_BEFORE], models[GW_DIFF_AFTER], top) : NULL;
    bool set = data && set_summary(data, diff) && set_omitted(data, diff, top) &&
               set_side(data, "before", &sides[GW_DIFF_BEFORE]) &&
               set_side(data, "after", &sides[GW_DIFF_AFTER]) && set_trees(data, diff, models);

    gw_diff_free(diff);
    if (set)
        return data;
    json_decref(data);
    return NULL;
}

int gw_diff_html_write(const struct gw_likeness_side sides[GW_N_DIFF_SIDES], size_t top,
                       const char *title, FILE *out)
{
    json_t *data = gw_diff_html_data(sides, top);

    if (!data)
        return -ENOMEM;
    const char *summary = json_string_value(json_object_get(data, "summary"));
    int error = gw_html_page_write(&gw_html_diff, title, summary, data, out);
    json_decref(data);
    return error;
}
