/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All targets: taken up when the table of processes says so, let go when they have ended or are not
 * meant any more, looked at when they are due, within one budget.
 */
#ifndef GW_AGENT_TARGETS_H
#define GW_AGENT_TARGETS_H

#include "config.h"
#include "processes.h"
#include "services.h"
#include "target.h"

/* Sums over all targets, of those that have ended too. */
struct gw_target_totals {
    uint64_t ticks, late, torn, cpu_ns;
    uint64_t opened, closed; /* processes taken up and let go */
    uint64_t failed;         /* and those that could not be taken up */
    uint64_t renewed;        /* sessions begun anew because their definitions had grown large */
};

struct gw_targets {
    struct gw_target *items[GW_MAX_TARGETS]; /* owned */
    size_t n;
    struct gw_services services;
    struct gw_target_totals totals;
    size_t degraded;  /* targets whose rate is below what was asked for */
    double others_ns; /* CPU per second that goes into anything but ticks, an average */
    uint64_t governed_ns, governed_cpu_ns, governed_tick_ns;
};

/* When the next one is due; UINT64_MAX if there is none. */
uint64_t gw_targets_due_ns(const struct gw_targets *all);

/* Look at all that are due at now_ns. One that has ended or become another program is let go. */
void gw_targets_tick(struct gw_targets *all, uint64_t now_ns);

/* Let those go that the table does not mean any more, and take up at most one that it means: each
 * costs milliseconds, in which nobody is looked at. A process that cannot be taken up becomes
 * GW_VERDICT_UNABLE in the table. True: there are more to take up. memory_full: take up none. */
bool gw_targets_follow(struct gw_targets *all, struct gw_processes *processes,
                       const struct gw_config *config, bool memory_full, uint64_t now_ns);

/* Let all go: their services may be others under new rules. */
void gw_targets_close(struct gw_targets *all);

/* Hand on what is due; a target that can not go on is let go. */
void gw_targets_write(struct gw_targets *all, uint64_t now_ns);

/* Bring the sums of all services up to date: but for the last second, which may be in doubt. */
void gw_targets_settle(struct gw_targets *all, uint64_t now_ns);

/* Share out the budget (a part of one CPU) anew, by the CPU time of this process so far. To be
 * called about once a second. */
void gw_targets_govern(struct gw_targets *all, double max_cpu, uint64_t now_ns, uint64_t cpu_ns);

/* By its id; NULL if there is none. */
struct gw_target *gw_targets_find(const struct gw_targets *all, const char *id);
/* By its process. */
struct gw_target *gw_targets_of(const struct gw_targets *all, pid_t pid);

/* A zeroed one is empty. */
void gw_targets_fini(struct gw_targets *all);

#endif
