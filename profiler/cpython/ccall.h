/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which C function a frame has called, told by the frame itself: the callable lies on its stack
 * until the call is over (callsite.h: where; callable.h: its name). Only the C function that Python
 * code called is seen, not what that calls in turn.
 *
 * Sources: Python/ceval.c and Python/bytecodes.c, as in callsite.h; Python/ceval_gil.c (ceval.c up
 * to 3.8): where a thread is made to drop the GIL, a call may have been made already, and its
 * result lies in the place of the callable.
 */
#ifndef GW_CPYTHON_CCALL_H
#define GW_CPYTHON_CCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "cpython/code.h"
#include "cpython/frames.h"

enum gw_ccall_kind {
    GW_CCALL_UNKNOWN,
    GW_CCALL_NONE,   /* at no call; C code may run all the same, for an operator */
    GW_CCALL_PYTHON, /* at the call of a Python function */
    GW_CCALL_IN,     /* inside of a C function */
    GW_CCALL_OVER,   /* between a call and the next instruction */
};

struct gw_ccall {
    enum gw_ccall_kind kind;
    bool sure;         /* of GW_CCALL_IN and GW_CCALL_OVER: it cannot be otherwise */
    uint32_t function; /* of GW_CCALL_IN: the C function; 0: no room for its name */
};

/* How still the frame of the thread is. */
enum gw_ccall_pose {
    GW_CCALL_RUNS,   /* it may have the GIL, and go on while it is read */
    GW_CCALL_SLEEPS, /* asleep, not for the GIL */
    GW_CCALL_NO_GIL, /* whatever it does, or waits for, it does not execute Python code */
};

struct gw_ccalls;
/* All borrowed. NULL when there is no memory. */
struct gw_ccalls *gw_ccalls_new(const struct gw_rmem *memory, const struct gw_layout *layout,
                                struct gw_codes *codes, struct gw_functions *functions,
                                struct gw_strtab *strings);
void gw_ccalls_free(struct gw_ccalls *ccalls);
/* A tick begins: what it reads of callables holds until the next one. */
void gw_ccalls_begin_tick(struct gw_ccalls *ccalls);
/* Room for n more places and names, outside of the tick. */
int gw_ccalls_reserve(struct gw_ccalls *ccalls, size_t n) __attribute__((warn_unused_result));

/* The call that the newest frame of a thread is in; its code has been located. image: the one in
 * whose copy a the frame was found, NULL: what lies on its stack is read now. Allocates nothing. */
struct gw_ccall gw_ccall_of(struct gw_ccalls *ccalls, const struct gw_frame *frame,
                            enum gw_ccall_pose pose, const struct gw_stack_image *image);

/* Of a thread without the GIL, for which every value is certain: whether it was made to drop the
 * GIL there, and whether it did so in C code. Both false: not known. From 3.10 on a thread can be
 * made to drop the GIL only behind a call, at a jump back or at the start of a function. */
bool gw_ccall_is_over(const struct gw_ccall *ccall);
bool gw_ccall_is_in_c(const struct gw_layout *layout, const struct gw_ccall *ccall);

#endif
