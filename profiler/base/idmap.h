/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from 64-bit keys to 32-bit values for the hot path: open addressing, no allocation on
 * insert. Room is made outside of the tick by gw_idmap_reserve. Zero-initialised is empty.
 */
#ifndef GW_BASE_IDMAP_H
#define GW_BASE_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_idmap_slot {
    uint64_t key;
    uint32_t value_plus_one; /* 0: free */
};

struct gw_idmap {
    struct gw_idmap_slot *slots;
    size_t n_slots; /* a power of two, or 0 */
    size_t n;
};

/* Make sure that n entries fit without allocating. Returns 0 or -ENOMEM (the map stays as it is).
 */
int gw_idmap_reserve(struct gw_idmap *map, size_t n) __attribute__((warn_unused_result));

/* True and *value if the key is there. */
bool gw_idmap_find(const struct gw_idmap *map, uint64_t key, uint32_t *value);

/* Insert or replace; value < UINT32_MAX. False if there is no room left. */
bool gw_idmap_put(struct gw_idmap *map, uint64_t key, uint32_t value);

void gw_idmap_free(struct gw_idmap *map);

/* A good 64-bit mix of a 64-bit number (the finaliser of MurmurHash3, public domain). */
static inline uint64_t gw_mix64(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdull;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ull;
    return x ^ (x >> 33);
}

#endif
