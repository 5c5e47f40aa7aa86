/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that do the same work: those whose names differ in their last number only. "worker-1" to
 * "worker-64" are the group "worker-*"; a name without a number is a group of its own, and so are
 * all threads without a name. Threads that were not observed are in none.
 */
#ifndef GW_THREAD_GROUPS_H
#define GW_THREAD_GROUPS_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"

struct gw_thread_group {
    const uint32_t *rows; /* of threads; kept by the groups */
    size_t n;             /* at least 1 */
};

struct gw_thread_groups {
    uint32_t *rows;
    struct gw_thread_group *groups; /* by process if asked for, then by name */
    size_t n;
};

/* The groups of a model: of each process by itself, or (for captures whose processes are not the
 * same ones) of all processes together. Free them with gw_thread_groups_free; NULL when memory ran
 * out. */
struct gw_thread_groups *gw_thread_groups_new(const struct gw_model *model, bool by_process);

/* NULL is fine. */
void gw_thread_groups_free(struct gw_thread_groups *groups);

/* Where the number is that tells the threads of a group apart: [*begin, *end) of the name; empty if
 * there is none. */
void gw_thread_groups_number(const char *name, size_t *begin, size_t *end);

/* The group of `groups` (of model, not by process) that has the pattern of another model's group;
 * NULL if there is none. */
const struct gw_thread_group *gw_thread_groups_find(const struct gw_thread_groups *groups,
                                                    const struct gw_model *model,
                                                    const struct gw_model *other_model,
                                                    const struct gw_thread_group *other);

/* What is the same for the group in every capture: "worker-*", "MainThread", "threads without a
 * name". Escaped as by gw_label_text. */
void gw_thread_groups_pattern(FILE *out, const struct gw_model *model,
                              const struct gw_thread_group *group, const char *also);

/* "worker-* (64 threads)"; a single thread by its own name. */
void gw_thread_groups_label(FILE *out, const struct gw_model *model,
                            const struct gw_thread_group *group, const char *also);

#endif
