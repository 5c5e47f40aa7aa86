/* SPDX-License-Identifier: Apache-2.0 */
#include "processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "consider.h"
#include "target/proc.h"

#define MAX_TREE_DEPTH 32
#define REFUSED_NS (30 * GW_NS_PER_S)

const char *gw_verdict_name(enum gw_verdict verdict)
{
    static const char *const names[] = {
#define GW_VERDICT_TEXT(name, text) [GW_VERDICT_##name] = text,
        GW_VERDICT_LIST(GW_VERDICT_TEXT)
#undef GW_VERDICT_TEXT
    };
    return names[verdict];
}

static void forget(struct gw_process *process)
{
    free(process->exe);
    free(process->service);
    free(process->why);
}

static int by_pid(const void *left, const void *right)
{
    const struct gw_process *one = left, *other = right;
    return (one->pid > other->pid) - (one->pid < other->pid);
}

static struct gw_process *find(const struct gw_processes *all, pid_t pid)
{
    struct gw_process key = {.pid = pid};
    return all->n ? bsearch(&key, all->items, all->n, sizeof key, by_pid) : NULL;
}

const struct gw_process *gw_processes_find(const struct gw_processes *all, pid_t pid)
{
    return find(all, pid);
}

void gw_process_refuse(struct gw_process *process, const char *why, uint64_t now_ns)
{
    char *copy = strdup(why);
    process->verdict = GW_VERDICT_UNABLE;
    process->look_ns = now_ns + REFUSED_NS;
    if (!copy)
        return; /* the sentence that is there has to do */
    free(process->why);
    process->why = copy;
}

void gw_processes_reconsider(struct gw_processes *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].is_python)
            all->items[i].look_ns = 0;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* The Python that has started this one as itself: by fork, or again by its own executable. */
static struct gw_process *parent_of(const struct gw_processes *all,
                                    const struct gw_process *process)
{
    struct gw_process *parent = process->exe ? find(all, process->parent_pid) : NULL;
    /* A parent is never younger: such a one has taken over the pid. */
    return parent && parent->is_python && parent->exe && *parent->exe &&
                   strcmp(parent->exe, process->exe) == 0 &&
                   parent->start_ticks <= process->start_ticks
               ? parent
               : NULL;
}

static int inherit(struct gw_process *process, const struct gw_process *from)
{
    if (process->service_told || !from->service || strcmp(process->service, from->service) == 0)
        return 0;
    char *service = strdup(from->service);
    if (!service)
        return -ENOMEM;
    free(process->service);
    process->service = service;
    return 0;
}

/* From the top of the tree down, so that a name goes all the way. */
static int group(struct gw_processes *all, struct gw_process *process, int depth)
{
    struct gw_process *parent = depth > 0 ? parent_of(all, process) : NULL;
    process->leader = process->pid;
    if (!parent)
        return 0;
    int err = group(all, parent, depth - 1);
    if (!err)
        err = inherit(process, parent);
    if (!err && parent->service && strcmp(process->service, parent->service) == 0)
        process->leader = parent->leader;
    return err;
}

static int group_all(struct gw_processes *all)
{
    int err = 0;
    for (size_t i = 0; !err && i < all->n; i++)
        if (all->items[i].is_python)
            err = group(all, &all->items[i], MAX_TREE_DEPTH);
    return err;
}

/* --- scan ------------------------------------------------------------------------------------- */

/* Whether this is still the program that was looked at. */
static bool is_same(const struct gw_process *known, const struct gw_proc_stat *stat)
{
    return known->start_ticks == stat->start_ticks &&
           (!known->start_stack || !stat->start_stack || known->start_stack == stat->start_stack);
}

/* What is known of a pid that is in use, or a fresh row; its place in the old table is emptied. */
static void take_over(struct gw_processes *all, pid_t pid, const struct gw_proc_stat *stat,
                      struct gw_process *out)
{
    struct gw_process *known = find(all, pid);
    *out = (struct gw_process){.pid = pid,
                               .start_ticks = stat->start_ticks,
                               .start_stack = stat->start_stack,
                               .rule = GW_NO_RULE};
    if (known && is_same(known, stat)) {
        *out = *known;
        known->exe = known->service = known->why = NULL;
    }
    out->parent_pid = stat->ppid;
}

static ssize_t list_processes(struct gw_processes *all)
{
    if (!all->pids)
        all->pids = calloc(GW_MAX_HOST_PROCESSES, sizeof *all->pids);
    if (!all->pids)
        return -ENOMEM;
    ssize_t n = gw_proc_all(all->pids, GW_MAX_HOST_PROCESSES);
    all->cut = n > (ssize_t)GW_MAX_HOST_PROCESSES;
    return all->cut ? (ssize_t)GW_MAX_HOST_PROCESSES : n;
}

int gw_processes_scan(struct gw_processes *all, const struct gw_config *config, uint64_t now_ns)
{
    ssize_t n_pids = list_processes(all);
    if (n_pids < 0)
        return (int)n_pids;
    struct gw_process *items = calloc((size_t)n_pids + 1, sizeof *items);
    if (!items)
        return -ENOMEM;
    size_t n = 0;
    int err = 0;
    for (ssize_t i = 0; i < n_pids; i++) {
        struct gw_proc_stat stat;
        if (gw_proc_stat_read(all->pids[i], 0, &stat))
            continue;
        struct gw_process *process = &items[n++];
        take_over(all, all->pids[i], &stat, process);
        if (!err && now_ns >= process->look_ns)
            err = gw_consider(process, config, now_ns);
    }
    for (size_t i = 0; i < all->n; i++)
        forget(&all->items[i]);
    free(all->items);
    all->items = items;
    all->n = n;
    return err ? err : group_all(all);
}

void gw_processes_fini(struct gw_processes *all)
{
    for (size_t i = 0; i < all->n; i++)
        forget(&all->items[i]);
    free(all->items);
    free(all->pids);
    *all = (struct gw_processes){0};
}
