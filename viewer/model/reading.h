/* SPDX-License-Identifier: Apache-2.0 */
/* All that lives while a capture is read: what is shared by reading one from end to end
 * (model/model.h) and by following one that is still being written (model/live.h). */
#ifndef GW_MODEL_READING_H
#define GW_MODEL_READING_H

#include "model/account.h"
#include "model/blame.h"
#include "model/block.h"
#include "model/cut.h"
#include "model/follow.h"
#include "model/ids.h"
#include "model/tables.h"

struct gw_reading {
    struct gw_tables tables;
    struct gw_ids ids;
    struct gw_block block;
    struct gw_account account;
    struct gw_blame blame;
    struct gw_pairs pairs;
    struct gw_follow follow;
    bool header_seen;
    const struct gw_cut *cut;       /* what is left out, NULL: nothing */
    struct gw_timeline *timeline;   /* taken down as well, NULL: not wanted */
    struct gw_model *model; /* borrowed */
};

/* Start to read into *model, which is zero. 0 or -ENOMEM; fini in either case. */
int gw_reading_init(struct gw_reading *reading, struct gw_model *model);

void gw_reading_fini(struct gw_reading *reading);

/* 0, -GW_E_BAD_DATA for a second one, or -ENOMEM. */
int gw_reading_header(struct gw_reading *reading, const Gilwait__Capture__Header *header);

/* Add a block, whose ids are defined. Returns 0 or what the steps of it return; the block stays
 * in reading->block until the next one. */
int gw_reading_block(struct gw_reading *reading, const Gilwait__Capture__Block *message);

void gw_reading_end(struct gw_reading *reading, const Gilwait__Capture__End *end);

/* No more blocks: settle all sums. The pairs and the figures of the recording go into the model,
 * the other sums stay in the tables. 0 or -ENOMEM. */
int gw_reading_settle(struct gw_reading *reading);

/* Forget all sums but no definition: as if no block had been added. */
void gw_reading_clear(struct gw_reading *reading);

#endif
