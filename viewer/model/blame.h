/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charges every wait of a block to whoever held the GIL at that time, in the code the holder was
 * in. The holds of a GIL cover each block from end to end, so each wait is cut into shares that
 * sum to it: the law of blame holds by construction.
 */
#ifndef GW_MODEL_BLAME_H
#define GW_MODEL_BLAME_H

#include "model/block.h"
#include "model/pairs.h"

struct gw_blame_segment;

/* Scratch for gw_blame_block. Zero-initialised is fine. */
struct gw_blame {
    struct gw_blame_segment *segments; /* of one GIL in one block */
    uint32_t n_segments;
    size_t cap_segments;
    uint32_t unknown_holder; /* row of holders: held by nobody one can tell */
};

/* Add the waits of a block, which has been accounted, to the pairs. Returns 0; -ENOMEM or
 * -GW_E_LIMIT, after which the pairs are of no use. */
int gw_blame_block(struct gw_blame *blame, struct gw_pairs *pairs, const struct gw_block *block);

void gw_blame_fini(struct gw_blame *blame);

#endif
