/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C functions in which a thread is, below its innermost Python frame. Addresses are turned into
 * functions between ticks: a sleeping thread whose stack has new ones is looked at again in the
 * next tick.
 */
#ifndef GW_SAMPLE_NATIVE_STACK_H
#define GW_SAMPLE_NATIVE_STACK_H

#include "base/limits.h"
#include "native/unwind.h"
#include "sample/session.h"

struct gw_look;
struct gw_native_stacks;

/* NULL when there is no memory. memory: borrowed. */
struct gw_native_stacks *gw_native_stacks_new(pid_t pid, const struct gw_rmem *memory,
                                              enum gw_native_mode mode);
void gw_native_stacks_free(struct gw_native_stacks *native);

/* A native stack up to the evaluation loop of the innermost Python frame, innermost first. */
struct gw_native_path {
    gw_raddr pcs[GW_MAX_NATIVE_FRAMES];
    uint32_t n;
    bool is_cut;
};

/* False: an object is to be opened first, and the stack followed again. */
bool gw_native_follow(struct gw_native_stacks *native, const struct gw_native_place *place,
                      struct gw_native_path *out);

/* Whether all of it has names; if not, it will after gw_native_stacks_tend. */
bool gw_native_is_named(struct gw_native_stacks *native, const struct gw_native_path *path);

/* Whether a named path is more than the evaluation loop. */
bool gw_native_is_in_c(const struct gw_native_stacks *native, const struct gw_native_path *path);

/* The stack id of a stack with a named path on top. */
uint32_t gw_native_push(struct gw_session *session, uint32_t stack,
                        const struct gw_native_path *path);

/* In a tick: append to the stack of a look's thread what it is in, if it sleeps and has not run
 * since the tick began. */
void gw_native_stack_look(struct gw_session *session, const struct gw_look *look);

/* Between ticks: name what was met, if that is due. */
bool gw_native_stacks_due(const struct gw_session *session, uint64_t now_ns);
void gw_native_stacks_tend(struct gw_session *session, uint64_t now_ns);

#endif
