/* SPDX-License-Identifier: Apache-2.0 */
#include "governor.h"

#include <stdbool.h>

#include "base/limits.h"

#define FLOOR_FOR_TICKS 0.25

static double demand_ns(const struct gw_claim *claim)
{
    return claim->asked_hz * claim->tick_ns;
}

/* The share that each of those gets who cannot have all they ask for: raised until nobody who gets
 * it asks for less. Each round satisfies at least one more, or ends. */
static double find_level_ns(const struct gw_claim *claims, size_t n, double budget_ns)
{
    double level_ns = budget_ns / (double)n;
    for (size_t round = 0; round < n; round++) {
        double left_ns = budget_ns;
        size_t wanting = 0;
        for (size_t i = 0; i < n; i++) {
            bool satisfied = demand_ns(&claims[i]) <= level_ns;
            left_ns -= satisfied ? demand_ns(&claims[i]) : 0;
            wanting += !satisfied;
        }
        if (wanting == 0 || left_ns / (double)wanting <= level_ns)
            break;
        level_ns = left_ns / (double)wanting;
    }
    return level_ns;
}

void gw_governor_share(struct gw_claim *claims, size_t n, double budget_ns)
{
    double level_ns = n ? find_level_ns(claims, n, budget_ns) : 0;
    for (size_t i = 0; i < n; i++) {
        struct gw_claim *claim = &claims[i];
        bool satisfied = demand_ns(claim) <= level_ns;
        claim->rate_hz = satisfied ? claim->asked_hz : level_ns / claim->tick_ns;
        if (claim->rate_hz < GW_MIN_RATE_HZ)
            claim->rate_hz = GW_MIN_RATE_HZ;
    }
}

double gw_governor_for_ticks(double budget_ns, double others_ns)
{
    double left_ns = budget_ns - others_ns;
    double least_ns = FLOOR_FOR_TICKS * budget_ns;
    return left_ns > least_ns ? left_ns : least_ns;
}
