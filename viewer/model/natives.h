/* SPDX-License-Identifier: Apache-2.0 */
/* Adds what was seen of threads in C to the model's natives. */
#ifndef GW_MODEL_NATIVES_H
#define GW_MODEL_NATIVES_H

#include "model/block.h"
#include "model/tables.h"

/* A run of a thread that slept in C functions, and its weight. 0, -ENOMEM or -GW_E_LIMIT. */
int gw_natives_add_run(struct gw_tables *tables, uint32_t thread, const struct gw_run *run,
                       uint64_t weight);

/* The stops that a block tells of, as far as they were within its ticks. Also -GW_E_BAD_DATA. */
int gw_natives_add_stops(struct gw_tables *tables, const struct gw_block *block,
                         const Gilwait__Capture__Block *message, const struct gw_ids *ids);

#endif
