/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/idmap.h"
#include "base/limits.h"

#define FIRST_ROWS 64u

static size_t hash_key(const uint8_t *key, size_t len)
{
    uint64_t hash = len;

    for (size_t i = 0; i < len; i += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, key + i, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 32;
    }
    return (size_t)gw_mix64(hash);
}

/* The slot that holds the key's row, or the free one where it belongs. */
static uint32_t *find_slot(const struct gw_rows *rows, const void *key)
{
    size_t mask = rows->n_slots - 1;
    size_t at = hash_key(key, rows->key_bytes) & mask;

    while (rows->slots[at] &&
           memcmp(gw_rows_at(rows, rows->slots[at] - 1), key, rows->key_bytes) != 0)
        at = (at + 1) & mask;
    return &rows->slots[at];
}

static int grow_slots(struct gw_rows *rows, size_t n_slots)
{
    uint32_t *slots = calloc(n_slots, sizeof *slots);

    if (!slots)
        return -ENOMEM;
    free(rows->slots);
    rows->slots = slots;
    rows->n_slots = n_slots;
    for (uint32_t row = 0; row < rows->n; row++)
        *find_slot(rows, gw_rows_at(rows, row)) = row + 1;
    return 0;
}

/* Room for one more row, with at most half of the slots used. */
static int make_room(struct gw_rows *rows)
{
    if (rows->n == rows->cap) {
        if (rows->n >= GW_MAX_IDS)
            return -GW_E_LIMIT;
        uint32_t cap = rows->cap ? rows->cap + rows->cap / 2 : FIRST_ROWS;
        uint8_t *larger = reallocarray(rows->rows, cap, rows->row_bytes);
        if (!larger)
            return -ENOMEM;
        rows->rows = larger;
        rows->cap = cap;
    }
    if ((size_t)(rows->n + 1) * 2 > rows->n_slots)
        return grow_slots(rows, rows->n_slots ? rows->n_slots * 2 : (size_t)FIRST_ROWS * 2);
    return 0;
}

int64_t gw_rows_put(struct gw_rows *rows, const void *key)
{
    int64_t found = gw_rows_find(rows, key);

    if (found >= 0)
        return found;
    int rc = make_room(rows);
    if (rc < 0)
        return rc;
    uint32_t row = rows->n++;
    uint8_t *record = gw_rows_at(rows, row);
    *find_slot(rows, key) = row + 1;
    memcpy(record, key, rows->key_bytes);
    memset(record + rows->key_bytes, 0, rows->row_bytes - rows->key_bytes);
    return row;
}

int64_t gw_rows_find(const struct gw_rows *rows, const void *key)
{
    if (rows->n_slots == 0)
        return -GW_E_NOT_FOUND;
    uint32_t slot = *find_slot(rows, key);
    return slot ? (int64_t)slot - 1 : -GW_E_NOT_FOUND;
}

void gw_rows_fini(struct gw_rows *rows)
{
    free(rows->rows);
    free(rows->slots);
    *rows = (struct gw_rows){.row_bytes = rows->row_bytes, .key_bytes = rows->key_bytes};
}

void *gw_rows_steal(struct gw_rows *rows)
{
    void *taken = rows->rows;

    rows->rows = NULL;
    gw_rows_fini(rows);
    return taken;
}
