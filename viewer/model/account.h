/* SPDX-License-Identifier: Apache-2.0 */
/* Adds a block to what is known of its process, threads and GILs. */
#ifndef GW_MODEL_ACCOUNT_H
#define GW_MODEL_ACCOUNT_H

#include "model/block.h"
#include "model/estimate.h"
#include "model/tables.h"

/* What has to be remembered from block to block. */
struct gw_account_thread {
    struct gw_wait_runs runs;
    uint64_t until_ns;                   /* it was observed up to here */
    uint64_t base_cpu_ns, base_queue_ns; /* exact, of before the part that is summed up */
    bool inexact; /* that is not known, nor what was after it: the part cuts a block */
};

/* Zero-initialised is the start. */
struct gw_account {
    struct gw_account_thread *threads; /* by row of threads */
    uint64_t *until_ns;                /* by row of processes: end of its last block */
    size_t cap_threads, cap_until_ns;
};

/* Add a parsed block and write its runs' rows of slices into it. Returns 0; -GW_E_BAD_DATA if it
 * begins before the process's last block ended (nothing is added then); -ENOMEM or -GW_E_LIMIT,
 * after which the tables are of no use. */
int gw_account_block(struct gw_account *account, struct gw_tables *tables, struct gw_block *block);

/* Remember what a block says of its threads before its tick `end`, from which on, or after which,
 * the part of the recording begins that is to be summed up. The block is not cut yet. 0 or -ENOMEM.
 */
int gw_account_before(struct gw_account *account, const struct gw_tables *tables,
                      const struct gw_block *block, uint32_t end);

/* No more blocks: settle what is open and write the variances into the threads. */
void gw_account_finish(struct gw_account *account, struct gw_tables *tables);

void gw_account_fini(struct gw_account *account);

#endif
