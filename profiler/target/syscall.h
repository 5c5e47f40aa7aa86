/* SPDX-License-Identifier: Apache-2.0 */
/* What a task is doing in the kernel, as /proc/PID/task/TID/syscall tells it. */
#ifndef GW_TARGET_SYSCALL_H
#define GW_TARGET_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "target/maps.h"

/* The file says "running", or "nr a0 a1 a2 a3 a4 a5 sp pc", or "-1 sp pc" when the task is asleep
 * outside of a system call (page fault) or a zombie. fs/proc/base.c, proc_pid_syscall. */
enum gw_syscall_kind {
    GW_SYSCALL_RUNNING, /* on a CPU, queued for one or woken: cannot be told apart here */
    GW_SYSCALL_INSIDE,
    GW_SYSCALL_OUTSIDE, /* asleep, but not in a system call */
};
struct gw_syscall {
    enum gw_syscall_kind kind;
    long nr; /* INSIDE only, else 0; so are the arguments */
    uint64_t args[6];
    gw_raddr sp, pc; /* 0 if RUNNING */
};

/* 0 or -GW_E_BAD_DATA. */
int gw_syscall_parse(struct gw_span text, struct gw_syscall *out)
    __attribute__((warn_unused_result));

/* What a sleeping system call waits for. The table is per machine (x86-64, aarch64), from the
 * kernel's own headers (6.1: asm/unistd_64.h of x86, asm-generic/unistd.h; futex_wait from 6.7). */
enum gw_syscall_class {
    GW_SYSCALL_FUTEX, /* futex and what it is restarted as: args[0] is the word waited on */
    GW_SYSCALL_IO,    /* socket, pipe, file, device, poll, epoll, select */
    GW_SYSCALL_SLEEP, /* nanosleep and its kin, pause, sigwait; select and poll on no descriptor */
    GW_SYSCALL_CHILD, /* wait4, waitid, and vfork waiting for its child to exec */
    GW_SYSCALL_OTHER,
};

/* machine is e_machine of the target; OTHER for any machine but EM_X86_64 and EM_AARCH64, and if
 * the task is not in a system call. The arguments of a restart_syscall are those of the interrupted
 * call, which is one of futex with a time-out, poll, nanosleep and clock_nanosleep: FUTEX if they
 * are an aligned address, a wait operation and a time-out (args[0], [1], [3]), IO if they are an
 * address and a sensible number of descriptors, else SLEEP. */
enum gw_syscall_class gw_syscall_classify(unsigned machine, const struct gw_syscall *call);

/* Of a FUTEX that is not asleep: it was to wait, not to wake others. */
bool gw_syscall_futex_waits(const struct gw_syscall *call);

#endif
