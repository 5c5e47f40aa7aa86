/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of records found by key: the first key_bytes of a record are its key, and each
 * key has one record. Rows are numbered from 0 in order of arrival and keep their number.
 */
#ifndef GW_MODEL_ROWS_H
#define GW_MODEL_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialised but for the two sizes, it is empty. */
struct gw_rows {
    size_t row_bytes;
    size_t key_bytes; /* a multiple of 4; keys must not hold padding */
    uint8_t *rows;
    uint32_t n, cap;
    uint32_t *slots; /* open addressing: row + 1, 0 free */
    size_t n_slots;  /* a power of two, or 0 */
};

/* Row number of the key; a key that is new gets a row that is zero behind the key. `key` must not
 * point into the rows. Returns -ENOMEM, or -GW_E_LIMIT for more than GW_MAX_IDS rows. */
int64_t gw_rows_put(struct gw_rows *rows, const void *key) __attribute__((warn_unused_result));

/* Row number of the key, or -GW_E_NOT_FOUND. */
int64_t gw_rows_find(const struct gw_rows *rows, const void *key);

/* Valid until the next put. */
static inline void *gw_rows_at(const struct gw_rows *rows, uint32_t row)
{
    return rows->rows + row * rows->row_bytes;
}

void gw_rows_fini(struct gw_rows *rows);

/* Hand the array of records over to the caller (free it) and drop the index. NULL if empty. */
void *gw_rows_steal(struct gw_rows *rows);

#endif
