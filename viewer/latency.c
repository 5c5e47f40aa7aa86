/* SPDX-License-Identifier: Apache-2.0 */
#include "latency.h"

#include <math.h>

#include "bound.h"
#include "number.h"

/* The interval to try. */
#define SMALLER_NS 1000000u
/* A capture that claims more is wrong. */
#define MOST_SWITCHES_HZ 1e9
/* A mean wait of less than this part of the interval is one for a holder that lets go by itself;
 * there is room for holders that had the GIL for a part of the interval already. */
#define FULL_WAIT 0.7
/* A mean wait of more intervals than this is long, be it that the holder does not hear or that
 * several waits look like one ... */
#define LONG_WAIT 3.0
/* ... and it does not hear if the GIL changes hands that seldom: one turn in two is the short one
 * of a waiter. */
#define LONG_TURN (LONG_WAIT / 2)
/* Share of the time beside the GIL wait in a thread that does I/O; of the wait, behind one that
 * ran. */
#define MOSTLY 0.5
/* Share of its time in which a thread that computes has the GIL or wants it. */
#define NEARLY_ALL 0.9

const char *gw_latency_effect_name(enum gw_latency_effect effect)
{
    static const char *const names[] = {
#define GW_LATENCY_NAME(name, text) [GW_LATENCY_##name] = text,
        GW_LATENCY_LIST(GW_LATENCY_NAME)
#undef GW_LATENCY_NAME
    };
    return names[effect];
}

/* Those who make the others wait do nothing that the GIL is let go for. That holds of theirs were
 * seen to end forced says less: most turns of the others are too short to be seen by a tick. */
static bool do_compute(const struct gw_model *model, const struct gw_losses *losses)
{
    uint64_t python_ns = 0, wall_ns = 0;

    for (uint32_t i = 0; i < model->n_threads; i++) {
        if (!losses->holds[i])
            continue;
        wall_ns += model->threads[i].wall_ns;
        for (unsigned state = 0; state < GW_N_STATES; state++)
            if (gw_state_holds_gil(state) || gw_state_wants_gil(state))
                python_ns += model->threads[i].state_ns[state];
    }
    return python_ns > 0 && gw_share(python_ns, wall_ns) >= NEARLY_ALL;
}

static bool do_io(const struct gw_model *model, const struct gw_losses *losses)
{
    uint64_t io_ns = 0, other_ns = 0;

    for (size_t i = 0; i < losses->n_sufferers; i++) {
        const struct gw_model_thread *thread = &model->threads[losses->sufferers[i]];
        io_ns += thread->state_ns[GW_STATE_IO_WAIT];
        other_ns += thread->wall_ns - thread->wait_ns;
    }
    return io_ns > 0 && gw_share(io_ns, other_ns) >= MOSTLY;
}

/* Part of the wait whose holder ran: one without a CPU makes waits long as well. */
static double ran_share(const struct gw_model *model, const struct gw_losses *losses)
{
    uint64_t ran_ns = 0;

    for (size_t i = 0; i < model->n_pairs; i++)
        if (losses->suffers[model->pairs[i].waiter] &&
            model->pairs[i].holder_state == GW_STATE_GIL_RUNNING)
            ran_ns += model->pairs[i].ns;
    return gw_share(ran_ns, losses->estimate.wait_ns);
}

/* The holders do not let go when asked. `waits` is the mean wait in switch intervals. */
static bool is_deaf(const struct gw_model_gil *gil, double waits, size_t n_holders)
{
    double turn_ns = (double)gil->held_ns / (double)(gil->switches + 1);

    return waits > LONG_WAIT * (double)n_holders &&
           turn_ns > LONG_TURN * (double)gil->switch_interval_us * 1000;
}

static void predict(struct gw_latency *latency, const struct gw_model *model,
                    const struct gw_losses *losses)
{
    const struct gw_model_gil *gil = gw_losses_gil(model);
    double wall_ns = (double)losses->estimate.wall_ns, wait_ns = (double)losses->estimate.wait_ns;
    double factor = (double)SMALLER_NS / (double)latency->interval_ns;
    double then_ns = wall_ns - (1 - factor) * wait_ns;

    latency->effect = GW_LATENCY_SHORTER;
    latency->then_interval_ns = SMALLER_NS;
    latency->then_mean_wait_ns = (uint64_t)((double)latency->mean_wait_ns * factor);
    latency->loss = gw_estimate_share(&losses->estimate);
    latency->then_loss = factor * wait_ns / then_ns;
    latency->switches_hz =
        fmin(gw_share(gil->switches, gw_bound_window_ns(model)) * 1e9, MOST_SWITCHES_HZ);
    latency->then_switches_hz = latency->switches_hz * wall_ns / then_ns;
}

struct gw_latency gw_latency_find(const struct gw_model *model, const struct gw_losses *losses)
{
    const struct gw_model_gil *gil = gw_losses_gil(model);
    struct gw_latency latency = {.interval_ns = gil ? gil->switch_interval_us * 1000 : 0};

    for (size_t i = 0; i < losses->n_sufferers; i++)
        latency.n_waits += model->threads[losses->sufferers[i]].n_waits;
    if (latency.n_waits > 0)
        latency.mean_wait_ns = losses->estimate.wait_ns / latency.n_waits;
    double waits = gw_share(latency.mean_wait_ns, latency.interval_ns);
    if (losses->n_holders == 0 || waits <= 0 || latency.interval_ns < model->tick_ns)
        return latency;

    bool compute = do_compute(model, losses);
    bool deaf = is_deaf(gil, waits, losses->n_holders) && ran_share(model, losses) >= MOSTLY;
    bool delayed = losses->kind == GW_LOSSES_CULPRIT && compute && waits >= FULL_WAIT && !deaf;
    latency.convoy = delayed && losses->n_holders == 1 && do_io(model, losses);
    if (deaf)
        latency.effect = GW_LATENCY_NOT_HEARD;
    else if (losses->kind == GW_LOSSES_IN_TURN && compute)
        latency.effect = GW_LATENCY_NO_GAIN;
    else if (delayed && latency.interval_ns > SMALLER_NS)
        predict(&latency, model, losses);
    return latency;
}
