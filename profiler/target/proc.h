/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process seen from outside: who it is (so that a reused pid or an exec is noticed), whether it
 * lives, is stopped or frozen, which tasks and children it has. What lies under /proc/PID is parsed
 * here, but for maps and the files of task.h. Formats: proc(5) and
 * Documentation/filesystems/proc.rst of the kernel.
 */
#ifndef GW_TARGET_PROC_H
#define GW_TARGET_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/span.h"

/* The fields of /proc/PID/stat that gilwait uses. */
struct gw_proc_stat {
    char state; /* R S D T t Z X I ... */
    pid_t ppid;
    unsigned flags; /* PF_*; PF_KTHREAD (0x00200000) marks a kernel thread */
    uint64_t utime_ticks, stime_ticks;
    uint64_t start_ticks; /* since boot, in clock ticks: with the pid it names a process for ever */
    uint64_t start_stack; /* where its stack began: another one after each exec (ASLR); 0 if it may
                           * not be seen */
    int last_cpu;         /* the CPU it runs on, or ran on last */
};

/* Parse a stat file; comm may hold anything, so fields count from the last ')'. 0 or
 * -GW_E_BAD_DATA. */
int gw_proc_stat_parse(struct gw_span text, struct gw_proc_stat *out)
    __attribute__((warn_unused_result));

/* Read /proc/PID/stat, or /proc/PID/task/TID/stat if tid is not 0. -ESRCH if there is none. */
int gw_proc_stat_read(pid_t pid, pid_t tid, struct gw_proc_stat *out)
    __attribute__((warn_unused_result));

/* The same from an open stat file. */
int gw_proc_stat_pread(int fd, struct gw_proc_stat *out) __attribute__((warn_unused_result));

/* An open target. */
struct gw_proc {
    pid_t pid;
    int pidfd;      /* pidfd_open(2), -1 on a kernel without it (< 5.3) */
    int stat_fd;    /* /proc/PID/stat, kept open */
    int freezer_fd; /* cgroup.events of its cgroup v2, kept open; -1 if not there */
    uint64_t start_ticks;
    uint64_t start_stack;        /* as in gw_proc_stat */
    uint64_t exe_dev, exe_inode; /* of /proc/PID/exe; both 0 if it may not be seen */
    pid_t ns_pid;                /* pid in its innermost pid namespace; == pid if the same */
    char exe[4096]; /* readlink of /proc/PID/exe without " (deleted)", "" if not allowed */
};

/* Open a process by pid. Returns 0; -ESRCH (none, a zombie, or the id of a thread that is not the
 * main one), -GW_E_NOT_PYTHON (a kernel thread), -EACCES (it is there, but /proc hides it), another
 * -errno; fills *diag (may be NULL) on failure. A process whose main thread has ended while others
 * go on counts as a zombie: nothing of it can be read through its pid any more. */
int gw_proc_open(pid_t pid, struct gw_proc *out, struct gw_diag *diag)
    __attribute__((warn_unused_result));
void gw_proc_close(struct gw_proc *proc);

/* What has become of it since it was opened. */
enum gw_proc_fate {
    GW_PROC_RUNS,
    GW_PROC_STOPPED, /* state T or t, or its cgroup is frozen */
    GW_PROC_EXECED,  /* it called exec, maybe of the same program: start again */
    GW_PROC_ENDED,   /* gone, a zombie, or the pid belongs to another process now */
};
enum gw_proc_fate gw_proc_fate(const struct gw_proc *proc);

/* Cheap form for the tick: one pread. It does not see a frozen cgroup, and of an exec only what the
 * new stack tells (see start_stack). */
enum gw_proc_fate gw_proc_fate_quick(const struct gw_proc *proc);

/* Tids of all tasks, in our pid namespace, ascending; at most cap are stored. Returns how many
 * there are (more than cap: which of them were stored is not defined), or -ESRCH or another -errno.
 * Allocates nothing. */
ssize_t gw_proc_tasks(pid_t pid, pid_t *tids, size_t cap);

/* The tid a task has in its own, innermost pid namespace: last number of "NSpid:" in its status
 * file (kernel 4.1+). Returns it, -ESRCH, -GW_E_NOT_FOUND (older kernel), or another -errno. */
pid_t gw_proc_ns_tid(pid_t pid, pid_t tid);

/* Ids of all processes that /proc shows, as gw_proc_tasks. */
ssize_t gw_proc_all(pid_t *pids, size_t cap);

/* Direct children of a process (of all its tasks), by /proc/PID/task/TID/children where the kernel
 * has it (CONFIG_PROC_CHILDREN), else by scanning /proc for its ppid. As gw_proc_tasks. */
ssize_t gw_proc_children(pid_t pid, pid_t *pids, size_t cap);

/* Parse the text of one "children" file: pids, each followed by a space. As gw_proc_tasks, but in
 * the file's order; also -GW_E_BAD_DATA. */
ssize_t gw_proc_children_parse(struct gw_span text, pid_t *pids, size_t cap);

/* The name of a task, /proc/PID/task/TID/comm, made safe by gw_text_from_bytes: at most 15 bytes,
 * or four times as many if they have to be escaped; cap >= 32. 0, -ESRCH or another -errno. */
int gw_proc_comm(pid_t pid, pid_t tid, char *out, size_t cap);

#endif
