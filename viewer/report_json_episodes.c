/* SPDX-License-Identifier: Apache-2.0 */
#include "report_json_episodes.h"

static json_t *seconds(uint64_t ns)
{
    return json_real((double)ns / 1e9);
}

static json_t *text(const struct gw_model *model, uint32_t string)
{
    return json_string(gw_model_text(model, string));
}

json_t *gw_report_json_c_function(const struct gw_model *model, uint32_t function)
{
    return function ? text(model, model->functions[function].name) : json_null();
}

/* A thread and the innermost frame of a stack. */
static json_t *side_json(const struct gw_model *model, uint32_t row, uint32_t stack)
{
    if (row == GW_NO_THREAD)
        return json_null();
    const struct gw_model_thread *thread = &model->threads[row];
    const struct gw_model_stack *leaf = gw_model_leaf(model, stack);
    const struct gw_model_function *function = &model->functions[leaf->function];
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:I, s:o}", "pid",
                     (json_int_t)model->processes[thread->process].pid, "tid",
                     (json_int_t)thread->tid, "name", text(model, thread->name), "function",
                     text(model, function->name), "file", text(model, function->file), "line",
                     (json_int_t)leaf->line, "c_function",
                     gw_report_json_c_function(model, gw_model_c_function(model, stack)));
}

/* Leaf first. */
static json_t *stack_json(const struct gw_model *model, uint32_t stack)
{
    json_t *array = json_array();

    for (; stack; stack = model->stacks[stack].parent) {
        const struct gw_model_function *function = &model->functions[model->stacks[stack].function];
        json_array_append_new(array, json_pack("{s:o, s:s, s:o, s:I}", "function",
                                               text(model, function->name), "kind",
                                               gw_function_kind_name(function->kind), "file",
                                               text(model, function->file), "line",
                                               (json_int_t)model->stacks[stack].line));
    }
    return array;
}

/* What waits and holds have in common: when, how long, which GIL. */
static json_t *episode_json(const struct gw_model *model, const struct gw_episode *episode)
{
    return json_pack(
        "{s:o, s:o, s:o, s:b, s:I}", "start_s", seconds(episode->begin_ns - model->part.from_ns),
        "seconds", seconds(episode->ns), "uncertainty_s", seconds(episode->uncertainty_ns), "cut",
        episode->cut, "interpreter", (json_int_t)model->gils[episode->gil].interpreter);
}

static json_t *wait_json(const struct gw_model *model, const struct gw_episode *wait)
{
    json_t *object = episode_json(model, wait);
    json_t *sides =
        json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:I}", "waiter",
                  side_json(model, wait->thread, wait->stack), "waiter_stack",
                  stack_json(model, wait->stack), "kind", gw_blame_name(wait->other_kind), "holder",
                  side_json(model, wait->other, wait->other_stack), "holder_stack",
                  stack_json(model, wait->other_stack), "holder_s", seconds(wait->other_ns),
                  "holders", (json_int_t)wait->n_others);

    json_object_update(object, sides);
    json_decref(sides);
    return object;
}

static json_t *hold_json(const struct gw_model *model, const struct gw_episode *hold)
{
    json_t *object = episode_json(model, hold);
    json_t *sides =
        json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:I, s:o}", "holder",
                  side_json(model, hold->thread, hold->stack), "holder_stack",
                  stack_json(model, hold->stack), "ended", gw_hold_end_name(hold->end), "waiter",
                  side_json(model, hold->other, hold->other_stack), "waiter_stack",
                  stack_json(model, hold->other_stack), "waiter_s", seconds(hold->other_ns),
                  "waiters", (json_int_t)hold->n_others, "waited_s", seconds(hold->others_ns));

    json_object_update(object, sides);
    json_decref(sides);
    return object;
}

static json_t *longest_json(const struct gw_model *model, const struct gw_episodes *episodes,
                            json_t *(*one)(const struct gw_model *, const struct gw_episode *))
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < episodes->n_longest; i++)
        json_array_append_new(array, one(model, &episodes->longest[i]));
    return array;
}

/* Counts and lengths; there are none of nothing. */
static json_t *episodes_json(const struct gw_model *model, const struct gw_episodes *episodes)
{
    const struct gw_loghist *lengths = &episodes->lengths;
    bool any = episodes->n > 0;

    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "count", (json_int_t)episodes->n, "cut",
                     (json_int_t)episodes->n_cut, "resolution_s", seconds(model->tick_ns),
                     "median_s", any ? seconds(gw_loghist_quantile(lengths, 0.5)) : json_null(),
                     "p99_s", any ? seconds(gw_loghist_quantile(lengths, 0.99)) : json_null(),
                     "max_s", any ? seconds(lengths->max) : json_null());
}

/* {forced, released, unknown}: how many, and how long these holds were on average. */
static void set_ends(json_t *object, const struct gw_hold_ends *ends)
{
    json_t *counts = json_object(), *means = json_object();

    for (unsigned end = 0; end < GW_N_HOLD_ENDS; end++) {
        uint64_t n = ends->n[end];
        json_object_set_new(counts, gw_hold_end_name(end), json_integer((json_int_t)n));
        json_object_set_new(means, gw_hold_end_name(end),
                            n ? seconds(ends->ns[end] / n) : json_null());
    }
    json_object_set_new(object, "ended", counts);
    json_object_set_new(object, "ended_mean_s", means);
}

static json_t *holds_of_threads_json(const struct gw_model *model)
{
    json_t *array = json_array();

    for (size_t i = 0; i < model->n_threads; i++) {
        const struct gw_model_thread *thread = &model->threads[i];
        if (gw_hold_ends_count(&thread->hold_ends) == 0 || thread->hidden)
            continue;
        json_t *object =
            json_pack("{s:I, s:I, s:o}", "pid", (json_int_t)model->processes[thread->process].pid,
                      "tid", (json_int_t)thread->tid, "name", text(model, thread->name));
        set_ends(object, &thread->hold_ends);
        json_array_append_new(array, object);
    }
    return array;
}

json_t *gw_report_json_waits(const struct gw_model *model)
{
    json_t *object = episodes_json(model, &model->waits);

    json_object_set_new(object, "longest", longest_json(model, &model->waits, wait_json));
    return object;
}

json_t *gw_report_json_holds(const struct gw_model *model)
{
    struct gw_hold_ends all = gw_model_hold_ends(model);
    json_t *object = episodes_json(model, &model->holds);

    set_ends(object, &all);
    json_object_set_new(object, "threads", holds_of_threads_json(model));
    json_object_set_new(object, "longest", longest_json(model, &model->holds, hold_json));
    return object;
}
