/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed between two recordings: GIL wait, the wait caused to others, and CPU time by group
 * of threads (thread_groups.h), and the wait suffered and caused by innermost function.
 *
 * Recordings differ in length, so all figures are seconds per second of the time that was looked
 * at; those of a group are of all its threads together and can exceed 1. Groups are found again by
 * name, functions by name and the last two components of their file: lines move and folders of
 * releases change.
 *
 * What is significant is told by the rule of change.h. The half-width of a group's wait is the
 * printed one of model/estimate.h. That of the wait in one function, or caused by one, is an upper
 * bound of it: each tick of a waiter counts as a wait of its own (variance D^2 for a tick that
 * stands for the time D), the doubt of the waiter's figure goes with the part of its wait that lies
 * there, and half-widths of different waiters add up, since behind one holder they wait at the same
 * ticks. Where there is none it is 3 D. CPU time is exact: it has no interval, and no change of it
 * is called significant.
 */
#ifndef GW_DIFF_H
#define GW_DIFF_H

#include "base/strtab.h"
#include "change.h"
#include "model/model.h"

/* A table: name, key in JSON, heading, whether it is by function, whether it is sampled. */
#define GW_DIFF_TABLE_LIST(X)                                                                      \
    X(GIL_WAIT, "gil_wait", "GIL wait of threads", false, true)                                    \
    X(CAUSED, "caused", "GIL wait caused by threads", false, true)                                 \
    X(CPU, "cpu", "CPU time of threads", false, false)                                             \
    X(SUFFERED, "functions_suffered", "Functions that suffer GIL wait", true, true)                \
    X(CAUSED_BY, "functions_caused", "Functions that cause GIL wait", true, true)

enum gw_diff_table {
#define GW_DIFF_ENUM(name, key, heading, functions, sampled) GW_DIFF_##name,
    GW_DIFF_TABLE_LIST(GW_DIFF_ENUM)
#undef GW_DIFF_ENUM
        GW_N_DIFF_TABLES
};

struct gw_diff_table_info {
    const char *key, *heading;
    bool functions, sampled;
};
extern const struct gw_diff_table_info gw_diff_tables[GW_N_DIFF_TABLES];

/* The sides of a comparison. */
enum { GW_DIFF_BEFORE, GW_DIFF_AFTER, GW_N_DIFF_SIDES };

struct gw_diff_row {
    uint32_t label;                     /* of the diff's labels: "worker-*", "build (app/x.py)" */
    uint32_t function[GW_N_DIFF_SIDES]; /* row of functions there, 0: not in it */
    size_t n_threads[GW_N_DIFF_SIDES];  /* of a group: how many were observed there */
    struct gw_figure side[GW_N_DIFF_SIDES]; /* seconds per second */
    struct gw_change change;
    bool significant;
    bool unknown; /* CPU time that is not known of all its threads: left out of the tables */
};

struct gw_diff_list {
    struct gw_diff_row *rows; /* significant ones first, then by size of the change */
    size_t n;
};

struct gw_diff {
    struct gw_strtab *labels;                     /* escaped as by gw_label_text */
    struct gw_diff_row total;                     /* GIL wait of all threads; no label */
    struct gw_diff_list tables[GW_N_DIFF_TABLES]; /* without what is 0 on both sides */
    size_t n_threads[GW_N_DIFF_SIDES];            /* observed */
    uint64_t looked_ns[GW_N_DIFF_SIDES]; /* time that the figures are of: without gaps and stops */
};

/* Compare two models that are alike (likeness.h). Free it with gw_diff_free; NULL when memory ran
 * out. */
struct gw_diff *gw_diff_new(const struct gw_model *before, const struct gw_model *after);

/* NULL is fine. */
void gw_diff_free(struct gw_diff *diff);

static inline const char *gw_diff_label(const struct gw_diff *diff, const struct gw_diff_row *row)
{
    return gw_strtab_text(diff->labels, row->label);
}

#endif
