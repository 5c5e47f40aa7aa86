/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thresholds: is the GIL wait, the longest wait or the longest hold of a capture above what is
 * allowed? Each figure has its uncertainty, so there are three answers: above the limit or not even
 * if the figure is off by as much as it can be, and otherwise not enough data.
 */
#ifndef GW_CHECK_H
#define GW_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "model/estimate.h"
#include "model/model.h"

/* An answer, the better first: name, printed. */
#define GW_CHECK_LIST(X)                                                                           \
    X(PASS, "pass")                                                                                \
    X(UNSURE, "not enough data")                                                                   \
    X(FAIL, "fail")

enum gw_check_answer {
#define GW_CHECK_ENUM(name, text) GW_CHECK_##name,
    GW_CHECK_LIST(GW_CHECK_ENUM)
#undef GW_CHECK_ENUM
};

/* The printed word. Valid for ever. */
const char *gw_check_answer_name(enum gw_check_answer answer);

struct gw_check_limits {
    double max_gil_wait;  /* share of the time of any group of threads; below 0: not asked */
    uint64_t max_wait_ns; /* of one wait for the GIL; 0: not asked, as ... */
    uint64_t max_hold_ns; /* ... of one hold while another thread waits */
};

/* GIL wait of the group of threads that is worst: threads of one process whose names differ in
 * their last number only. */
struct gw_check_wait {
    enum gw_check_answer answer;
    struct gw_estimate estimate;
    uint32_t thread; /* row of one of them, GW_NO_THREAD if none was observed */
    size_t n_threads;
};

/* The longest single one; NULL if there is none. */
struct gw_check_episode {
    enum gw_check_answer answer;
    const struct gw_episode *longest; /* the model's */
};

struct gw_check {
    struct gw_check_wait gil_wait;
    struct gw_check_episode wait, hold;
    enum gw_check_answer answer; /* the worst of those asked for */
};

/* 0 or -ENOMEM. */
int gw_check_model(const struct gw_model *model, const struct gw_check_limits *limits,
                   struct gw_check *out);

/* Where the number is that tells the threads of a group apart: [*begin, *end) of the name; empty if
 * there is none. */
void gw_check_group(const char *name, size_t *begin, size_t *end);

#endif
