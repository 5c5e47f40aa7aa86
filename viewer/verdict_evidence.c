/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict_lines.h"

#include "model/label.h"
#include "number.h"

/* Shares below this are not worth a word. */
#define WORTH_TELLING 0.05
/* Where the GIL is the problem, queueing for CPUs is told from this share on. */
#define MUCH_QUEUED 0.2
/* Where nearly all of the wait is behind a holder that ran, that is as one would think. */
#define NEARLY_ALL 0.9
/* Parts of a whole below this are left out. */
#define VISIBLE 0.005
/* Roll-ups that a line names. */
#define ROLLUPS_TOLD 3u

/* "The GIL was busy 98 % of the time; 2.6 threads waited for it on average." */
static bool put_busy(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_model_gil *gil = gw_losses_gil(at->model);

    if (!gw_finding_is_gil(at->verdict->finding) || !gil)
        return false;
    fputs("The GIL was busy ", out);
    gw_number_percent(out, gw_losses_busy(gil));
    fprintf(out, " of the time; on average %.1f threads waited for it.",
            gw_share(gil->wait_ns, at->verdict->window_ns));
    return true;
}

/* "While they waited its holder was running 97 %, without a CPU 2.0 %, asleep 1.0 %." */
static bool put_behind(FILE *out, const struct gw_verdict_case *at)
{
    static const struct {
        unsigned state;
        const char *words;
    } rows[] = {
        {GW_STATE_GIL_RUNNING, "ran"},
        {GW_STATE_GIL_QUEUED, "was queued for a CPU"},
        {GW_STATE_GIL_BLOCKED, "slept"},
    };
    const struct gw_verdict *verdict = at->verdict;
    uint64_t wait_ns = at->losses->estimate.wait_ns;
    const char *between = "While they waited, its holder ";

    if (wait_ns == 0 || gw_share(verdict->behind_ns[GW_STATE_GIL_RUNNING], wait_ns) >= NEARLY_ALL)
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t ns = verdict->behind_ns[rows[i].state];
        if (gw_share(ns, wait_ns) < VISIBLE)
            continue;
        fprintf(out, "%s%s ", between, rows[i].words);
        gw_number_percent(out, gw_share(ns, wait_ns));
        between = ", ";
    }
    if (gw_share(verdict->handoff_ns, wait_ns) >= VISIBLE) {
        fputs(*between == ',' ? ", and nobody had it " : "While they waited, nobody had it ", out);
        gw_number_percent(out, gw_share(verdict->handoff_ns, wait_ns));
        between = ", ";
    }
    fputs(" of the time.", out);
    return *between == ',';
}

/* How often it was seen to let go, and why. */
static void put_ends(FILE *out, const struct gw_hold_ends *ends)
{
    uint64_t forced = ends->n[GW_HOLD_END_FORCED];
    uint64_t told = forced + ends->n[GW_HOLD_END_RELEASED];

    if (told == 0)
        return;
    fputs("; of ", out);
    gw_number_count(out, told);
    fputs(told == 1 ? " time that it was seen to let go, " : " times that it was seen to let go, ",
          out);
    gw_number_count(out, forced);
    fputs(forced == 1 ? " was forced" : " were forced", out);
}

/* "`hog` had the GIL for 89 % of its time, and waited for it for 10 %; of 34 times that it was seen
 * to let go, 29 were forced." */
static bool put_holder(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_losses *losses = at->losses;
    uint64_t ns = 0;

    if (losses->kind != GW_LOSSES_CULPRIT || losses->n_holders != 1)
        return false;
    const struct gw_model_thread *thread = &at->model->threads[losses->first];
    for (unsigned state = 0; state < GW_N_STATES; state++)
        if (gw_state_holds_gil(state))
            ns += thread->state_ns[state];
    putc('`', out);
    gw_label_thread(out, at->model, losses->first, NULL);
    fputs("` had the GIL for ", out);
    gw_number_percent(out, gw_share(ns, thread->wall_ns));
    fputs(" of its time and waited for it for ", out);
    gw_number_percent(out, gw_share(thread->wait_ns, thread->wall_ns));
    put_ends(out, &thread->hold_ends);
    putc('.', out);
    return true;
}

/* "They waited 1,085 times that were seen, for 5.0 ms on average; the switch interval is 5.0 ms."
 */
static bool put_waits(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_latency *latency = &at->verdict->latency;

    if (latency->mean_wait_ns == 0)
        return false;
    gw_number_count(out, latency->n_waits);
    fputs(latency->n_waits == 1 ? " wait was seen, of " : " waits were seen, of ", out);
    gw_number_length(out, latency->mean_wait_ns);
    fputs(latency->n_waits == 1 ? "" : " on average", out);
    if (latency->interval_ns) {
        fputs("; the switch interval is ", out);
        gw_number_length(out, latency->interval_ns);
    }
    putc('.', out);
    return true;
}

/* Time of the threads that a verdict speaks of, by roll-up: of those who lose time, or of all. */
static uint64_t sum_rollups(const struct gw_verdict_case *at, uint64_t *rollups)
{
    uint64_t wall_ns = 0;

    for (uint32_t i = 0; i < at->model->n_threads; i++) {
        const struct gw_model_thread *thread = &at->model->threads[i];
        if (at->losses->n_sufferers > 0 && !at->losses->suffers[i])
            continue;
        wall_ns += thread->wall_ns;
        for (unsigned state = 0; state < GW_N_STATES; state++)
            if (state != GW_STATE_STOPPED)
                rollups[gw_state_rollup(state)] += thread->state_ns[state];
    }
    return wall_ns;
}

/* "Time of all threads: 66 % waiting on I/O, 33 % idle or blocked." */
static bool put_pastimes(FILE *out, const struct gw_verdict_case *at)
{
    uint64_t rollups[GW_N_ROLLUPS] = {0}, wall_ns = sum_rollups(at, rollups);

    if (wall_ns == 0)
        return false;
    fputs(at->losses->n_sufferers ? "Their time: " : "Time of all threads: ", out);
    for (unsigned told = 0; told < ROLLUPS_TOLD; told++) {
        unsigned most = 0;
        for (unsigned i = 1; i < GW_N_ROLLUPS; i++)
            if (rollups[i] > rollups[most])
                most = i;
        if (told > 0 && gw_share(rollups[most], wall_ns) < WORTH_TELLING)
            break;
        fputs(told ? ", " : "", out);
        gw_number_percent(out, gw_share(rollups[most], wall_ns));
        fprintf(out, " %s", gw_rollup_name((enum gw_rollup)most));
        rollups[most] = 0;
    }
    putc('.', out);
    return true;
}

/* "Their locks: 71 % of that in Ledger.post (bank.py:40)." */
static bool put_where(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_verdict *verdict = at->verdict;
    bool lock = verdict->finding == GW_FINDING_LOCK;
    uint64_t whole_ns = lock ? verdict->state_ns[GW_STATE_LOCK_WAIT] - verdict->workless_ns
                             : verdict->state_ns[GW_STATE_IO_WAIT];

    if ((!lock && verdict->finding != GW_FINDING_IO) || verdict->place.function == 0)
        return false;
    fputs(lock ? "Waits for a lock: " : "Waits for I/O: ", out);
    gw_number_percent(out, gw_share(verdict->place.ns, whole_ns));
    fputs(" of them in ", out);
    gw_place_put(out, at->model, &verdict->place);
    putc('.', out);
    return true;
}

/* "`MainThread` was on a CPU or queued for one for 97 % of its time." */
static bool put_hot_thread(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_verdict *verdict = at->verdict;

    if (verdict->finding != GW_FINDING_HOT_THREAD)
        return false;
    const struct gw_model_thread *thread = &at->model->threads[verdict->hot_thread];
    putc('`', out);
    gw_label_thread(out, at->model, verdict->hot_thread, NULL);
    fputs("` was on a CPU or queued for one for ", out);
    gw_number_percent(out, verdict->hot_share);
    fputs(" of its time", out);
    if (thread->state_ns[GW_STATE_NATIVE] > thread->state_ns[GW_STATE_GIL_RUNNING])
        fputs(", mostly in C code that released the GIL", out);
    putc('.', out);
    return true;
}

/* "All threads together used 1.02 of 2 CPUs, and were queued for one for 30 % of the time they
 * wanted one." */
static bool put_cpus(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_verdict *verdict = at->verdict;
    double queued = gw_share(verdict->run_queue_ns, verdict->run_queue_ns + verdict->cpu_ns);
    bool gil = gw_finding_is_gil(verdict->finding);

    if (verdict->window_ns == 0 || (gil && queued < MUCH_QUEUED))
        return false;
    fprintf(out, "All threads together used %.2f", gw_share(verdict->cpu_ns, verdict->window_ns));
    if (at->model->cpus)
        fprintf(out, " of %u", at->model->cpus);
    fputs(at->model->cpus == 1 ? " CPU" : " CPUs", out);
    if (gw_share(verdict->run_queue_ns, verdict->window_ns) >= WORTH_TELLING) {
        fputs(", and were queued for one for ", out);
        gw_number_percent(out,
                          gw_share(verdict->run_queue_ns, verdict->run_queue_ns + verdict->cpu_ns));
        fputs(" of the time they wanted one", out);
    }
    putc('.', out);
    return true;
}

gw_verdict_line *const gw_verdict_evidence[] = {
    put_busy,  put_holder,     put_waits, put_behind, put_pastimes,
    put_where, put_hot_thread, put_cpus,  NULL,
};
