/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are good enough to place instants in time; not for secrets. */
#ifndef GW_BASE_RANDOM_H
#define GW_BASE_RANDOM_H

#include <stdint.h>

/* The next number of a sequence, uniform in [0, 1). Any *state will do to start from. The generator
 * is splitmix64 (S. Vigna, public domain). */
static inline double gw_random_unit(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    x ^= x >> 31;
    return (double)(x >> 11) * 0x1p-53;
}

#endif
