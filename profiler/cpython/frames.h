/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Python frames of a thread that goes on running while it is read.
 *
 * Everything a stack is likely to need (the thread state, the used part of its data-stack chunk,
 * and the frames that were elsewhere last time: generators, C-stack shims, heap frames up to 3.10)
 * is copied twice within one batched read. Both copies are walked. What they share from the root
 * was on the stack at every instant between the two copies, so it is a stack that really was.
 *
 * Calls that are shorter than that are never in both. So the first copy is handed out as well, and
 * who is known to have been called by whom: with the two, the caller of this can tell a stack of
 * one instant from a caller and a callee that never met.
 *
 * Sources: Include/internal/pycore_frame.h (3.11+: _PyInterpreterFrame, owner), Include/cpython/
 * frameobject.h (3.8 to 3.10), pycore_pystate.h / pystate.h (_PyStackChunk, _PyCFrame).
 */
#ifndef GW_CPYTHON_FRAMES_H
#define GW_CPYTHON_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "cpython/layout.h"
#include "target/rmem.h"

/* One Python frame as it stood in the target. */
struct gw_frame {
    gw_raddr frame;
    gw_raddr code;
    uint64_t instr; /* f_lasti or instruction pointer, as the layout says */
};

/* A stack, root first. One deeper than GW_MAX_FRAMES keeps its root half and its leaf half. */
struct gw_walk {
    struct gw_frame frames[GW_MAX_FRAMES];
    uint32_t n;
    uint32_t omitted; /* frames left out behind the first GW_MAX_FRAMES / 2 */
};

/* Memory that a walk needed outside of the thread state and the chunk. */
struct gw_hot_range {
    gw_raddr addr;
    uint32_t len;
};
#define GW_MAX_HOT 192u

/* Who was called by whom, at two places of a stack. */
struct gw_call {
    struct gw_frame caller, callee;
};
#define GW_MAX_CALLS 16u

/* What is remembered of a thread to guess what its next walk will need. Zeroed but for tstate: a
 * thread never walked. */
struct gw_stack_guess {
    gw_raddr tstate;
    gw_raddr chunk;
    uint32_t chunk_bytes;
    uint32_t n_hot;
    struct gw_hot_range hot[GW_MAX_HOT];
    struct gw_frame root;               /* of the last stack */
    struct gw_call calls[GW_MAX_CALLS]; /* seen of late near the leaf, by the callee's address */
};

/* One thread's share of a batched read: copy a, then copy b, of the same n places each. The ranges
 * are the caller's; their buffers come from its arena. */
struct gw_stack_image {
    struct gw_rmem_range *a, *b;
    size_t n;      /* ranges of each copy: */
    size_t tstate; /* thread state and chunk, from this one on, and */
    size_t hot;    /* those of the guess, from here on; what names the leaf comes first */
};

/* Ranges that one image takes at most, both copies. */
#define GW_IMAGE_RANGES (2u * (GW_MAX_HOT + 2u))

/* Bytes for both copies of an image of this guess. */
size_t gw_stack_image_bytes(const struct gw_layout *layout, const struct gw_stack_guess *guess);

/* Lay out an image: at most GW_IMAGE_RANGES of `ranges` and gw_stack_image_bytes of `arena`. */
void gw_stack_image_plan(const struct gw_layout *layout, const struct gw_stack_guess *guess,
                         struct gw_rmem_range *ranges, uint8_t *arena, struct gw_stack_image *out);

/* The thread state in copy a, as long as it was read. */
struct gw_span gw_stack_image_tstate(const struct gw_stack_image *image);

/* len bytes at addr as copy a, or the later copy b, holds them; false if it does not. */
enum gw_stack_copy { GW_STACK_COPY_A, GW_STACK_COPY_B };
bool gw_stack_image_peek(const struct gw_stack_image *image, enum gw_stack_copy copy, gw_raddr addr,
                         void *out, size_t len);

enum gw_walk_result {
    GW_WALK_OK,
    GW_WALK_EMPTY, /* a thread without Python frames: valid */
    GW_WALK_TORN,  /* it moved too fast, or its chain is broken: the stack is not known */
};

/* Room for re-reading a thread on its own, and for both walks; one for a whole session. */
struct gw_stack_scratch;
struct gw_stack_scratch *gw_stack_scratch_new(void);
void gw_stack_scratch_free(struct gw_stack_scratch *scratch);

/*
 * Walk a filled image; NULL: the thread was not part of the batch. Where the guess fell short, the
 * thread is read again on its own, at most 16 times, and the guess is corrected for the next
 * tick. *out is written if the result is GW_WALK_OK. Allocates nothing.
 */
enum gw_walk_result gw_stack_walk(const struct gw_rmem *memory, const struct gw_layout *layout,
                                  const struct gw_stack_image *image, struct gw_stack_guess *guess,
                                  struct gw_stack_scratch *scratch, struct gw_walk *out);

/*
 * What the last walk that was GW_WALK_OK has besides; valid until the next.
 *
 * seen: the stack as copy a alone shows it. It may go on where *out ends, with frames that were no
 * more there when copy b was made, and its callers and callees may never have met.
 *
 * met: the lowest frames of copy b, as far as they were at the same instruction in copy a; and the
 * leaf above them, if the frame below it shows that it has called Python code. The thread state of
 * copy b, which names the leaf, was read between the frames of copy a and those of copy b, so
 * each caller and callee in it have met.
 */
const struct gw_walk *gw_stack_seen(const struct gw_stack_scratch *scratch);
/* Whether copy a was that of the image, and not one of a later try. */
bool gw_stack_seen_in_image(const struct gw_stack_scratch *scratch);
const struct gw_walk *gw_stack_met(const struct gw_stack_scratch *scratch);

#endif
