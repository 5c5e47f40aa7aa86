/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include "base/clock.h"

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static double seconds(uint64_t ns)
{
    return (double)ns / (double)GW_NS_PER_S;
}

/* --- of the services -------------------------------------------------------------------------- */

static void put_sums(FILE *out, const struct gw_services *services, const char *name,
                     const char *help, double (*value)(const struct gw_service *service))
{
    head(out, name, "counter", help);
    for (size_t i = 0; i < services->n; i++)
        fprintf(out, "%s{%s} %.9g\n", name, services->items[i]->labels, value(services->items[i]));
}

static double wait_s(const struct gw_service *service)
{
    return seconds(service->wait_ns);
}

static double observed_s(const struct gw_service *service)
{
    return seconds(service->observed_ns);
}

static double switches(const struct gw_service *service)
{
    return (double)service->switches;
}

static double ticks(const struct gw_service *service)
{
    return (double)service->ticks;
}

/* By state of the holder: a word less than the state's own name, which begins with "gil-". */
static void put_held(FILE *out, const struct gw_services *services)
{
    static const enum gw_state states[] = {GW_STATE_GIL_RUNNING, GW_STATE_GIL_QUEUED,
                                           GW_STATE_GIL_BLOCKED};
    static const char name[] = "gilwait_gil_held_seconds_total";
    head(
        out, name, "counter",
        "Time in which a thread held the GIL, by what it did meanwhile: ran, was queued for a CPU, "
        "or was blocked in the kernel.");
    for (size_t i = 0; i < services->n; i++)
        for (size_t state = 0; state < sizeof states / sizeof *states; state++)
            fprintf(out, "%s{%s,state=\"%s\"} %.9g\n", name, services->items[i]->labels,
                    gw_state_name(states[state]) + 4,
                    seconds(services->items[i]->state_ns[states[state]]));
}

static void put_blamed(FILE *out, const struct gw_service *service, const char *function,
                       const char *file, uint64_t ns)
{
    fprintf(out, "gilwait_gil_blame_seconds_total{%s,function=\"", service->labels);
    gw_label_value(out, function);
    fputs("\",file=\"", out);
    gw_label_value(out, file);
    fprintf(out, "\"} %.9g\n", seconds(ns));
}

static void put_blame(FILE *out, const struct gw_services *services)
{
    head(out, "gilwait_gil_blame_seconds_total", "counter",
         "GIL wait by the function that held the GIL meanwhile, of those that cause most of it; "
         "without a holder it is (handoff), with one that could not be told (unknown).");
    for (size_t i = 0; i < services->n; i++) {
        const struct gw_service *service = services->items[i];
        for (size_t row = 0; row < service->n_blamed; row++)
            put_blamed(out, service, service->blamed[row].function, service->blamed[row].file,
                       service->blamed[row].ns);
        put_blamed(out, service, "(other)", "", service->other_blamed_ns);
        put_blamed(out, service, "(handoff)", "", service->handoff_ns);
        put_blamed(out, service, "(unknown)", "", service->unknown_ns);
    }
}

struct now {
    uint64_t waiters, threads, targets;
    double rate_hz;
};

static struct now sum_targets(const struct gw_targets *targets, const struct gw_service *service)
{
    struct now sum = {0};
    for (size_t i = 0; i < targets->n; i++) {
        const struct gw_target *target = targets->items[i];
        if (target->service != service)
            continue;
        sum.targets++;
        sum.waiters += target->waiters;
        sum.threads += gw_session_n_threads(target->session);
        sum.rate_hz += gw_schedule_rate_hz(&target->schedule);
    }
    return sum;
}

/* Of services without a process there is no now. */
static void put_now(FILE *out, const struct gw_targets *targets)
{
    static const struct {
        const char *name, *help;
    } gauges[] = {
        {"gilwait_gil_waiters", "Threads that wanted the GIL when last looked at."},
        {"gilwait_threads", "Python threads."},
        {"gilwait_processes", "Processes that are sampled."},
        {"gilwait_sampling_rate_hertz", "Samples per second, of each process on average."},
    };
    for (size_t gauge = 0; gauge < sizeof gauges / sizeof *gauges; gauge++) {
        head(out, gauges[gauge].name, "gauge", gauges[gauge].help);
        for (size_t i = 0; i < targets->services.n; i++) {
            const struct gw_service *service = targets->services.items[i];
            struct now now = sum_targets(targets, service);
            double values[] = {(double)now.waiters, (double)now.threads, (double)now.targets,
                               now.targets ? now.rate_hz / (double)now.targets : 0};
            if (now.targets)
                fprintf(out, "%s{%s} %.6g\n", gauges[gauge].name, service->labels, values[gauge]);
        }
    }
}

/* --- of the agent ----------------------------------------------------------------------------- */

static void put_one(FILE *out, const char *name, const char *type, const char *help, double value)
{
    head(out, name, type, help);
    fprintf(out, "%s %.17g\n", name, value);
}

static void put_targets(FILE *out, const struct gw_targets *targets,
                        const struct gw_processes *processes)
{
    size_t counts[GW_N_VERDICTS] = {0};
    for (size_t i = 0; i < processes->n; i++)
        counts[processes->items[i].verdict]++;
    head(out, "gilwait_agent_targets", "gauge", "Python processes by what becomes of them.");
    for (size_t i = GW_VERDICT_PROFILE; i < GW_N_VERDICTS; i++)
        fprintf(out, "gilwait_agent_targets{state=\"%s\"} %zu\n",
                gw_verdict_name((enum gw_verdict)i), counts[i]);
    put_one(out, "gilwait_agent_targets_degraded", "gauge",
            "Processes sampled at a lower rate than asked for, to keep the CPU budget.",
            (double)targets->degraded);
    put_one(out, "gilwait_agent_targets_opened_total", "counter", "Processes taken up.",
            (double)targets->totals.opened);
    put_one(out, "gilwait_agent_targets_closed_total", "counter", "Processes let go.",
            (double)targets->totals.closed);
    put_one(out, "gilwait_agent_targets_failed_total", "counter",
            "Processes that could not be taken up.", (double)targets->totals.failed);
    put_one(out, "gilwait_agent_targets_renewed_total", "counter",
            "Sessions begun anew to bound their memory.", (double)targets->totals.renewed);
}

static void put_work(FILE *out, const struct gw_targets *targets,
                     const struct gw_agent_state *state)
{
    put_one(out, "gilwait_agent_ticks_total", "counter", "Looks at a process.",
            (double)targets->totals.ticks);
    put_one(out, "gilwait_agent_late_ticks_total", "counter",
            "Looks that came after their period had ended.", (double)targets->totals.late);
    put_one(out, "gilwait_agent_torn_stacks_total", "counter",
            "Stacks lost because the thread moved while it was read.",
            (double)targets->totals.torn);
    put_one(out, "gilwait_agent_tick_cpu_seconds_total", "counter", "CPU time of the looks.",
            seconds(targets->totals.cpu_ns));
    put_one(out, "gilwait_agent_cpu_seconds_total", "counter", "CPU time of the agent.",
            seconds(state->cpu_ns));
    put_one(out, "gilwait_agent_cpu_budget_ratio", "gauge",
            "CPU time that the agent may take, as a part of one CPU.", state->max_cpu);
    put_one(out, "gilwait_agent_scans_total", "counter", "Looks through all processes.",
            (double)state->scans);
    put_one(out, "gilwait_agent_scan_cpu_seconds_total", "counter", "CPU time of those.",
            seconds(state->scan_ns));
}

static void put_self(FILE *out, const struct gw_agent_state *state)
{
    head(out, "gilwait_build_info", "gauge", "Version of the agent.");
    fprintf(out, "gilwait_build_info{version=\"%s\"} 1\n", GW_VERSION);
    put_one(out, "gilwait_agent_start_time_seconds", "gauge",
            "When the agent was started, in seconds since 1970.", state->start_s);
    put_one(out, "gilwait_agent_resident_memory_bytes", "gauge", "Memory of the agent.",
            (double)state->resident_bytes);
    put_one(out, "gilwait_agent_memory_limit_bytes", "gauge", "Above this no process is taken up.",
            (double)state->max_memory_bytes);
    put_one(out, "gilwait_agent_config_last_reload_successful", "gauge",
            "Whether the configuration was right when it was last read.", state->reload_ok);
    put_one(out, "gilwait_agent_config_last_reload_success_timestamp_seconds", "gauge",
            "When a right configuration was last read, in seconds since 1970.", state->reload_s);
    head(out, "gilwait_agent_http_requests_total", "counter", "Answers by class of status.");
    for (int class = 2; class <= 5; class ++)
        fprintf(out, "gilwait_agent_http_requests_total{code=\"%dxx\"} %llu\n", class,
                (unsigned long long)state->requests[class]);
}

void gw_metrics_write(FILE *out, const struct gw_targets *targets,
                      const struct gw_processes *processes, const struct gw_agent_state *state)
{
    const struct gw_services *services = &targets->services;
    put_sums(out, services, "gilwait_gil_wait_seconds_total",
             "Time that threads lost waiting for the GIL.", wait_s);
    put_held(out, services);
    put_blame(out, services);
    put_sums(out, services, "gilwait_gil_switches_total", "Changes of the GIL's holder.", switches);
    put_sums(out, services, "gilwait_thread_observed_seconds_total",
             "Time for which threads were observed: what the others are parts of.", observed_s);
    put_sums(out, services, "gilwait_ticks_total", "Samples that the sums rest on.", ticks);
    put_now(out, targets);
    put_targets(out, targets, processes);
    put_work(out, targets, state);
    put_self(out, state);
}
