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
    uint64_t until_ns; /* it was observed up to here */
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

/* No more blocks: settle what is open and write the variances into the threads. */
void gw_account_finish(struct gw_account *account, struct gw_tables *tables);

void gw_account_fini(struct gw_account *account);

#endif
