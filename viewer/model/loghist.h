/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many lengths of each size there were, in constant room: buckets on a logarithmic scale, 16
 * for each doubling, so that no bucket is wider than 7 % of its values. Each bucket keeps the sum
 * of what fell into it: a quantile is the mean of its bucket, and exact where all of it is alike.
 */
#ifndef GW_MODEL_LOGHIST_H
#define GW_MODEL_LOGHIST_H

#include <stdint.h>

#define GW_LOGHIST_BITS 4u /* buckets for each doubling, as a power of two */
#define GW_LOGHIST_BUCKETS ((65u - GW_LOGHIST_BITS) << GW_LOGHIST_BITS)

/* Zero-initialised is empty. */
struct gw_loghist {
    uint64_t n;
    uint64_t max;
    uint64_t count[GW_LOGHIST_BUCKETS];
    uint64_t sum[GW_LOGHIST_BUCKETS]; /* stays at its largest value rather than overflow */
};

void gw_loghist_add(struct gw_loghist *hist, uint64_t value);

/* The value below or at which the share q (0 to 1) of all values lies; 0 if there are none. */
uint64_t gw_loghist_quantile(const struct gw_loghist *hist, double q);

#endif
