/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, in nanoseconds. */
#ifndef GW_BASE_CLOCK_H
#define GW_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define GW_NS_PER_S 1000000000ull

static inline uint64_t gw_clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * GW_NS_PER_S + (uint64_t)now.tv_nsec;
}

static inline uint64_t gw_monotonic_ns(void)
{
    return gw_clock_ns(CLOCK_MONOTONIC);
}

/* CPU time of this whole process. */
static inline uint64_t gw_own_cpu_ns(void)
{
    return gw_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* Peak resident memory of this process, in bytes. */
uint64_t gw_own_max_rss_bytes(void);

#endif
