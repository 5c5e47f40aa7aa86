/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes below the recorded ones: found as they come, tried until they are a Python or have
 * shown that they will not be one, forgotten when they have gone. Knows pids only.
 */
#ifndef GW_SAMPLE_DESCENDANTS_H
#define GW_SAMPLE_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/limits.h"

/* A process that has been seen. */
struct gw_descendant {
    pid_t pid;
    uint64_t start_ticks;
    uint64_t start_stack; /* another one after an exec: then it is tried again */
    uint64_t seen_ns, retry_ns;
    bool settled; /* taken up, or skipped for good */
    bool patient; /* never skipped for good while it lives */
};

#define GW_MAX_DESCENDANTS (4u * GW_MAX_PROCESSES)

/* Zeroed is empty. */
struct gw_descendants {
    struct gw_descendant items[GW_MAX_DESCENDANTS];
    size_t n;
    pid_t roots[GW_MAX_PROCESSES]; /* whose descendants are looked for */
    size_t n_roots;
    uint64_t next_ns;
};

/* Look below this process from now on. */
void gw_descendants_add_root(struct gw_descendants *all, pid_t pid);

/* Put a process on the list of those to be tried, unless it is there or is no more. */
void gw_descendants_note(struct gw_descendants *all, pid_t pid, bool patient, uint64_t now_ns);

/* A process became another program: it is tried again, whether it was on the list or not. */
void gw_descendants_again(struct gw_descendants *all, pid_t pid, uint64_t now_ns);

/* Forget those that have gone, take those up again that are another program now, and with `search`
 * find new ones; does so a few times a second, more often while one may be about to start. False:
 * nothing was done yet. */
bool gw_descendants_update(struct gw_descendants *all, bool search, uint64_t now_ns);

/* The next one to be tried now, from *i on (0 at first); NULL: no more. */
struct gw_descendant *gw_descendants_due(struct gw_descendants *all, size_t *i, uint64_t now_ns);

/* It was tried and is not a Python yet: true if it may still become one, and is tried again. */
bool gw_descendant_may_start(struct gw_descendant *item, uint64_t now_ns);

/* One of them has not been settled yet. */
bool gw_descendants_pending(const struct gw_descendants *all);

#endif
