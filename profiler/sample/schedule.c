/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/schedule.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"

#define BUDGET_NS (GW_NS_PER_S / 5)

static void plan(struct gw_schedule *schedule, uint64_t start_ns)
{
    schedule->start_ns = start_ns;
    schedule->planned_ns = schedule->period_ns;
    schedule->due_ns =
        start_ns + (uint64_t)(gw_random_unit(&schedule->random) * (double)schedule->period_ns);
}

void gw_schedule_init(struct gw_schedule *schedule, double rate_hz, double max_cpu, uint64_t now_ns,
                      uint64_t seed)
{
    *schedule = (struct gw_schedule){
        .asked_hz = rate_hz,
        .max_cpu = max_cpu,
        .period_ns = (uint64_t)((double)GW_NS_PER_S / rate_hz),
        .last_ns = now_ns,
        .random = seed,
        .budget_from_ns = now_ns,
        .budget_cpu_ns = gw_own_cpu_ns(),
    };
    plan(schedule, now_ns);
}

uint64_t gw_schedule_tick(struct gw_schedule *schedule, uint64_t now_ns)
{
    uint64_t cap = GW_WEIGHT_CAP_PERIODS * schedule->planned_ns;
    uint64_t since = now_ns - schedule->last_ns;
    uint64_t end = schedule->start_ns + schedule->period_ns;
    if (cap < GW_WEIGHT_CAP_NS)
        cap = GW_WEIGHT_CAP_NS;
    schedule->last_ns = now_ns;
    if (now_ns >= end) {
        schedule->late++;
        end += (now_ns - end) / schedule->period_ns * schedule->period_ns;
    }
    plan(schedule, end);
    if (schedule->due_ns <= now_ns) /* a late tick's own period has begun: one tick is enough */
        plan(schedule, end + schedule->period_ns);
    return since > cap ? since - cap : 0;
}

bool gw_schedule_wants_account(const struct gw_schedule *schedule, uint64_t now_ns)
{
    return schedule->max_cpu > 0 && now_ns - schedule->budget_from_ns >= BUDGET_NS;
}

void gw_schedule_account(struct gw_schedule *schedule, uint64_t now_ns, uint64_t cpu_ns,
                         bool displaces)
{
    uint64_t wall = now_ns - schedule->budget_from_ns;
    if (!gw_schedule_wants_account(schedule, now_ns))
        return;
    double used = (double)(cpu_ns - schedule->budget_cpu_ns) / (double)wall;
    double asked_ns = (double)GW_NS_PER_S / schedule->asked_hz;
    double period = (double)schedule->period_ns;
    double budget = schedule->max_cpu * (displaces ? GW_DISPLACING_PART : 1);
    schedule->budget_from_ns = now_ns;
    schedule->budget_cpu_ns = cpu_ns;
    if (used > budget)
        period *= used / budget;
    else if (used < 0.7 * budget && period > asked_ns)
        period *= 0.9; /* back up slowly: the load may come again */
    if (period < asked_ns)
        period = asked_ns;
    if (period > (double)GW_NS_PER_S / GW_MIN_RATE_HZ)
        period = (double)GW_NS_PER_S / GW_MIN_RATE_HZ;
    schedule->period_ns = (uint64_t)period;
}

void gw_schedule_set_rate(struct gw_schedule *schedule, double rate_hz)
{
    if (rate_hz > schedule->asked_hz)
        rate_hz = schedule->asked_hz;
    if (rate_hz < GW_MIN_RATE_HZ)
        rate_hz = GW_MIN_RATE_HZ;
    /* The next tick stays when it is, at the same place of a period of another length: so it is
     * neither late because the period has become shorter, nor sooner than chance had it. */
    double period_ns = (double)GW_NS_PER_S / rate_hz;
    double place = (double)(schedule->due_ns - schedule->start_ns) / (double)schedule->period_ns;
    schedule->start_ns = schedule->due_ns - (uint64_t)(place * period_ns);
    schedule->period_ns = (uint64_t)period_ns;
}

double gw_schedule_rate_hz(const struct gw_schedule *schedule)
{
    return (double)GW_NS_PER_S / (double)schedule->period_ns;
}
