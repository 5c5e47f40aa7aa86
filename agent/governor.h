/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CPU budget for all targets. Pure: who gets how many ticks a second is computed from what a
 * tick of each has cost and what each was asked for; nobody gets more than that, and where it does
 * not reach for all, those that need little get it and the others share the rest alike, in CPU time
 * (max-min fairness).
 */
#ifndef GW_AGENT_GOVERNOR_H
#define GW_AGENT_GOVERNOR_H

#include <stddef.h>
#include <stdint.h>

struct gw_claim {
    double asked_hz;
    double tick_ns; /* CPU time of one tick, > 0 */
    double rate_hz; /* out: 0 < rate_hz <= asked_hz */
};

/* Share out budget_ns of CPU time per second among n claims. A rate is never below GW_MIN_RATE_HZ,
 * so that a target is looked at now and then however small the budget is. */
void gw_governor_share(struct gw_claim *claims, size_t n, double budget_ns);

/* What may go into ticks: the budget without what everything else has taken of it lately, but a
 * quarter of it at least, since a scan or an answer is over soon. All in ns of CPU per second. */
double gw_governor_for_ticks(double budget_ns, double others_ns);

#endif
