/* SPDX-License-Identifier: Apache-2.0 */
#include "check_words.h"

#include "model/label.h"
#include "number.h"

#define PERCENT 100.0

static bool is_share(enum gw_check_limit limit)
{
    return limit == GW_CHECK_GIL_WAIT || limit == GW_CHECK_GIL_WAIT_INCREASE;
}

static void put_share(FILE *out, struct gw_figure share)
{
    gw_number_percent_margin(out, share.value, share.margin);
}

static void put_length(FILE *out, const struct gw_episode *episode)
{
    gw_number_length(out, episode->ns);
    fputs(episode->cut ? " or more" : " ±", out);
    if (!episode->cut)
        gw_number_length(out, episode->uncertainty_ns);
}

void gw_check_put_value(FILE *out, const struct gw_check_result *result)
{
    if (result->group)
        put_share(out, result->share);
    else if (result->longest)
        put_length(out, result->longest);
}

void gw_check_put_limit(FILE *out, const struct gw_check_words *words,
                        const struct gw_check_result *result)
{
    const struct gw_check_limits *limits = words->limits;

    switch (result->limit) {
    case GW_CHECK_GIL_WAIT:
        fprintf(out, "%g %%", PERCENT * limits->max_gil_wait);
        break;
    case GW_CHECK_WAIT:
        gw_number_length(out, limits->max_wait_ns);
        break;
    case GW_CHECK_HOLD:
        gw_number_length(out, limits->max_hold_ns);
        break;
    case GW_CHECK_GIL_WAIT_INCREASE:
        fprintf(out, "+%g points", PERCENT * limits->max_increase);
        break;
    case GW_CHECK_WAIT_INCREASE:
    case GW_CHECK_HOLD_INCREASE:
        putc('+', out);
        gw_number_length(out, limits->max_longer_ns);
        break;
    }
}

static bool many_processes(const struct gw_model *model)
{
    size_t n = 0;

    for (size_t i = 0; i < model->n_processes; i++)
        n += model->processes[i].ticks > 0;
    return n > 1;
}

static void put_group(FILE *out, const struct gw_check_words *words,
                      const struct gw_check_result *result)
{
    const struct gw_model *model = words->model;

    if (!result->group) {
        fputs("no thread was observed", out);
        return;
    }
    gw_thread_groups_label(out, model, result->group, words->also);
    if (result->limit == GW_CHECK_GIL_WAIT && many_processes(model))
        fprintf(out, ", process %u",
                model->processes[model->threads[result->group->rows[0]].process].pid);
}

static void put_episode(FILE *out, const struct gw_check_words *words,
                        const struct gw_episode *episode)
{
    if (!episode) {
        fputs("none was seen", out);
        return;
    }
    gw_label_thread(out, words->model, episode->thread, words->also);
    fputs(" in ", out);
    gw_label_leaf(out, words->model, episode->stack, words->also);
}

static void put_baseline(FILE *out, const struct gw_check_result *result)
{
    if (!result->in_baseline) {
        fputs("; not in the baseline", out);
        return;
    }
    fputs("; baseline ", out);
    if (is_share(result->limit))
        put_share(out, result->share_there);
    else if (result->longest_there)
        put_length(out, result->longest_there);
    else
        fputs("none", out);
}

void gw_check_put_place(FILE *out, const struct gw_check_words *words,
                        const struct gw_check_result *result)
{
    if (is_share(result->limit))
        put_group(out, words, result);
    else
        put_episode(out, words, result->longest);
    if (gw_check_limit_relative(result->limit))
        put_baseline(out, result);
}

void gw_check_put_counts(FILE *out, const struct gw_check *check)
{
    const char *between = ": ";

    gw_number_count(out, check->n);
    fputs(check->n == 1 ? " check" : " checks", out);
    for (unsigned answer = 0; answer < GW_N_CHECK_ANSWERS; answer++) {
        if (check->count[answer] == 0)
            continue;
        fputs(between, out);
        gw_number_count(out, check->count[answer]);
        fprintf(out, " %s", gw_check_answer_name(answer));
        between = ", ";
    }
    putc('\n', out);
}
