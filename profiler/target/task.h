/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kept-open files of a task that say, without a stop, what the kernel knows of it: schedstat
 * (exact CPU and run-queue time), syscall (what it sleeps in), stat (where it ran) and
 * sched (when it ran).
 */
#ifndef GW_TARGET_TASK_H
#define GW_TARGET_TASK_H

#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"
#include "target/syscall.h"

struct gw_task {
    pid_t pid, tid; /* in our pid namespace */
    int syscall_fd; /* -1: not open */
    int schedstat_fd;
    int stat_fd, sched_fd; /* -1: not open yet */
};

/* Let this process have as many files open as its hard limit allows (RLIMIT_NOFILE): a thread takes
 * up to four. Programs started later inherit that. Where it fails, the limit stays. */
void gw_task_allow_files(void);

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

/* The CPU that the task runs on or ran on last: field 39 of stat, proc(5). Opens the file at the
 * first call. 0, -ESRCH when the task has ended, or the error of opening. */
int gw_task_last_cpu(struct gw_task *task, int *out) __attribute__((warn_unused_result));

/* When the kernel last accounted CPU time to the task, in ns of the clock of its CPU: of a task
 * that is not running, the instant at which it stopped running. se.exec_start in the sched file,
 * kernel/ sched/debug.c (CONFIG_SCHED_DEBUG; always there since Linux 6.15). Opens the file at the
 * first call; costs some 13 us. Clocks of different CPUs differ by milliseconds. 0, -ENOENT without
 * such a file, -ESRCH when the task has ended, -GW_E_BAD_DATA. */
int gw_task_last_ran(struct gw_task *task, uint64_t *out_ns) __attribute__((warn_unused_result));
int gw_sched_parse(struct gw_span text, uint64_t *out_ns) __attribute__((warn_unused_result));

#endif
