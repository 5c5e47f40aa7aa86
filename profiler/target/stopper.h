/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping a thread for an instant, to see where in the kernel one is that is not asleep: a thread
 * that was woken and has no CPU yet looks like one that runs, until it is stopped.
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT by one of a few threads of ours, which waits for the stop,
 * reads the syscall file and lets go at once. A thread without a CPU stops as soon as it gets one.
 * When its tracer ends, by SIGKILL too, the kernel lets go of a thread that was seized, stopped or
 * not (ptrace(2), Linux 6.1 kernel/ptrace.c, exit_ptrace). A call that the stop interrupts is
 * restarted by the kernel, but for those that signal(7) says never are: epoll_wait, for one,
 * returns EINTR. So a thread that has gone to sleep by the time that we come is left alone.
 */
#ifndef GW_TARGET_STOPPER_H
#define GW_TARGET_STOPPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/registers.h"
#include "target/rmem.h"
#include "target/syscall.h"

struct gw_stopper;

/* What else was read of a thread while it stood still. Valid until the next stop is asked for. */
struct gw_standing {
    struct gw_registers registers;
    struct gw_span stack;         /* what lies at its stack pointer and above */
    struct gw_rmem_range *ranges; /* as many as were asked for, with buffers of the stopper */
    size_t n_ranges;
};

struct gw_stop {
    uint64_t tag;   /* the caller's */
    uint64_t at_ns; /* CLOCK_MONOTONIC: it stood still then */
    int err;        /* 0; else nothing is known: -ESRCH ended, -EPERM dead or traced by another,
                       -EAGAIN asleep by now */
    struct gw_syscall call;             /* where the thread was; OUTSIDE: in its own code */
    const struct gw_standing *standing; /* NULL: not asked for */
};

/* Start the threads; realtime: they run under SCHED_FIFO if that is to be had (base/priority.h).
 * 0, -ENOMEM, -EAGAIN. */
int gw_stopper_new(bool realtime, struct gw_stopper **out) __attribute__((warn_unused_result));

/* Let go of every thread and end. NULL is fine. */
void gw_stopper_free(struct gw_stopper *stopper);

/* Ask for a stop of thread tid of process pid (both in our pid namespace), for `owner`. False: as
 * many as GW_MAX_STOPS are under way. Allocates nothing, never waits. */
bool gw_stopper_ask(struct gw_stopper *stopper, const void *owner, pid_t pid, pid_t tid,
                    uint64_t tag);

/* The same for a longer look: its registers, GW_MAX_STOP_STACK bytes of its C stack, and n ranges
 * of the process's memory (whose buffers are not used). False too if these are more than
 * GW_MAX_STOP_RANGES or GW_MAX_STOP_BYTES; allocates at the first look of each thread of ours. */
bool gw_stopper_ask_standing(struct gw_stopper *stopper, const void *owner, pid_t pid, pid_t tid,
                             uint64_t tag, const struct gw_rmem_range *ranges, size_t n);

/* Take one of the owner's stops that are over. False: there is none. */
bool gw_stopper_take(struct gw_stopper *stopper, const void *owner, struct gw_stop *out);

/* The owner wants no more answers. */
void gw_stopper_forget(struct gw_stopper *stopper, const void *owner);

/* When it was made, CLOCK_MONOTONIC. */
uint64_t gw_stopper_started_ns(const struct gw_stopper *stopper);

/* If SIGTSTP (Ctrl-Z) was received since the last call: wait until no thread is on its way to a
 * stop, which would last as long as ours, then suspend this process. */
void gw_stopper_suspend(struct gw_stopper *stopper);

/* Stops made so far, and for how long threads stood still in all (ns): from when we asked, or from
 * shortly before we were woken where a thread had to get a CPU first, until it was let go. */
void gw_stopper_count(const struct gw_stopper *stopper, uint64_t *stops, uint64_t *stopped_ns);

#endif
