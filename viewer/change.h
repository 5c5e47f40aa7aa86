/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a figure differs between two recordings by more than chance.
 *
 * The rule: two estimates differ significantly if the difference exceeds the root of the sum of the
 * squares of the half-widths of their 95 % intervals, the half-widths being the printed ones (±).
 * For two equal programs that is exceeded in about one of twenty comparisons, or fewer.
 *
 * The intervals are of what the sampler cannot see. That a program does not get the same requests
 * each time is not in them: recordings that are to be compared have to be made under the same load,
 * and for about as long.
 */
#ifndef GW_CHANGE_H
#define GW_CHANGE_H

#include <math.h>
#include <stdbool.h>

/* A value, and half the width of its 95 % interval (0: exact), in the same unit. */
struct gw_figure {
    double value, margin;
};

struct gw_change {
    double difference; /* after - before: above 0 is more */
    double margin;     /* half the width of the 95 % interval of the difference */
};

static inline struct gw_change gw_change_of(struct gw_figure before, struct gw_figure after)
{
    return (struct gw_change){.difference = after.value - before.value,
                              .margin = hypot(before.margin, after.margin)};
}

static inline bool gw_change_significant(const struct gw_change *change)
{
    return fabs(change->difference) > change->margin;
}

#endif
