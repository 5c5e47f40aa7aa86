/* SPDX-License-Identifier: Apache-2.0 */
/* What one walk over one copy of a stack has met, for frames.c: leaf first, and compared root
 * first. */
#ifndef GW_CPYTHON_STACK_PASS_H
#define GW_CPYTHON_STACK_PASS_H

#include "cpython/frames.h"

#define GW_PASS_HALF (GW_MAX_FRAMES / 2)
/* Calls that may end between the copy of the thread state and that of its frames. */
#define GW_PASS_MAX_POPPED 4u

struct gw_pass {
    struct gw_frame leaf[GW_PASS_HALF]; /* the first frames met */
    struct gw_frame root[GW_PASS_HALF]; /* a ring of the last ones */
    uint64_t n;                         /* all frames met */
    gw_raddr first_cold;                /* first frame that no copy held, 0: none */
    uint64_t n_before_cold;
    bool back_in_copy;                   /* behind it the chain came back to what the copy holds */
    gw_raddr popped[GW_PASS_MAX_POPPED]; /* frames above the leaf that had ended, leaf first */
    uint32_t n_popped;
    bool is_called; /* the leaf, as far as its caller's frame tells, which was copied with it */
};

/* The next frame of the chain, a caller of the last one. */
void gw_pass_push(struct gw_pass *pass, struct gw_frame frame);

/* The next one has been popped: what was above it and could still be read is older than that. */
void gw_pass_push_popped(struct gw_pass *pass, gw_raddr frame);

/* Frame number i (< n) from the root (0), or NULL if it is in the part that was not kept. */
const struct gw_frame *gw_pass_frame(const struct gw_pass *pass, uint64_t i);

/* The same function in the same place; and a caller that has not gone on in between. */
bool gw_frame_same(const struct gw_frame *a, const struct gw_frame *b);
bool gw_frame_same_call(const struct gw_frame *a, const struct gw_frame *b);

/* How many frames both passes share, counted from the root. What neither kept lies between frames
 * that are the same in both, and is taken to be the same. */
uint64_t gw_pass_common_depth(const struct gw_pass *a, const struct gw_pass *b,
                              bool (*same)(const struct gw_frame *a, const struct gw_frame *b));

/* The lowest `depth` frames, the middle left out where they are too many. */
void gw_pass_emit(const struct gw_pass *pass, uint64_t depth, struct gw_walk *out);

/* The thread state named a leaf that had been popped, and had no code any more (3.14 on), when its
 * frame was copied. What was called last from the same place is what it was, as far as can be told:
 * add it to the whole stack of that pass. */
void gw_pass_revive(const struct gw_pass *pass, struct gw_stack_guess *guess, struct gw_walk *out);

/* Remember who was called by whom near the leaf. */
void gw_pass_remember_calls(const struct gw_pass *pass, struct gw_stack_guess *guess);

#endif
