/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreters of a process and their thread states, as lists copied out of the target. The
 * lists change while they are walked: what does not point back to its interpreter ends the walk,
 * and the list is marked as incomplete. Sources: Include/internal/pycore_interp.h (interp.next,
 * threads.head), Include/cpython/pystate.h (tstate.next, new ones are put at the head).
 */
#ifndef GW_CPYTHON_THREADS_H
#define GW_CPYTHON_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "cpython/discover.h"

struct gw_interpreter {
    gw_raddr addr;
    int64_t id;    /* 0: the main one */
    gw_raddr gil;  /* its GIL; several interpreters may share one */
    gw_raddr head; /* its newest thread state when the list was read */
};

struct gw_tstate {
    gw_raddr addr;
    uint32_t interpreter; /* index into the list's interpreters */
    uint64_t id;          /* counter of CPython, never reused within an interpreter */
    uint64_t ident;       /* pthread_t; threading's ident */
    uint32_t ns_tid;      /* kernel tid in the target's own pid namespace, 0 if not known */
};

struct gw_thread_list {
    struct gw_interpreter interpreters[GW_MAX_INTERPRETERS];
    size_t n_interpreters;
    struct gw_tstate *tstates; /* capacity GW_MAX_THREADS, owned by the list */
    size_t n_tstates;
    bool complete;
    uint32_t tid_offset; /* where glibc keeps the tid in struct pthread; 0: not calibrated yet */
};

/* Allocate room for GW_MAX_THREADS. 0 or -ENOMEM. */
int gw_thread_list_init(struct gw_thread_list *list) __attribute__((warn_unused_result));
void gw_thread_list_fini(struct gw_thread_list *list);

/* True if a thread state is known already. */
typedef bool (*gw_tstate_known)(const void *context, gw_raddr addr, uint64_t id);

/* Read both lists anew. ns_pid: the target's pid in its own namespace (the tid of its main thread).
 * With `known`, only thread states that it does not know are listed, and the walk of each list,
 * newest first, ends when it has met a few that it knows: cheap, but what has gone is not missed.
 * Returns 0 (possibly with complete == false) or -ESRCH, -EPERM, -GW_E_TORN when not even the first
 * interpreter could be read. Allocates nothing. */
int gw_thread_list_read(const struct gw_rmem *memory, const struct gw_python *python, pid_t ns_pid,
                        gw_tstate_known known, const void *context, struct gw_thread_list *list) __attribute__((warn_unused_result));

#endif
