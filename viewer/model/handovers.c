/* SPDX-License-Identifier: Apache-2.0 */
#include "model/handovers.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "model/grow.h"

_Static_assert(GW_MAX_INTERPRETERS <= 64, "a block's GILs are bits of 64");

static bool asleep_elsewhere(unsigned state)
{
    return state == GW_STATE_IO_WAIT || state == GW_STATE_LOCK_WAIT || state == GW_STATE_SLEEP;
}

/* The stack of a thread asleep cannot be torn; that of a runnable one is not taken as proof. */
static bool moved_on(const struct gw_run *before, const struct gw_run *run)
{
    return before->state == GW_STATE_GIL_WAIT && run->state == GW_STATE_GIL_WAIT &&
           before->gil == run->gil && before->stack != run->stack && before->stack && run->stack;
}

static void mark(struct gw_handovers *handovers, const struct gw_block *block, uint32_t gil,
                 uint32_t tick)
{
    const struct gw_holding *holding = gw_block_holding(block, gil);

    if (!holding)
        return;
    uint64_t bit = UINT64_C(1) << (holding - block->holdings);
    handovers->n += (handovers->before[tick] & bit) == 0;
    handovers->before[tick] |= bit;
}

static void mark_track(struct gw_handovers *handovers, const struct gw_waits *waits,
                       const struct gw_block *block, const struct gw_track *track)
{
    const struct gw_run *runs = &block->runs[track->first_run];
    uint32_t gil;

    if (track->n_runs > 0 && runs[0].begin == 0 && asleep_elsewhere(runs[0].state) &&
        gw_waits_going_on(waits, track->thread, block->start_ns, &gil))
        mark(handovers, block, gil, 0);
    for (uint32_t i = 1; i < track->n_runs; i++) {
        const struct gw_run *before = &runs[i - 1], *run = &runs[i];
        if ((gw_state_wants_gil(before->state) && asleep_elsewhere(run->state)) ||
            moved_on(before, run))
            mark(handovers, block, before->gil, run->begin);
    }
}

int gw_handovers_find(struct gw_handovers *handovers, const struct gw_waits *waits,
                      const struct gw_block *block)
{
    int rc = GW_GROW(handovers, before, block->n_ticks);

    if (rc < 0)
        return rc;
    memset(handovers->before, 0, block->n_ticks * sizeof *handovers->before);
    handovers->n = 0;
    for (uint32_t i = 0; i < block->n_tracks; i++)
        mark_track(handovers, waits, block, &block->tracks[i]);
    return 0;
}

void gw_handovers_fini(struct gw_handovers *handovers)
{
    free(handovers->before);
    *handovers = (struct gw_handovers){0};
}
