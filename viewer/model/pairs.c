/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pairs.h"

#include <errno.h>
#include <stdlib.h>

#include "model/grow.h"

#define FIRST_SLOTS 4u

/* All pairs of one waiter in one place: a small table, so that the many holds of one wait meet in
 * few cache lines. */
struct gw_pairs_row {
    uint32_t *holders; /* open addressing: row of holders + 1, 0 free */
    uint64_t *ns;      /* by slot; apart from the holders, for most look-ups find none */
    uint32_t n;
    uint32_t n_slots; /* a power of two, or 0 */
    uint64_t debt_ns;
    uint32_t debt_holder; /* who was last to add to it */
};

void gw_pairs_init(struct gw_pairs *pairs, size_t limit)
{
    *pairs = (struct gw_pairs){
        .holders = {.row_bytes = sizeof(struct gw_pairs_holder),
                    .key_bytes = sizeof(struct gw_pairs_holder)},
        .limit = limit,
    };
}

int64_t gw_pairs_holder(struct gw_pairs *pairs, const struct gw_pairs_holder *key)
{
    return gw_rows_put(&pairs->holders, key);
}

int gw_pairs_reserve(struct gw_pairs *pairs, size_t n)
{
    return GW_GROW(pairs, rows, n);
}

static void free_slots(struct gw_pairs_row *row)
{
    free(row->holders);
    free(row->ns);
}

/* The holder's slot, or the free one where it belongs. Rows of holders are dense, so an odd factor
 * is all the hash they need. */
static uint32_t find_slot(const struct gw_pairs_row *row, uint32_t holder)
{
    uint32_t mask = row->n_slots - 1;
    uint32_t at = (holder * 0x9e3779b1u) & mask;

    while (row->holders[at] && row->holders[at] != holder + 1)
        at = (at + 1) & mask;
    return at;
}

static void fill_slot(struct gw_pairs_row *row, uint32_t holder, uint64_t ns)
{
    uint32_t at = find_slot(row, holder);

    row->holders[at] = holder + 1;
    row->ns[at] = ns;
}

static int resize(struct gw_pairs_row *row, uint32_t n_slots)
{
    struct gw_pairs_row fresh = *row;

    fresh.holders = calloc(n_slots, sizeof *fresh.holders);
    fresh.ns = calloc(n_slots, sizeof *fresh.ns);
    fresh.n_slots = n_slots;
    if (!fresh.holders || !fresh.ns) {
        free_slots(&fresh);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < row->n_slots; i++)
        if (row->holders[i])
            fill_slot(&fresh, row->holders[i] - 1, row->ns[i]);
    free_slots(row);
    *row = fresh;
    return 0;
}

/* A new pair; at most half of the slots are used, for most look-ups find nothing. */
static int insert(struct gw_pairs *pairs, struct gw_pairs_row *row, uint32_t holder, uint64_t ns)
{
    if (row->n + 1 > row->n_slots / 2) {
        int rc = resize(row, row->n_slots ? row->n_slots * 2 : FIRST_SLOTS);
        if (rc < 0)
            return rc;
    }
    fill_slot(row, holder, ns);
    row->n++;
    pairs->n++;
    return 0;
}

/* Owe ns to the holder. Returns what the holder now takes: nothing, or all that is owed. */
static uint64_t owe(struct gw_pairs_row *row, uint32_t holder, uint64_t ns, uint64_t grain)
{
    row->debt_ns += ns;
    row->debt_holder = holder;
    if (row->debt_ns < grain)
        return 0;
    uint64_t taken = row->debt_ns;
    row->debt_ns = 0;
    return taken;
}

/* Draw the light pairs of a row by lot and put what is left into as few slots as hold it. */
static int thin_row(struct gw_pairs *pairs, struct gw_pairs_row *row)
{
    struct gw_pairs_row thin = {.debt_ns = row->debt_ns, .debt_holder = row->debt_holder};
    int rc = 0;

    pairs->n -= row->n;
    for (uint32_t i = 0; rc == 0 && i < row->n_slots; i++) {
        if (row->holders[i] == 0)
            continue;
        uint32_t holder = row->holders[i] - 1;
        uint64_t ns = row->ns[i];
        if (ns < pairs->grain_ns)
            ns = owe(&thin, holder, ns, pairs->grain_ns);
        if (ns > 0)
            rc = insert(pairs, &thin, holder, ns);
    }
    free_slots(row);
    *row = thin;
    return rc;
}

/* At the limit: a grain so coarse that at most half of the pairs can stay. */
static int thin(struct gw_pairs *pairs)
{
    uint64_t half = 2 * pairs->total_ns / pairs->limit + 1;
    int rc = 0;

    pairs->grain_ns = pairs->grain_ns * 2 > half ? pairs->grain_ns * 2 : half;
    for (size_t i = 0; rc == 0 && i < pairs->cap_rows; i++)
        rc = thin_row(pairs, &pairs->rows[i]);
    return rc;
}

int gw_pairs_add(struct gw_pairs *pairs, uint32_t slice, uint32_t holder, uint64_t ns)
{
    struct gw_pairs_row *row = &pairs->rows[slice];

    pairs->total_ns += ns;
    if (row->n > 0) {
        uint32_t at = find_slot(row, holder);
        if (row->holders[at]) {
            row->ns[at] += ns;
            return 0;
        }
    }
    if (pairs->grain_ns > 0)
        ns = owe(row, holder, ns, pairs->grain_ns);
    if (ns == 0)
        return 0;
    int rc = insert(pairs, row, holder, ns);
    return rc == 0 && pairs->n >= pairs->limit ? thin(pairs) : rc;
}

/* Give out what is still owed, and drop what weighs nothing. */
static int settle_all(struct gw_pairs *pairs)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < pairs->cap_rows; i++) {
        struct gw_pairs_row *row = &pairs->rows[i];
        uint64_t ns = row->debt_ns;
        if (ns == 0)
            continue;
        row->debt_ns = 0;
        uint32_t at = row->n > 0 ? find_slot(row, row->debt_holder) : 0;
        if (row->n > 0 && row->holders[at])
            row->ns[at] += ns;
        else
            rc = insert(pairs, row, row->debt_holder, ns);
    }
    return rc;
}

static struct gw_model_pair make_pair(const struct gw_pairs *pairs, const struct gw_tables *tables,
                                      uint32_t row, uint32_t slot)
{
    const struct gw_model_slice *slice = gw_rows_at(&tables->slices, row);
    const struct gw_pairs_holder *holder = gw_rows_at(&pairs->holders, pairs->rows[row].holders[slot] - 1);

    return (struct gw_model_pair){
        .waiter = slice->thread,
        .waiter_stack = slice->stack,
        .holder = holder->thread,
        .holder_stack = holder->stack,
        .gil = slice->gil,
        .waiter_state = (uint8_t)slice->state,
        .holder_state = (uint8_t)holder->state,
        .kind = (uint8_t)holder->kind,
        .ns = pairs->rows[row].ns[slot],
    };
}

int gw_pairs_finish(struct gw_pairs *pairs, const struct gw_tables *tables,
                    struct gw_model_pair **out, size_t *n_out)
{
    int rc = settle_all(pairs);
    struct gw_model_pair *all = rc < 0 ? NULL : calloc(pairs->n + 1, sizeof *all);
    size_t n = 0;

    if (!all)
        return -ENOMEM;
    for (uint32_t i = 0; i < pairs->cap_rows; i++) {
        struct gw_pairs_row *row = &pairs->rows[i];
        for (uint32_t s = 0; s < row->n_slots; s++)
            if (row->holders[s] && row->ns[s] > 0)
                all[n++] = make_pair(pairs, tables, i, s);
        free_slots(row);
        *row = (struct gw_pairs_row){0};
    }
    pairs->n = 0;
    *out = all;
    *n_out = n;
    return 0;
}

void gw_pairs_fini(struct gw_pairs *pairs)
{
    for (size_t i = 0; i < pairs->cap_rows; i++)
        free_slots(&pairs->rows[i]);
    free(pairs->rows);
    gw_rows_fini(&pairs->holders);
    *pairs = (struct gw_pairs){0};
}
