/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C functions in which a sleeping thread is, below its innermost Python frame. Addresses are
 * turned into functions between ticks: a thread whose stack has new ones is looked at again in the
 * next tick.
 */
#ifndef GW_SAMPLE_NATIVE_STACK_H
#define GW_SAMPLE_NATIVE_STACK_H

#include "sample/session.h"

struct gw_look;
struct gw_native_stacks;

/* NULL when there is no memory. memory: borrowed. */
struct gw_native_stacks *gw_native_stacks_new(pid_t pid, const struct gw_rmem *memory,
                                              enum gw_native_mode mode);
void gw_native_stacks_free(struct gw_native_stacks *native);

/* In a tick: append to the stack of a look's thread what it is in, if it sleeps and has not run
 * since the tick began. */
void gw_native_stack_look(struct gw_session *session, const struct gw_look *look);

/* Between ticks: name what was met; due: the next tick waits for it. */
bool gw_native_stacks_due(const struct gw_session *session);
void gw_native_stacks_tend(struct gw_session *session, uint64_t now_ns);

#endif
