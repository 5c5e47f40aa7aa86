/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's figures in Prometheus' text format, version 0.0.4. gilwait-agent(1) lists them. */
#ifndef GW_AGENT_METRICS_H
#define GW_AGENT_METRICS_H

#include <stdio.h>

#include "targets.h"

/* What the agent knows of itself. */
struct gw_agent_state {
    double max_cpu;
    uint64_t cpu_ns, resident_bytes, max_memory_bytes;
    double start_s; /* wall clock, seconds since 1970 */
    uint64_t scans, scan_ns;
    bool reload_ok;
    double reload_s;      /* wall clock of the last one that succeeded */
    uint64_t requests[6]; /* by the first digit of their status, 1 to 5 */
};

/* Write all of it; the sums are to be settled before. */
void gw_metrics_write(FILE *out, const struct gw_targets *targets,
                      const struct gw_processes *processes, const struct gw_agent_state *state);

#endif
