/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdlib.h>

const char *gw_check_answer_name(enum gw_check_answer answer)
{
    static const char *const names[] = {
#define GW_CHECK_NAME(name, text) [GW_CHECK_##name] = text,
        GW_CHECK_LIST(GW_CHECK_NAME)
#undef GW_CHECK_NAME
    };
    return names[answer];
}

static const struct {
    const char *name;
    bool relative;
} limit_rows[] = {
#define GW_CHECK_ROW(id, text, is_relative) [GW_CHECK_##id] = {text, is_relative},
    GW_CHECK_LIMIT_LIST(GW_CHECK_ROW)
#undef GW_CHECK_ROW
};

const char *gw_check_limit_name(enum gw_check_limit limit)
{
    return limit_rows[limit].name;
}

bool gw_check_limit_relative(enum gw_check_limit limit)
{
    return limit_rows[limit].relative;
}

/* What the results are made from. */
struct checker {
    const struct gw_model *model, *baseline;
    const struct gw_check_limits *limits;
    struct gw_check *check;
};

static void add(struct checker *checker, const struct gw_check_result *result)
{
    struct gw_check *check = checker->check;

    check->results[check->n++] = *result;
    check->count[result->answer]++;
    if (result->answer > check->answer)
        check->answer = result->answer;
}

/* --- GIL wait of groups of threads -------------------------------------------------------------
 */

static enum gw_check_answer judge_share(const struct gw_estimate *estimate, double limit)
{
    double allowed_ns = limit * (double)estimate->wall_ns;

    if (estimate->low_ns > allowed_ns)
        return GW_CHECK_FAIL;
    return estimate->high_ns <= allowed_ns ? GW_CHECK_PASS : GW_CHECK_UNSURE;
}

/* By how much a figure rose, against what it may. */
static enum gw_check_answer judge_change(const struct gw_change *change, double allowed)
{
    if (change->difference - allowed > change->margin)
        return GW_CHECK_FAIL;
    return change->difference + change->margin <= allowed ? GW_CHECK_PASS : GW_CHECK_UNSURE;
}

static struct gw_figure share_of(const struct gw_estimate *estimate)
{
    return (struct gw_figure){.value = gw_estimate_share(estimate),
                              .margin = gw_estimate_margin(estimate)};
}

static void check_group(struct checker *checker, const struct gw_thread_group *group)
{
    struct gw_estimate estimate = gw_estimate_group(checker->model, group->rows, group->n);
    struct gw_check_result result = {
        .limit = GW_CHECK_GIL_WAIT,
        .answer = judge_share(&estimate, checker->limits->max_gil_wait),
        .group = group,
        .share = share_of(&estimate),
    };

    add(checker, &result);
}

/* A group that is new may have been anything before: it is held against nothing but its own limit
 * of never having waited. */
static void check_group_increase(struct checker *checker, const struct gw_thread_group *group)
{
    double allowed = checker->limits->max_increase;
    struct gw_estimate now = gw_estimate_group(checker->model, group->rows, group->n);
    struct gw_check_result result = {
        .limit = GW_CHECK_GIL_WAIT_INCREASE, .group = group, .share = share_of(&now)};
    const struct gw_thread_group *there =
        gw_thread_groups_find(checker->check->there, checker->baseline, checker->model, group);

    result.in_baseline = there != NULL;
    if (there) {
        struct gw_estimate then = gw_estimate_group(checker->baseline, there->rows, there->n);
        result.share_there = share_of(&then);
        struct gw_change change = gw_change_of(result.share_there, result.share);
        result.answer = judge_change(&change, allowed);
    } else {
        result.answer =
            judge_share(&now, allowed) == GW_CHECK_PASS ? GW_CHECK_PASS : GW_CHECK_UNSURE;
    }
    add(checker, &result);
}

static void check_groups(struct checker *checker, enum gw_check_limit limit,
                         const struct gw_thread_groups *groups,
                         void (*check)(struct checker *checker,
                                       const struct gw_thread_group *group))
{
    const struct gw_check_result nobody = {.limit = limit, .answer = GW_CHECK_UNSURE};

    for (size_t i = 0; i < groups->n; i++)
        check(checker, &groups->groups[i]);
    if (groups->n == 0)
        add(checker, &nobody);
}

/* --- single waits and holds ------------------------------------------------------------------- */

static const struct gw_episode *longest_wait(const struct gw_model *model)
{
    return model->waits.n_longest ? &model->waits.longest[0] : NULL;
}

/* A hold that nobody waits for harms nobody. The longest ones may all be such: then one that harms
 * is no longer than *hidden_ns, or else that is 0. */
static const struct gw_episode *longest_hold(const struct gw_model *model, uint64_t *hidden_ns)
{
    const struct gw_episodes *holds = &model->holds;

    *hidden_ns = 0;
    for (uint32_t i = 0; i < holds->n_longest; i++)
        if (holds->longest[i].n_others)
            return &holds->longest[i];
    if (holds->n > holds->n_longest && holds->n_longest)
        *hidden_ns = holds->longest[holds->n_longest - 1].ns;
    return NULL;
}

/* What is shorter than a period may not have been seen at all. One that the end of the recording
 * cut off counts as long as it was seen. */
static enum gw_check_answer judge_length(const struct gw_model *model,
                                         const struct gw_episode *longest, uint64_t limit_ns)
{
    if (longest && longest->ns > limit_ns + longest->uncertainty_ns)
        return GW_CHECK_FAIL;
    if (model->quality.ticks == 0 || limit_ns < model->tick_ns)
        return GW_CHECK_UNSURE;
    if (!longest)
        return GW_CHECK_PASS;
    return longest->ns + longest->uncertainty_ns > limit_ns ? GW_CHECK_UNSURE : GW_CHECK_PASS;
}

static void check_wait(struct checker *checker)
{
    struct gw_check_result result = {.limit = GW_CHECK_WAIT,
                                     .longest = longest_wait(checker->model)};

    result.answer = judge_length(checker->model, result.longest, checker->limits->max_wait_ns);
    add(checker, &result);
}

static void check_hold(struct checker *checker)
{
    uint64_t limit_ns = checker->limits->max_hold_ns, hidden_ns;
    struct gw_check_result result = {.limit = GW_CHECK_HOLD,
                                     .longest = longest_hold(checker->model, &hidden_ns)};

    result.answer = judge_length(checker->model, result.longest, limit_ns);
    if (hidden_ns > limit_ns)
        result.answer = GW_CHECK_UNSURE;
    add(checker, &result);
}

static struct gw_figure length_of(const struct gw_model *model, const struct gw_episode *longest)
{
    if (!longest)
        return (struct gw_figure){.margin = (double)model->tick_ns};
    return (struct gw_figure){.value = (double)longest->ns,
                              .margin = (double)longest->uncertainty_ns};
}

/* hidden_ns, hidden_there_ns: there may be one of up to this length that is not known. What the
 * baseline does not show in full is no proof that it was shorter. */
static void check_longer(struct checker *checker, struct gw_check_result *result,
                         uint64_t hidden_ns, uint64_t hidden_there_ns)
{
    double allowed = (double)checker->limits->max_longer_ns;
    struct gw_figure there = length_of(checker->baseline, result->longest_there);
    struct gw_change change = gw_change_of(there, length_of(checker->model, result->longest));
    bool more_there = hidden_there_ns || (result->longest_there && result->longest_there->cut);

    result->answer = judge_change(&change, allowed);
    if (more_there && result->answer == GW_CHECK_FAIL)
        result->answer = GW_CHECK_UNSURE;
    if ((double)hidden_ns > there.value + allowed && result->answer == GW_CHECK_PASS)
        result->answer = GW_CHECK_UNSURE;
    result->in_baseline = true;
    add(checker, result);
}

static void check_lengths(struct checker *checker)
{
    uint64_t hidden_ns, hidden_there_ns;
    struct gw_check_result wait = {.limit = GW_CHECK_WAIT_INCREASE,
                                   .longest = longest_wait(checker->model),
                                   .longest_there = longest_wait(checker->baseline)};
    struct gw_check_result hold = {.limit = GW_CHECK_HOLD_INCREASE,
                                   .longest = longest_hold(checker->model, &hidden_ns),
                                   .longest_there =
                                       longest_hold(checker->baseline, &hidden_there_ns)};

    check_longer(checker, &wait, 0, 0);
    check_longer(checker, &hold, hidden_ns, hidden_there_ns);
}

/* --- the whole ---------------------------------------------------------------------------------
 */

/* How much a figure is above what it is held against. */
static double excess(const struct gw_check_result *result)
{
    return result->share.value - (result->in_baseline ? result->share_there.value : 0);
}

static int compare_results(const void *left, const void *right)
{
    const struct gw_check_result *a = left, *b = right;

    if (a->limit != b->limit)
        return a->limit < b->limit ? -1 : 1;
    if (a->answer != b->answer)
        return a->answer > b->answer ? -1 : 1;
    if (excess(a) < excess(b) || excess(a) > excess(b))
        return excess(a) > excess(b) ? -1 : 1;
    if (a->share.value < b->share.value || a->share.value > b->share.value)
        return a->share.value > b->share.value ? -1 : 1;
    return (a->group > b->group) - (a->group < b->group); /* neighbours in one array */
}

static void check_limits(struct checker *checker)
{
    const struct gw_check_limits *limits = checker->limits;
    struct gw_check *check = checker->check;

    if (limits->max_gil_wait >= 0)
        check_groups(checker, GW_CHECK_GIL_WAIT, check->groups, check_group);
    if (limits->max_wait_ns)
        check_wait(checker);
    if (limits->max_hold_ns)
        check_hold(checker);
    if (checker->baseline && limits->max_increase >= 0)
        check_groups(checker, GW_CHECK_GIL_WAIT_INCREASE, check->common, check_group_increase);
    if (checker->baseline && limits->max_longer_ns)
        check_lengths(checker);
    qsort(check->results, check->n, sizeof *check->results, compare_results);
}

static bool make_groups(struct checker *checker)
{
    struct gw_check *check = checker->check;

    check->groups = gw_thread_groups_new(checker->model, true);
    if (checker->baseline) {
        check->common = gw_thread_groups_new(checker->model, false);
        check->there = gw_thread_groups_new(checker->baseline, false);
    }
    return check->groups && (!checker->baseline || (check->common && check->there));
}

struct gw_check *gw_check_new(const struct gw_model *model, const struct gw_model *baseline,
                              const struct gw_check_limits *limits)
{
    struct gw_check *check = calloc(1, sizeof *check);
    struct checker checker = {
        .model = model, .baseline = baseline, .limits = limits, .check = check};

    if (check && make_groups(&checker)) {
        /* At most one for each group and limit on groups, and one for each other limit. */
        size_t most = check->groups->n + (baseline ? check->common->n : 0) +
                      sizeof limit_rows / sizeof limit_rows[0];
        check->results = calloc(most, sizeof *check->results);
        if (check->results) {
            check_limits(&checker);
            return check;
        }
    }
    gw_check_free(check);
    return NULL;
}

void gw_check_free(struct gw_check *check)
{
    if (!check)
        return;
    gw_thread_groups_free(check->groups);
    gw_thread_groups_free(check->common);
    gw_thread_groups_free(check->there);
    free(check->results);
    free(check);
}
