/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/descendants.h"

#include "base/clock.h"
#include "target/proc.h"

#define UPDATE_NS (20 * 1000000ull)
#define UPDATE_SOON_NS (1000000ull) /* while one is about to become a Python */
#define PATIENCE_NS (GW_NS_PER_S)   /* it may be between fork and a started interpreter */
#define RETRY_NS (2 * 1000000ull)   /* the second try; then ever later, up to ... */
#define RETRY_MAX_NS (GW_NS_PER_S / 2)
#define MAX_TREE_DEPTH 32

void gw_descendants_add_root(struct gw_descendants *all, pid_t pid)
{
    for (size_t i = 0; i < all->n_roots; i++)
        if (all->roots[i] == pid)
            return;
    if (all->n_roots < GW_MAX_PROCESSES)
        all->roots[all->n_roots++] = pid;
}

static bool is_known(const struct gw_descendants *all, pid_t pid, uint64_t start_ticks)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].pid == pid && all->items[i].start_ticks == start_ticks)
            return true;
    return false;
}

void gw_descendants_note(struct gw_descendants *all, pid_t pid, bool patient, uint64_t now_ns)
{
    struct gw_proc_stat stat;
    if (all->n == GW_MAX_DESCENDANTS || gw_proc_stat_read(pid, 0, &stat) || stat.state == 'Z' ||
        is_known(all, pid, stat.start_ticks))
        return;
    all->items[all->n++] = (struct gw_descendant){.pid = pid,
                                                  .start_ticks = stat.start_ticks,
                                                  .start_stack = stat.start_stack,
                                                  .seen_ns = now_ns,
                                                  .retry_ns = now_ns,
                                                  .patient = patient};
}

void gw_descendants_again(struct gw_descendants *all, pid_t pid, uint64_t now_ns)
{
    gw_descendants_note(all, pid, false, now_ns);
    for (size_t i = 0; i < all->n; i++) {
        if (all->items[i].pid != pid)
            continue;
        all->items[i].settled = false;
        all->items[i].seen_ns = all->items[i].retry_ns = now_ns;
    }
}

static void forget_gone(struct gw_descendants *all, uint64_t now_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->n; i++) {
        struct gw_proc_stat stat;
        struct gw_descendant item = all->items[i];
        if (gw_proc_stat_read(item.pid, 0, &stat) || stat.state == 'Z' ||
            stat.start_ticks != item.start_ticks)
            continue;
        if (stat.start_stack != item.start_stack) {
            item.start_stack = stat.start_stack;
            item.seen_ns = item.retry_ns = now_ns;
            item.settled = false;
        }
        all->items[kept++] = item;
    }
    all->n = kept;
}

static void note_below(struct gw_descendants *all, pid_t pid, uint64_t now_ns, int depth)
{
    pid_t found[GW_MAX_PROCESSES];
    ssize_t n = gw_proc_children(pid, found, GW_MAX_PROCESSES);
    for (ssize_t i = 0; i < n && i < (ssize_t)GW_MAX_PROCESSES; i++) {
        gw_descendants_note(all, found[i], false, now_ns);
        if (depth > 0)
            note_below(all, found[i], now_ns, depth - 1);
    }
}

bool gw_descendants_pending(const struct gw_descendants *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (!all->items[i].settled)
            return true;
    return false;
}

/* One that was seen a moment ago, and may be a Python the next. */
static bool any_young(const struct gw_descendants *all, uint64_t now_ns)
{
    for (size_t i = 0; i < all->n; i++)
        if (!all->items[i].settled && now_ns - all->items[i].seen_ns < PATIENCE_NS)
            return true;
    return false;
}

bool gw_descendants_update(struct gw_descendants *all, bool search, uint64_t now_ns)
{
    if (now_ns < all->next_ns)
        return false;
    forget_gone(all, now_ns);
    for (size_t i = 0; search && i < all->n_roots; i++)
        note_below(all, all->roots[i], now_ns, MAX_TREE_DEPTH);
    all->next_ns = now_ns + (any_young(all, now_ns) ? UPDATE_SOON_NS : UPDATE_NS);
    return true;
}

struct gw_descendant *gw_descendants_due(struct gw_descendants *all, size_t *i, uint64_t now_ns)
{
    for (; *i < all->n; (*i)++)
        if (!all->items[*i].settled && now_ns >= all->items[*i].retry_ns)
            return &all->items[(*i)++];
    return NULL;
}

bool gw_descendant_may_start(struct gw_descendant *item, uint64_t now_ns)
{
    uint64_t age_ns = now_ns - item->seen_ns;
    uint64_t pause_ns = RETRY_NS + age_ns / 8;
    item->retry_ns = now_ns + (pause_ns < RETRY_MAX_NS ? pause_ns : RETRY_MAX_NS);
    return item->patient || age_ns < PATIENCE_NS;
}
