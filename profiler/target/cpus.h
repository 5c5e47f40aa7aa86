/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPU has time to spare. A thread under SCHED_FIFO wakes up on the CPU it ran on last, even
 * if a thread of the target computes there and another CPU is idle (kernel/sched/rt.c,
 * select_task_rq_rt): it has to move itself.
 */
#ifndef GW_TARGET_CPUS_H
#define GW_TARGET_CPUS_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define GW_MAX_CPUS CPU_SETSIZE

/* Idle time of each CPU so far, in clock ticks; the time of a CPU that is not there is 0. */
struct gw_cpus {
    uint32_t idle[GW_MAX_CPUS];
};

/* Parse /proc/stat: its lines "cpuN user nice system idle ...", proc(5). 0 or -GW_E_BAD_DATA. */
int gw_cpus_parse(struct gw_span text, struct gw_cpus *out) __attribute__((warn_unused_result));

/* The CPU of the set that was idle longest between two looks, if the one we are on was idle for
 * less by more than a quarter of `ticks`; otherwise -1. */
int gw_cpus_choose(const struct gw_cpus *before, const struct gw_cpus *now,
                   const cpu_set_t *allowed, int own, uint32_t ticks);

/* Move the calling thread to a CPU that has had time to spare since the last call, and leave it
 * free to be moved again. Costs some 50 us and allocates nothing. */
struct gw_room {
    struct gw_cpus last;
    uint64_t last_ns; /* 0: not asked yet */
    char text[64 * 1024];
};
void gw_room_find(struct gw_room *room, uint64_t now_ns);

#endif
