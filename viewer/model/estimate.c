/* SPDX-License-Identifier: Apache-2.0 */
#include "model/estimate.h"

#include <math.h>

#define Z_95 1.96
#define RULE_OF_THREE 3.0
/* What may be wrong of the time in these, and of all time in which a thread wanted a CPU or the
 * GIL, for the part of the ticks that took a CPU from a thread. They are the smallest round numbers
 * with which the intervals hold what the exact reference counts: tests/truth/README.md. */
#define CPU_WAIT_DOUBT 0.2
#define HANDOFF_DOUBT 0.15
#define DISPLACING_DOUBT 0.01
/* How often the variance counts in a disturbed target: the deviation 1.5 times. */
#define DISTURBED_VARIANCE 2.25
/* On the only CPU of a target it is 0.98 and more; three threads that compute on two free CPUs came
 * to 0.7. */
#define DISTURBED_PART 0.9

/* Add the variance of the last change, now that the lengths of both its sides are known. */
static void settle(struct gw_wait_runs *runs)
{
    double change = (double)runs->change_ns;

    if (runs->before_ticks == 0)
        return;
    bool one_boundary = runs->before_ticks >= 2 && runs->run_ticks >= 2;
    runs->variance += change * change / (one_boundary ? 6 : 2);
    runs->before_ticks = 0;
}

void gw_wait_runs_add(struct gw_wait_runs *runs, bool waits, uint64_t n, uint64_t first_ns)
{
    if (runs->open && runs->waits == waits) {
        runs->run_ticks += n;
        return;
    }
    settle(runs);
    if (runs->open) {
        runs->before_ticks = runs->run_ticks;
        runs->change_ns = first_ns;
    }
    runs->open = true;
    runs->waits = waits;
    runs->run_ticks = n;
}

void gw_wait_runs_break(struct gw_wait_runs *runs)
{
    settle(runs);
    runs->open = false;
}

static double clip(double value, double high)
{
    return value < 0 ? 0 : value > high ? high : value;
}

static struct gw_estimate estimate(uint64_t wait_ns, uint64_t wall_ns, uint64_t ticks,
                                   double variance, double doubt_ns)
{
    double wait = (double)wait_ns, wall = (double)wall_ns;
    double below = hypot(Z_95 * sqrt(variance), doubt_ns);
    double above = below;
    double unseen = ticks ? RULE_OF_THREE * wall / (double)ticks : 0;

    if (wait_ns == 0)
        above = hypot(above, unseen);
    if (wait_ns == wall_ns)
        below = unseen;
    return (struct gw_estimate){
        .wait_ns = wait_ns,
        .wall_ns = wall_ns,
        .low_ns = clip(wait - below, wall),
        .high_ns = clip(wait + above, wall),
    };
}

static double displacing_part(const struct gw_model_quality *quality)
{
    return quality->ticks ? (double)quality->displacing / (double)quality->ticks : 0;
}

bool gw_estimate_disturbed(const struct gw_model_quality *quality)
{
    return displacing_part(quality) > DISTURBED_PART;
}

void gw_estimate_doubt(struct gw_model_thread *thread, const struct gw_model_quality *quality)
{
    const uint64_t *ns = thread->state_ns;
    uint64_t asleep_ns = ns[GW_STATE_IO_WAIT] + ns[GW_STATE_LOCK_WAIT] + ns[GW_STATE_SLEEP];
    double active_ns = (double)(thread->wall_ns - asleep_ns);
    double queued = hypot(CPU_WAIT_DOUBT * (double)ns[GW_STATE_CPU_WAIT],
                          HANDOFF_DOUBT * (double)ns[GW_STATE_GIL_HANDOFF]);

    thread->wait_doubt_ns = hypot(queued, DISPLACING_DOUBT * displacing_part(quality) * active_ns);
    if (gw_estimate_disturbed(quality))
        thread->wait_variance *= DISTURBED_VARIANCE;
}

struct gw_estimate gw_estimate_thread(const struct gw_model_thread *thread)
{
    return estimate(thread->wait_ns, thread->wall_ns, thread->ticks, thread->wait_variance,
                    thread->wait_doubt_ns);
}

struct gw_estimate gw_estimate_group(const struct gw_model *model, const uint32_t *threads,
                                     size_t n)
{
    uint64_t wait_ns = 0, wall_ns = 0, ticks = 0;
    double variance = 0, doubt_ns = 0;

    for (size_t i = 0; i < n; i++) {
        const struct gw_model_thread *thread = &model->threads[threads[i]];
        wait_ns += thread->wait_ns;
        wall_ns += thread->wall_ns;
        ticks += thread->ticks;
        variance += thread->wait_variance;
        doubt_ns += thread->wait_doubt_ns;
    }
    return estimate(wait_ns, wall_ns, ticks, variance, doubt_ns);
}

double gw_estimate_margin(const struct gw_estimate *estimate)
{
    double wait = (double)estimate->wait_ns;

    if (estimate->wall_ns == 0)
        return 0;
    return fmax(wait - estimate->low_ns, estimate->high_ns - wait) / (double)estimate->wall_ns;
}
