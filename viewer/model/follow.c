/* SPDX-License-Identifier: Apache-2.0 */
#include "model/follow.h"

void gw_follow_init(struct gw_follow *follow, struct gw_episodes *waits, struct gw_episodes *holds)
{
    *follow = (struct gw_follow){.holds.episodes = holds, .waits.episodes = waits};
}

int gw_follow_block(struct gw_follow *follow, const struct gw_tables *tables,
                    const struct gw_block *block)
{
    if (block->n_ticks == 0)
        return 0;
    int rc = gw_handovers_find(&follow->handovers, &follow->waits, block);
    if (rc == 0)
        rc = gw_holds_begin(&follow->holds, tables, block, &follow->handovers);
    if (rc == 0)
        rc = gw_waits_block(&follow->waits, &follow->holds, tables, block);
    if (rc < 0)
        return rc;
    gw_holds_end(&follow->holds, tables, block);
    follow->ticks += block->n_ticks;
    /* Hostile processes may claim all of the clock each: the average is off then, nothing else. */
    follow->ticks_ns += block->weight_at[block->n_ticks];
    return 0;
}

void gw_follow_finish(struct gw_follow *follow, const struct gw_tables *tables)
{
    gw_waits_finish(&follow->waits, tables);
    gw_holds_finish(&follow->holds, tables);
}

uint64_t gw_follow_tick_ns(const struct gw_follow *follow)
{
    return follow->ticks ? follow->ticks_ns / follow->ticks : 0;
}

void gw_follow_fini(struct gw_follow *follow)
{
    gw_handovers_fini(&follow->handovers);
    gw_holds_fini(&follow->holds);
    gw_waits_fini(&follow->waits);
}
