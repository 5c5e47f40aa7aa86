/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two kept-open files of a task that say, without a stop, what the kernel knows of it:
 * schedstat (exact CPU and run-queue time) and syscall (what it sleeps in).
 */
#ifndef GW_TARGET_TASK_H
#define GW_TARGET_TASK_H

#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"
#include "target/syscall.h"

struct gw_task {
    pid_t tid;      /* in our pid namespace */
    int syscall_fd; /* -1: not open */
    int schedstat_fd;
};

/* Open both files of task tid of process pid. 0, -ESRCH, -EACCES, -EPERM, -EMFILE; -ENOENT if this
 * kernel has no syscall file. schedstat alone may be missing: its fd is -1 then. */
int gw_task_open(pid_t pid, pid_t tid, struct gw_task *out) __attribute__((warn_unused_result));
void gw_task_close(struct gw_task *task);

/* schedstat: "cpu_ns run_queue_ns timeslices" (Documentation/scheduler/sched-stats.rst). Of a
 * task that is on a CPU, cpu_ns is up to one scheduler tick old; of any other it is exact. */
struct gw_schedstat {
    uint64_t cpu_ns;
    uint64_t run_queue_ns;
    uint64_t slices;
};
int gw_schedstat_parse(struct gw_span text, struct gw_schedstat *out)
    __attribute__((warn_unused_result));
/* 0, -ESRCH when the task has ended, -ENODATA when there is no schedstat. */
int gw_task_schedstat(const struct gw_task *task, struct gw_schedstat *out)
    __attribute__((warn_unused_result));

/* 0, -ESRCH when the task has ended, -EPERM/-EACCES when the right was lost. */
int gw_task_syscall(const struct gw_task *task, struct gw_syscall *out)
    __attribute__((warn_unused_result));

#endif
