/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows single waits and single holds while a capture is read. Memory grows with the threads
 * and GILs of the capture and with the waits that go on at one time, not with its length.
 */
#ifndef GW_MODEL_FOLLOW_H
#define GW_MODEL_FOLLOW_H

#include "model/holds.h"
#include "model/waits.h"

struct gw_follow {
    struct gw_handovers handovers;
    struct gw_holds holds;
    struct gw_waits waits;
    uint64_t ticks;
    uint64_t ticks_ns; /* what they stand for */
};

/* Episodes that are over go to `waits` and `holds`, which are borrowed. */
void gw_follow_init(struct gw_follow *follow, struct gw_episodes *waits, struct gw_episodes *holds);

/* Take in a block, which has been accounted. 0 or -ENOMEM, after which only fini may follow. */
int gw_follow_block(struct gw_follow *follow, const struct gw_tables *tables,
                    const struct gw_block *block);

/* No more blocks: what goes on is cut. */
void gw_follow_finish(struct gw_follow *follow, const struct gw_tables *tables);

/* What a tick stands for on average; 0 without ticks. */
uint64_t gw_follow_tick_ns(const struct gw_follow *follow);

void gw_follow_fini(struct gw_follow *follow);

#endif
