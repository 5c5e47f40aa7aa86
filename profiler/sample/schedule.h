/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to tick: at one uniformly random instant of each period, so that nothing periodic in the
 * target (the 5 ms switch interval, the scheduler's tick) can fall in step with it. A tick that
 * comes after its period has ended is late; missed periods are not made up for. What lies between
 * two ticks beyond a cap is a gap: it belongs to nobody. A CPU budget lowers the rate.
 */
#ifndef GW_SAMPLE_SCHEDULE_H
#define GW_SAMPLE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#define GW_DISPLACING_PART 0.6

struct gw_schedule {
    double asked_hz;
    double max_cpu;      /* share of one core that ticking may take */
    uint64_t period_ns;  /* in force */
    uint64_t start_ns;   /* of the present period */
    uint64_t due_ns;     /* instant of the next tick */
    uint64_t planned_ns; /* the period in force when that was chosen */
    uint64_t last_ns;    /* of the last tick */
    uint64_t random;
    uint64_t budget_from_ns, budget_cpu_ns;
    uint32_t late; /* since it was last taken */
};

/* rate_hz within GW_MIN_RATE_HZ and GW_MAX_RATE_HZ; max_cpu 0: no budget. */
void gw_schedule_init(struct gw_schedule *schedule, double rate_hz, double max_cpu, uint64_t now_ns,
                      uint64_t seed);

/* A tick is made at now_ns: returns how much of the time since the last one is a gap, and plans
 * the next. */
uint64_t gw_schedule_tick(struct gw_schedule *schedule, uint64_t now_ns);

/* True a few times a second: then look whether the budget holds, with the CPU time of this process.
 * `displaces`: a thread of the target had to make way for most of the ticks. What we take is taken
 * from the target then, and each tick makes the scheduler choose anew who runs, which changes who
 * waits for whom; so only GW_DISPLACING_PART of the budget is used. */
bool gw_schedule_wants_account(const struct gw_schedule *schedule, uint64_t now_ns);
void gw_schedule_account(struct gw_schedule *schedule, uint64_t now_ns, uint64_t cpu_ns,
                         bool displaces);

/* Another rate from the next tick on, for who keeps the budget of many schedules itself; within
 * GW_MIN_RATE_HZ and the rate asked for. */
void gw_schedule_set_rate(struct gw_schedule *schedule, double rate_hz);

/* Rate in force. */
double gw_schedule_rate_hz(const struct gw_schedule *schedule);

#endif
