/* SPDX-License-Identifier: Apache-2.0 */
#include "model/loghist.h"

#include <math.h>

/* The leading bit of the value and the GW_LOGHIST_BITS behind it; small values have a bucket each.
 */
static unsigned find_bucket(uint64_t value)
{
    if (value < 1u << GW_LOGHIST_BITS)
        return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - GW_LOGHIST_BITS;
    return (shift << GW_LOGHIST_BITS) + (unsigned)(value >> shift);
}

void gw_loghist_add(struct gw_loghist *hist, uint64_t value)
{
    unsigned bucket = find_bucket(value);

    hist->n++;
    hist->count[bucket]++;
    if (__builtin_add_overflow(hist->sum[bucket], value, &hist->sum[bucket]))
        hist->sum[bucket] = UINT64_MAX;
    if (value > hist->max)
        hist->max = value;
}

uint64_t gw_loghist_quantile(const struct gw_loghist *hist, double q)
{
    double rank = ceil(q * (double)hist->n);
    uint64_t seen = 0;

    for (unsigned bucket = 0; bucket < GW_LOGHIST_BUCKETS; bucket++) {
        seen += hist->count[bucket];
        if (hist->count[bucket] && (double)seen >= rank)
            return hist->sum[bucket] / hist->count[bucket];
    }
    return 0;
}
