/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native stack of a thread, followed by libunwind by the unwind tables of the objects' files.
 * Of one that sleeps in the kernel the stack and instruction pointers are known without a stop,
 * from the syscall file; of one that was stopped all registers are. Where a frame cannot be found
 * without a register that is not known, or where there is no table, the walk is cut and never goes
 * on by guessing.
 */
#ifndef GW_NATIVE_UNWIND_H
#define GW_NATIVE_UNWIND_H

#include "native/objects.h"
#include "target/registers.h"
#include "target/rmem.h"

struct gw_unwinder;

/* NULL when there is no memory. Both borrowed. */
struct gw_unwinder *gw_unwinder_new(struct gw_objects *objects, const struct gw_rmem *memory);
void gw_unwinder_free(struct gw_unwinder *unwinder);

/* Objects went or came: forget what is remembered of their code. */
void gw_unwinder_forget(struct gw_unwinder *unwinder);

enum gw_unwind_result {
    GW_UNWIND_WHOLE,   /* up to the start of the thread */
    GW_UNWIND_STOPPED, /* the visit asked for no more */
    GW_UNWIND_CUT,
    GW_UNWIND_DUE, /* an object is met that gw_objects_tend is yet to open */
};

/* An address within the instruction that the frame is at: the call, of all but the innermost. False
 * to stop. */
typedef bool (*gw_frame_visit)(void *context, gw_raddr pc);

/* Where a thread is. */
struct gw_native_place {
    gw_raddr sp, pc;
    const struct gw_registers *registers; /* NULL: no others are known */
    struct gw_span stack; /* at sp and above; at NULL: it is read as far as need be */
};

/* Visit the frames, innermost first, at most GW_MAX_NATIVE_FRAMES, of a thread. What is read of its
 * stack (GW_MAX_NATIVE_STACK bytes at most) is right only if the thread has not run meanwhile; the
 * caller makes sure, after. Allocates nothing of ours; libunwind keeps what it learns of an address
 * in tables of a fixed size. */
enum gw_unwind_result gw_unwind(struct gw_unwinder *unwinder, const struct gw_native_place *place,
                                gw_frame_visit visit, void *context);

#endif
