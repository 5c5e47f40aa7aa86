/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict_lines.h"

#include "number.h"

/* A smaller rest of their time tells nothing: without the wait, something else would be the limit.
 */
#define LEAST_REST 0.01

static void put_place(FILE *out, const struct gw_verdict_case *at)
{
    gw_place_put(out, at->model, &at->verdict->place);
}

/* The code to change, where the GIL is the problem. */
static bool put_code(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_verdict *verdict = at->verdict;

    if (verdict->place.function == 0)
        return false;
    if (verdict->finding == GW_FINDING_BLOCKED_HOLDER) {
        fputs("Make the C code called in ", out);
        put_place(out, at);
        fputs(" release the GIL while it waits (Py_BEGIN_ALLOW_THREADS; in ctypes CDLL and not "
              "PyDLL).",
              out);
        return true;
    }
    if (verdict->finding == GW_FINDING_IN_TURN) {
        fputs("Move ", out);
        put_place(out, at);
        fputs(" to a pool of processes, or make it release the GIL: threads cannot run it side by "
              "side.",
              out);
        return true;
    }
    if (verdict->finding != GW_FINDING_CULPRIT && verdict->finding != GW_FINDING_CONVOY)
        return false;
    fputs("Move ", out);
    put_place(out, at);
    fputs(" to a process, or make it release the GIL: it causes ", out);
    gw_number_seconds(out, verdict->place.ns);
    fputs(" of the ", out);
    gw_number_seconds(out, at->losses->estimate.wait_ns);
    fputs(" lost.", out);
    return true;
}

/* What helps where it is something else. */
static const char *other_remedy(const struct gw_verdict_case *at)
{
    switch (at->verdict->finding) {
    case GW_FINDING_STARVED:
        return "Give it more CPU: look at the CPU limit of its container or service, at its CPU "
               "affinity, and at what else runs on the machine.";
    case GW_FINDING_ALL_CPUS:
        return "Make the code cheaper, or give it more CPUs; more threads gain nothing.";
    case GW_FINDING_HOT_THREAD:
        return "Make its code faster, or share its work out over processes (over threads only "
               "where "
               "it runs C code that releases the GIL).";
    case GW_FINDING_LOCK:
        return "Hold the lock for a shorter time, or have more than one of them.";
    case GW_FINDING_IO:
        return "Make what they wait for answer faster, or have more of it under way at once; "
               "faster "
               "Python code gains little.";
    case GW_FINDING_NOTHING:
    case GW_FINDING_NO_GIL:
    case GW_FINDING_BLOCKED_HOLDER:
    case GW_FINDING_UNTOLD:
    case GW_FINDING_IN_TURN:
    case GW_FINDING_CONVOY:
    case GW_FINDING_CULPRIT:
    case GW_FINDING_IDLE:
    case GW_FINDING_INNOCENT:
        break;
    }
    return NULL;
}

static bool put_other(FILE *out, const struct gw_verdict_case *at)
{
    const char *remedy = other_remedy(at);

    if (remedy)
        fputs(remedy, out);
    return remedy != NULL;
}

/* "A switch interval of 1.0 ms instead of 5.0 ms (sys.setswitchinterval): waits of about 1.0 ms
 * ..." */
static void put_shorter(FILE *out, const struct gw_latency *latency)
{
    fprintf(out, "sys.setswitchinterval(%g): each wait takes about ",
            (double)latency->then_interval_ns / 1e9);
    gw_number_length(out, latency->then_mean_wait_ns);
    fputs(" instead of ", out);
    gw_number_length(out, latency->mean_wait_ns);
    fputs(", and they lose at best ", out);
    gw_number_percent(out, latency->then_loss);
    fputs(" of their time instead of ", out);
    gw_number_percent(out, latency->loss);
    fputs(". It computes nothing faster: the GIL changes hands about ", out);
    gw_number_count(out, (uint64_t)latency->then_switches_hz);
    fputs(" times a second instead of ", out);
    gw_number_count(out, (uint64_t)latency->switches_hz);
    putc('.', out);
}

/* What a smaller switch interval would do. */
static bool put_interval(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_latency *latency = &at->verdict->latency;

    if (!gw_finding_is_gil(at->verdict->finding) ||
        at->verdict->finding == GW_FINDING_BLOCKED_HOLDER)
        return false;
    switch (latency->effect) {
    case GW_LATENCY_UNTOLD:
        return false;
    case GW_LATENCY_SHORTER:
        put_shorter(out, latency);
        break;
    case GW_LATENCY_NO_GAIN:
        fputs("A smaller switch interval gains nothing: they would only take turns more often.",
              out);
        break;
    case GW_LATENCY_NOT_HEARD:
        fputs("A smaller switch interval gains nothing: the holder does not let go when it is "
              "asked, as C code that keeps the GIL.",
              out);
        break;
    }
    return true;
}

/* The most that doing without the GIL could gain. */
static bool put_bound(FILE *out, const struct gw_verdict_case *at)
{
    const struct gw_bound *bound = &at->verdict->bound;

    if (!gw_verdict_has_bound(at->verdict) || at->losses->n_sufferers == 0)
        return false;
    fputs("Without a GIL (processes, or a free-threaded Python): ", out);
    double rest = 1 - gw_estimate_share(&at->losses->estimate);
    if (at->losses->kind == GW_LOSSES_CULPRIT && rest >= LEAST_REST) {
        fputs("the threads that wait take at least ", out);
        gw_number_percent(out, rest);
        fputs(" of the time that they took, and all together do ", out);
    }
    fprintf(out,
            "at most %.2f times the work on %u CPU%s. Threads that need each other, other load on "
            "the CPUs, copies between processes and slower code all take from that.",
            bound->speed_up, bound->cpus, bound->cpus == 1 ? "" : "s");
    return true;
}

gw_verdict_line *const gw_verdict_remedies[] = {put_code, put_interval, put_other, put_bound, NULL};
