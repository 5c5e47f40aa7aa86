/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thresholds: is the GIL wait, the longest wait or the longest hold of a capture above what is
 * allowed, or higher than in a capture of before by more than is allowed? Each figure has its
 * uncertainty, so there are three answers: above the limit or not even if the figure is off by as
 * much as it can be, and otherwise not enough data.
 *
 * Against a baseline, the figure may rise by the tolerated increase. How far the difference can be
 * off is the root of the sum of the squares of both half-widths, as change.h has it for what is
 * significant: *fail* is a rise that exceeds the tolerated one by more than that, *pass* one that
 * stays below it by as much. The length of a single wait or hold has no 95 % interval, but is known
 * to a period of the sampler at each end; that takes the place of the half-width. Where none was
 * seen, there may have been one of a period.
 */
#ifndef GW_CHECK_H
#define GW_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "change.h"
#include "model/estimate.h"
#include "model/model.h"
#include "thread_groups.h"

/* An answer, the better first: name, printed. */
#define GW_CHECK_LIST(X)                                                                           \
    X(PASS, "pass")                                                                                \
    X(UNSURE, "not enough data")                                                                   \
    X(FAIL, "fail")

enum gw_check_answer {
#define GW_CHECK_ENUM(name, text) GW_CHECK_##name,
    GW_CHECK_LIST(GW_CHECK_ENUM)
#undef GW_CHECK_ENUM
        GW_N_CHECK_ANSWERS
};

/* The printed word. Valid for ever. */
const char *gw_check_answer_name(enum gw_check_answer answer);

/* A limit: name, what it is on as printed, whether it is one against the baseline. */
#define GW_CHECK_LIMIT_LIST(X)                                                                     \
    X(GIL_WAIT, "GIL wait", false)                                                                 \
    X(WAIT, "longest wait", false)                                                                 \
    X(HOLD, "longest hold", false)                                                                 \
    X(GIL_WAIT_INCREASE, "GIL wait", true)                                                         \
    X(WAIT_INCREASE, "longest wait", true)                                                         \
    X(HOLD_INCREASE, "longest hold", true)

enum gw_check_limit {
#define GW_CHECK_ENUM(name, text, relative) GW_CHECK_##name,
    GW_CHECK_LIMIT_LIST(GW_CHECK_ENUM)
#undef GW_CHECK_ENUM
};

/* The printed word, valid for ever; whether the limit is one against the baseline. */
const char *gw_check_limit_name(enum gw_check_limit limit);
bool gw_check_limit_relative(enum gw_check_limit limit);

struct gw_check_limits {
    double max_gil_wait;  /* share of the time of any group of threads; below 0: not asked */
    uint64_t max_wait_ns; /* of one wait for the GIL; 0: not asked, as ... */
    uint64_t max_hold_ns; /* ... of one hold while another thread waits */
    /* Against the baseline: */
    double max_increase;    /* of that share, in points (0.05: from 10 % to 15 %); below 0: not
                               asked */
    uint64_t max_longer_ns; /* of the longest wait, and of the longest hold; 0: not asked */
};

/* One limit held against one group of threads or one single wait or hold. */
struct gw_check_result {
    enum gw_check_limit limit;
    enum gw_check_answer answer;
    /* GIL wait: */
    const struct gw_thread_group *group; /* NULL: no thread was observed */
    struct gw_figure share;              /* 0 to 1 */
    /* A single wait or hold: the longest one; NULL if there is none. The model's. */
    const struct gw_episode *longest;
    /* Against the baseline: */
    bool in_baseline;             /* there is such a group of threads */
    struct gw_figure share_there; /* its share */
    const struct gw_episode *longest_there;
};

struct gw_check {
    enum gw_check_answer answer;      /* the worst one */
    struct gw_thread_groups *groups;  /* by process */
    struct gw_thread_groups *common;  /* of all processes; NULL without a baseline, as ... */
    struct gw_thread_groups *there;   /* ... those of the baseline */
    struct gw_check_result *results;  /* by limit; of one limit the worst first */
    size_t n;                         /* at least one for each limit asked for */
    size_t count[GW_N_CHECK_ANSWERS]; /* how many have this answer */
};

/* Hold a model against limits. `baseline` is needed for those against it, else it may be NULL; both
 * models have to live as long as the check. Returns it (free it with gw_check_free), or NULL when
 * memory ran out. */
struct gw_check *gw_check_new(const struct gw_model *model, const struct gw_model *baseline,
                              const struct gw_check_limits *limits);

/* NULL is fine. */
void gw_check_free(struct gw_check *check);

#endif
