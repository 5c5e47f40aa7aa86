/* SPDX-License-Identifier: Apache-2.0 */
#include "diff_json.h"

static json_t *figure_json(double value, double margin)
{
    return json_pack("{s:f, s:f}", "value", value, "margin", margin);
}

static json_t *text(const struct gw_model *model, uint32_t string)
{
    return json_string(gw_model_text(model, string));
}

static json_t *side_json(const struct gw_diff *diff, const struct gw_model *model, unsigned side)
{
    const struct gw_model_process *target = gw_model_target(model);

    return json_pack("{s:o, s:f, s:I}", "python",
                     target ? text(model, target->python) : json_null(), "recorded_s",
                     (double)diff->looked_ns[side] / 1e9, "threads",
                     (json_int_t)diff->n_threads[side]);
}

/* Add the figures of a row to its object. */
static void set_figures(json_t *object, const struct gw_diff_row *row, bool sampled)
{
    const struct gw_figure *before = &row->side[GW_DIFF_BEFORE], *after = &row->side[GW_DIFF_AFTER];

    json_object_set_new(object, "before", figure_json(before->value, before->margin));
    json_object_set_new(object, "after", figure_json(after->value, after->margin));
    json_object_set_new(object, "change", figure_json(row->change.difference, row->change.margin));
    json_object_set_new(object, "significant",
                        sampled ? json_boolean(row->significant) : json_null());
}

static json_t *group_json(const struct gw_diff *diff, const struct gw_diff_row *row)
{
    return json_pack("{s:s, s:[I, I]}", "threads", gw_diff_label(diff, row), "n_threads",
                     (json_int_t)row->n_threads[GW_DIFF_BEFORE],
                     (json_int_t)row->n_threads[GW_DIFF_AFTER]);
}

static json_t *function_json(const struct gw_model *const models[GW_N_DIFF_SIDES],
                             const struct gw_diff_row *row)
{
    unsigned side = row->side[GW_DIFF_AFTER].value > 0 ? GW_DIFF_AFTER : GW_DIFF_BEFORE;
    const struct gw_model *model = models[side];
    const struct gw_model_function *function = &model->functions[row->function[side]];

    return json_pack("{s:o, s:s, s:o}", "function", text(model, function->name), "kind",
                     gw_function_kind_name(function->kind), "file", text(model, function->file));
}

static json_t *table_json(const struct gw_diff *diff,
                          const struct gw_model *const models[GW_N_DIFF_SIDES],
                          enum gw_diff_table table, size_t top)
{
    const struct gw_diff_list *list = &diff->tables[table];
    json_t *array = json_array();

    for (size_t i = 0; i < list->n && (top == 0 || i < top); i++) {
        const struct gw_diff_row *row = &list->rows[i];
        json_t *object =
            gw_diff_tables[table].functions ? function_json(models, row) : group_json(diff, row);
        set_figures(object, row, gw_diff_tables[table].sampled);
        json_array_append_new(array, object);
    }
    return array;
}

json_t *gw_diff_json(const struct gw_diff *diff, const struct gw_model *before,
                     const struct gw_model *after, size_t top)
{
    const struct gw_model *const models[GW_N_DIFF_SIDES] = {before, after};
    json_t *total = json_object();

    set_figures(total, &diff->total, true);
    json_t *object = json_pack("{s:i, s:o, s:o, s:o}", "schema_version", GW_DIFF_SCHEMA_VERSION,
                               "before", side_json(diff, before, GW_DIFF_BEFORE), "after",
                               side_json(diff, after, GW_DIFF_AFTER), "total_gil_wait", total);
    for (unsigned table = 0; object && table < GW_N_DIFF_TABLES; table++)
        json_object_set_new(object, gw_diff_tables[table].key,
                            table_json(diff, models, table, top));
    return object;
}
