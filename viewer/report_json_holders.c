/* SPDX-License-Identifier: Apache-2.0 */
#include "report_json_holders.h"

#include "libraries.h"
#include "native_holds.h"

static json_t *seconds(uint64_t ns)
{
    return json_real((double)ns / 1e9);
}

static json_t *function_json(const struct gw_model *model, const struct gw_native_hold *row)
{
    const struct gw_model_function *function = &model->functions[row->function];

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:I}", "function",
                     gw_model_text(model, function->name), "object",
                     gw_model_text(model, function->file), "call",
                     gw_model_text(model, model->functions[row->call].name), "held_s",
                     seconds(row->ns), "margin_s", seconds(row->margin_ns), "waited_s",
                     seconds(row->wait_ns), "stops", (json_int_t)row->stops);
}

json_t *gw_report_json_native(const struct gw_model *model, size_t top)
{
    struct gw_native_holds *holds = gw_native_holds_new(model);
    if (!holds)
        return NULL;
    if (holds->n == 0 && holds->stops == 0) {
        gw_native_holds_free(holds);
        return json_null();
    }
    json_t *functions = json_array();
    for (size_t i = 0; i < holds->n && (!top || i < top); i++)
        json_array_append_new(functions, function_json(model, &holds->rows[i]));
    json_t *out = json_pack("{s:I, s:o, s:o, s:o}", "stops", (json_int_t)holds->stops, "held_s",
                            seconds(holds->held_ns), "unseen_s", seconds(holds->unseen_ns),
                            "functions", functions);
    gw_native_holds_free(holds);
    return out;
}

json_t *gw_report_json_libraries(const struct gw_model *model, size_t top)
{
    struct gw_libraries *libraries = gw_libraries_new(model);
    if (!libraries)
        return NULL;
    json_t *out = json_array();
    for (size_t i = 0; i < libraries->n && (!top || i < top); i++) {
        const struct gw_library *row = &libraries->rows[i];
        json_array_append_new(out, json_pack("{s:s, s:s, s:o, s:o}", "library",
                                             gw_strtab_text(libraries->names, row->name), "kind",
                                             gw_library_kind_name((enum gw_library_kind)row->kind),
                                             "held_s", seconds(row->held_ns), "waited_s",
                                             seconds(row->wait_ns)));
    }
    gw_libraries_free(libraries);
    return out;
}
