/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a capture and the rows they stand for. A capture may define ids again (keyframes) or
 * give them anew (reset_ids); the rows stay.
 */
#ifndef GW_MODEL_IDS_H
#define GW_MODEL_IDS_H

#include <stdbool.h>

#include "capture.pb-c.h"
#include "model/tables.h"

/* row + 1 by id; 0: not defined. */
struct gw_idlist {
    uint32_t *rows;
    uint32_t n, cap;
};

/* Zero-initialised knows no id. */
struct gw_ids {
    struct gw_idlist strings, functions; /* dense, 0 predefined; likewise: */
    struct gw_idlist stacks;             /* without the frames of the native stack, */
    struct gw_idlist natives;            /* and with them */
    struct gw_idlist processes, threads, gils;   /* may have holes */
};

/* True and the row if the id is defined. */
static inline bool gw_idlist_find(const struct gw_idlist *list, uint32_t id, uint32_t *row)
{
    if (id >= list->n || list->rows[id] == 0)
        return false;
    *row = list->rows[id] - 1;
    return true;
}

/* Take in all definitions of a message. Returns 0, -GW_E_BAD_DATA (an id that is not next, means
 * something else than before or points to nothing), -GW_E_LIMIT or -ENOMEM. */
int gw_ids_define(struct gw_ids *ids, struct gw_tables *tables, const Gilwait__Capture__Data *data);

void gw_ids_fini(struct gw_ids *ids);

#endif
