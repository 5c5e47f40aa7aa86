/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-overs that fall between two ticks which both show the same holder. A thread cannot stop
 * waiting for the GIL without getting it. So where one that waited is next seen asleep on something
 * else, or waiting in other code, it had the GIL for less than a period, and the holder gave it up
 * and took it back. Threads that do little between two calls of I/O are seen only so.
 */
#ifndef GW_MODEL_HANDOVERS_H
#define GW_MODEL_HANDOVERS_H

#include "model/waits.h"

/* Zero-initialised is fine. */
struct gw_handovers {
    uint64_t *before; /* by tick of the block: bit i is for its holding i */
    size_t cap_before;
    uint32_t n;
};

/* Find those of a block, of which `waits` knows what was before. 0 or -ENOMEM. */
int gw_handovers_find(struct gw_handovers *handovers, const struct gw_waits *waits,
                      const struct gw_block *block);

static inline bool gw_handovers_at(const struct gw_handovers *handovers, uint32_t holding,
                                   uint32_t tick)
{
    return (handovers->before[tick] >> holding & 1) != 0;
}

void gw_handovers_fini(struct gw_handovers *handovers);

#endif
