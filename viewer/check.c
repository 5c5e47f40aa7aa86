/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *gw_check_answer_name(enum gw_check_answer answer)
{
    static const char *const names[] = {
#define GW_CHECK_NAME(name, text) [GW_CHECK_##name] = text,
        GW_CHECK_LIST(GW_CHECK_NAME)
#undef GW_CHECK_NAME
    };
    return names[answer];
}

/* --- groups of threads --------------------------------------------------------------------------
 */

void gw_check_group(const char *name, size_t *begin, size_t *end)
{
    size_t at = strlen(name);

    while (at > 0 && !isdigit((unsigned char)name[at - 1]))
        at--;
    *end = at;
    while (at > 0 && isdigit((unsigned char)name[at - 1]))
        at--;
    *begin = at;
}

/* A thread among its like. */
struct member {
    uint32_t process, row;
    const char *name;
    size_t begin, end; /* of the number in it */
};

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_members(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    if ((a->begin == a->end) != (b->begin == b->end)) /* "hog" is none of "7hog" */
        return a->begin == a->end ? -1 : 1;
    int order = compare_bytes(a->name, a->begin, b->name, b->begin);
    return order ? order : strcmp(a->name + a->end, b->name + b->end);
}

static enum gw_check_answer judge_share(const struct gw_estimate *estimate, double limit)
{
    double allowed_ns = limit * (double)estimate->wall_ns;

    if (estimate->wall_ns == 0)
        return GW_CHECK_UNSURE;
    if (estimate->low_ns > allowed_ns)
        return GW_CHECK_FAIL;
    return estimate->high_ns <= allowed_ns ? GW_CHECK_PASS : GW_CHECK_UNSURE;
}

static void take_group(const struct gw_model *model, const uint32_t *rows, size_t n, double limit,
                       struct gw_check_wait *worst)
{
    struct gw_check_wait group = {
        .estimate = gw_estimate_group(model, rows, n), .thread = rows[0], .n_threads = n};

    if (group.estimate.wall_ns == 0)
        return;
    group.answer = judge_share(&group.estimate, limit);
    bool first = worst->thread == GW_NO_THREAD;
    if (first || group.answer > worst->answer ||
        (group.answer == worst->answer &&
         gw_estimate_share(&group.estimate) > gw_estimate_share(&worst->estimate)))
        *worst = group;
}

static int check_gil_wait(const struct gw_model *model, double limit, struct gw_check_wait *worst)
{
    size_t n = model->n_threads;
    struct member *members = calloc(n + 1, sizeof *members);
    uint32_t *rows = calloc(n + 1, sizeof *rows);

    *worst = (struct gw_check_wait){.answer = GW_CHECK_UNSURE, .thread = GW_NO_THREAD};
    for (uint32_t i = 0; members && i < n; i++) {
        struct member *member = &members[i];
        *member = (struct member){.process = model->threads[i].process,
                                  .row = i,
                                  .name = gw_model_text(model, model->threads[i].name)};
        gw_check_group(member->name, &member->begin, &member->end);
    }
    if (members)
        qsort(members, n, sizeof *members, compare_members);
    for (size_t from = 0, at = 0; members && rows && from < n; from = at) {
        for (; at < n && compare_members(&members[from], &members[at]) == 0; at++)
            rows[at - from] = members[at].row;
        take_group(model, rows, at - from, limit, worst);
    }
    free(rows);
    free(members);
    return members && rows ? 0 : -ENOMEM;
}

/* --- single waits and holds ------------------------------------------------------------------- */

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

static void check_wait(const struct gw_model *model, uint64_t limit_ns,
                       struct gw_check_episode *out)
{
    out->longest = model->waits.n_longest ? &model->waits.longest[0] : NULL;
    out->answer = judge_length(model, out->longest, limit_ns);
}

/* A hold that nobody waits for harms nobody. The longest ones may all be such. */
static void check_hold(const struct gw_model *model, uint64_t limit_ns,
                       struct gw_check_episode *out)
{
    const struct gw_episodes *holds = &model->holds;

    out->longest = NULL;
    for (uint32_t i = 0; i < holds->n_longest && !out->longest; i++)
        if (holds->longest[i].n_others)
            out->longest = &holds->longest[i];
    out->answer = judge_length(model, out->longest, limit_ns);
    bool hidden = !out->longest && holds->n > holds->n_longest && holds->n_longest &&
                  holds->longest[holds->n_longest - 1].ns > limit_ns;
    if (hidden)
        out->answer = GW_CHECK_UNSURE;
}

int gw_check_model(const struct gw_model *model, const struct gw_check_limits *limits,
                   struct gw_check *out)
{
    *out = (struct gw_check){.gil_wait = {.thread = GW_NO_THREAD}};
    if (limits->max_gil_wait >= 0 &&
        check_gil_wait(model, limits->max_gil_wait, &out->gil_wait) < 0)
        return -ENOMEM;
    if (limits->max_wait_ns)
        check_wait(model, limits->max_wait_ns, &out->wait);
    if (limits->max_hold_ns)
        check_hold(model, limits->max_hold_ns, &out->hold);
    const enum gw_check_answer answers[] = {out->gil_wait.answer, out->wait.answer,
                                            out->hold.answer};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i] > out->answer)
            out->answer = answers[i];
    return 0;
}
