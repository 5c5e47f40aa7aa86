/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the waits of each thread from block to block (model/episode.h says what a wait is), and
 * tells the holds of a block who waited for them. */
#ifndef GW_MODEL_WAITS_H
#define GW_MODEL_WAITS_H

#include "model/block.h"
#include "model/episode.h"
#include "model/tables.h"

struct gw_open_wait;
struct gw_holds;

/* Where a thread stood when its last block ended. */
struct gw_waiter {
    struct gw_open_wait *wait; /* the wait that goes on, or NULL */
    uint64_t until_ns;         /* it was observed up to here */
    uint64_t serial;           /* the hold that it last waited for ... */
    uint64_t turn_ns;          /* ... for how long ... */
    uint64_t first_ns;         /* ... of which the first tick weighs this */
    bool known;                /* its last state was, and was not `stopped` */
};

/* The threads of a process whose waits went on when its last block ended. */
struct gw_waits_process {
    uint32_t *threads; /* rows of threads */
    uint32_t n_threads;
    size_t cap_threads;
};

/* Zero-initialised but for `episodes` is the start. */
struct gw_waits {
    struct gw_episodes *episodes;       /* where waits that are over go */
    struct gw_waiter *waiters;          /* by row of threads */
    struct gw_waits_process *processes; /* by row of processes */
    struct gw_open_wait *spare;         /* to be used again */
    size_t cap_waiters, cap_processes;
};

/* Whether a wait of the thread went on when its last block ended, and that was at start_ns; the
 * GIL it was for. */
bool gw_waits_going_on(const struct gw_waits *waits, uint32_t thread, uint64_t start_ns,
                       uint32_t *gil);

/* Take in the waits of a block whose turns are found. 0 or -ENOMEM. */
int gw_waits_block(struct gw_waits *waits, struct gw_holds *holds, const struct gw_tables *tables,
                   const struct gw_block *block);

/* No more blocks: waits that go on are cut there. */
void gw_waits_finish(struct gw_waits *waits, const struct gw_tables *tables);

void gw_waits_fini(struct gw_waits *waits);

#endif
