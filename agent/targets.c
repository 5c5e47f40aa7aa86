/* SPDX-License-Identifier: Apache-2.0 */
#include "targets.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "governor.h"

#define AVERAGE_OF 4.0 /* rounds of governing in the moving average of what is no tick */

/* --- look-up ---------------------------------------------------------------------------------- */

struct gw_target *gw_targets_of(const struct gw_targets *all, pid_t pid)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i]->pid == pid)
            return all->items[i];
    return NULL;
}

struct gw_target *gw_targets_find(const struct gw_targets *all, const char *id)
{
    for (size_t i = 0; i < all->n; i++) {
        char own[GW_TARGET_ID];
        gw_target_id(all->items[i], own);
        if (strcmp(own, id) == 0)
            return all->items[i];
    }
    return NULL;
}

uint64_t gw_targets_due_ns(const struct gw_targets *all)
{
    uint64_t due_ns = UINT64_MAX;
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i]->schedule.due_ns < due_ns)
            due_ns = all->items[i]->schedule.due_ns;
    return due_ns;
}

/* --- coming and going ------------------------------------------------------------------------- */

/* What a target has counted goes into the totals. */
static void collect(struct gw_targets *all, struct gw_target *target)
{
    all->totals.ticks += target->ticks;
    all->totals.late += target->late;
    all->totals.torn += target->torn;
    target->ticks = target->late = target->torn = 0;
}

/* Whatever was seen of it counts; where there is no memory for that, it is lost. */
static void let_go(struct gw_targets *all, size_t at, uint64_t now_ns)
{
    struct gw_target *target = all->items[at];
    if (gw_target_write(target, true, now_ns) == 0)
        (void)!gw_target_settle(target, now_ns);
    collect(all, target);
    all->totals.closed++;
    gw_target_close(target);
    all->items[at] = all->items[--all->n];
}

static const struct gw_rule *rule_of(const struct gw_process *process,
                                     const struct gw_config *config)
{
    return process->rule == GW_NO_RULE ? NULL : &config->rules[process->rule];
}

static double rate_of(const struct gw_process *process, const struct gw_config *config)
{
    const struct gw_rule *rule = rule_of(process, config);
    return rule && rule->rate_hz > 0 ? rule->rate_hz : config->max_rate_hz;
}

static struct gw_service *service_of(struct gw_targets *all, const struct gw_process *process,
                                     const struct gw_config *config)
{
    const struct gw_rule *rule = rule_of(process, config);
    return gw_services_get(&all->services, process->service, rule ? rule->labels : NULL,
                           rule ? rule->n_labels : 0);
}

/* Still the same process, of the same service, at the same rate. */
static bool is_meant(struct gw_targets *all, const struct gw_target *target,
                     const struct gw_processes *processes, const struct gw_config *config)
{
    const struct gw_process *process = gw_processes_find(processes, target->pid);
    return process && process->start_ticks == target->start_ticks &&
           process->verdict == GW_VERDICT_PROFILE &&
           target->schedule.asked_hz == rate_of(process, config) &&
           target->service == service_of(all, process, config);
}

static int take_up(struct gw_targets *all, const struct gw_process *process,
                   const struct gw_config *config, struct gw_diag *diag)
{
    if (all->n == GW_MAX_TARGETS)
        return gw_diag_what(diag, -GW_E_LIMIT, "more than %u targets", GW_MAX_TARGETS);
    struct gw_service *service = service_of(all, process, config);
    if (!service)
        return -ENOMEM;
    int err =
        gw_target_open(process->pid, rate_of(process, config), service, &all->items[all->n], diag);
    if (err)
        return err;
    all->n++;
    all->totals.opened++;
    return 0;
}

bool gw_targets_follow(struct gw_targets *all, struct gw_processes *processes,
                       const struct gw_config *config, bool memory_full, uint64_t now_ns)
{
    for (size_t i = all->n; i-- > 0;)
        if (!is_meant(all, all->items[i], processes, config))
            let_go(all, i, now_ns);
    for (size_t i = 0; i < processes->n; i++) {
        struct gw_process *process = &processes->items[i];
        struct gw_diag diag = {0};
        if (process->verdict != GW_VERDICT_PROFILE || gw_targets_of(all, process->pid))
            continue;
        if (memory_full) {
            gw_process_refuse(process, "the agent's memory limit is reached (max_memory)", now_ns);
            continue;
        }
        int err = take_up(all, process, config, &diag);
        if (!err)
            return true;
        all->totals.failed += gw_error_class(err) != GW_CLASS_GONE;
        gw_process_refuse(process, diag.why[0] ? diag.why : gw_error_sentence(err), now_ns);
    }
    return false;
}

/* Begin anew with the same process: its table of stacks has grown as large as it may. */
static void renew(struct gw_targets *all, size_t at, uint64_t now_ns)
{
    struct gw_target *old = all->items[at], *fresh = NULL;
    int err = gw_target_open(old->pid, old->schedule.asked_hz, old->service, &fresh, NULL);
    if (!err)
        gw_schedule_set_rate(&fresh->schedule, gw_schedule_rate_hz(&old->schedule));
    let_go(all, at, now_ns);
    if (!err) {
        all->items[all->n++] = fresh;
        all->totals.opened++;
    }
    all->totals.renewed++;
}

void gw_targets_close(struct gw_targets *all)
{
    uint64_t now_ns = gw_monotonic_ns();
    while (all->n)
        let_go(all, all->n - 1, now_ns);
}

void gw_targets_fini(struct gw_targets *all)
{
    gw_targets_close(all);
    gw_services_fini(&all->services);
}

/* --- work ------------------------------------------------------------------------------------- */

void gw_targets_tick(struct gw_targets *all, uint64_t now_ns)
{
    for (size_t i = all->n; i-- > 0;) {
        struct gw_target *target = all->items[i];
        if (now_ns < target->schedule.due_ns)
            continue;
        uint64_t before_ns = target->cpu_ns;
        enum gw_session_fate fate = gw_target_tick(target, now_ns);
        all->totals.cpu_ns += target->cpu_ns - before_ns;
        if (fate != GW_SESSION_GOES_ON)
            let_go(all, i, now_ns);
    }
}

/* False: the target could not go on, and was let go. */
static bool write_one(struct gw_targets *all, size_t at, uint64_t now_ns)
{
    int err = gw_target_write(all->items[at], false, now_ns);
    collect(all, all->items[at]);
    if (err)
        let_go(all, at, now_ns);
    return !err;
}

void gw_targets_write(struct gw_targets *all, uint64_t now_ns)
{
    for (size_t i = all->n; i-- > 0;)
        if (gw_target_wants_write(all->items[i], now_ns) && write_one(all, i, now_ns) &&
            gw_target_is_large(all->items[i]))
            renew(all, i, now_ns);
}

void gw_targets_settle(struct gw_targets *all, uint64_t now_ns)
{
    for (size_t i = all->n; i-- > 0;)
        if (write_one(all, i, now_ns) && gw_target_settle(all->items[i], now_ns))
            let_go(all, i, now_ns);
}

void gw_targets_govern(struct gw_targets *all, double max_cpu, uint64_t now_ns, uint64_t cpu_ns)
{
    static struct gw_claim claims[GW_MAX_TARGETS]; /* too large for a stack; used in here only */
    double seconds = (double)(now_ns - all->governed_ns) / (double)GW_NS_PER_S;
    uint64_t others_ns = cpu_ns - all->governed_cpu_ns;
    uint64_t ticks_ns = all->totals.cpu_ns - all->governed_tick_ns;
    others_ns = others_ns > ticks_ns ? others_ns - ticks_ns : 0;
    if (all->governed_ns && seconds > 0)
        all->others_ns += ((double)others_ns / seconds - all->others_ns) / AVERAGE_OF;
    all->governed_ns = now_ns;
    all->governed_cpu_ns = cpu_ns;
    all->governed_tick_ns = all->totals.cpu_ns;
    for (size_t i = 0; i < all->n; i++)
        claims[i] = (struct gw_claim){.asked_hz = all->items[i]->schedule.asked_hz,
                                      .tick_ns = all->items[i]->tick_ns};
    double budget_ns = max_cpu * (double)GW_NS_PER_S;
    gw_governor_share(claims, all->n, gw_governor_for_ticks(budget_ns, all->others_ns));
    all->degraded = 0;
    for (size_t i = 0; i < all->n; i++) {
        gw_schedule_set_rate(&all->items[i]->schedule, claims[i].rate_hz);
        all->degraded += claims[i].rate_hz < 0.99 * claims[i].asked_hz;
    }
}
