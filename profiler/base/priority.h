/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being on time. A tick that has to wait for a CPU comes when a thread of the target has just given
 * one up, so late ticks see too much of sleeping and too little of running.
 */
#ifndef GW_BASE_PRIORITY_H
#define GW_BASE_PRIORITY_H

#include <stdbool.h>

enum gw_priority {
    GW_PRIORITY_NORMAL,      /* nothing could be had */
    GW_PRIORITY_SHORT_SLICE, /* woken at once among equals: a time slice of 0.1 ms, Linux 6.12+ */
    GW_PRIORITY_REALTIME,    /* SCHED_FIFO 1: root, CAP_SYS_NICE or RLIMIT_RTPRIO */
};

/*
 * The highest of these that the kernel grants to the calling thread; what it forks is not raised.
 * `realtime` false leaves the last one out: only who sleeps between ticks may have it. A thread
 * that computes for 0.2 s without a pause under SCHED_FIFO is put back to normal (RLIMIT_RTTIME),
 * so it never keeps a CPU from others. Sources: sched(7); Linux 6.12 kernel/sched/syscalls.c,
 * __setparam_fair: sched_runtime is the slice of SCHED_OTHER. Other threads may be raised likewise
 * once the first one, the one that handles signals, was.
 */
enum gw_priority gw_priority_raise(bool realtime);
void gw_priority_reset(void);

#endif
