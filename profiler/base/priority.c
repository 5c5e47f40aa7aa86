/* SPDX-License-Identifier: Apache-2.0 */
#include "base/priority.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000u
#define REALTIME_US 200000u
#define RESET_ON_FORK 1u

/* struct sched_attr of include/uapi/linux/sched/types.h, which glibc has only since 2.41. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

static rlim_t former_us = RLIM_INFINITY; /* what the soft limit was */
static bool bounded;                     /* it is lower now: for all threads */

static bool set(struct attributes attributes)
{
    attributes.size = sizeof attributes;
    attributes.flags = RESET_ON_FORK;
    return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

/* nice is part of what is set: it stays as it is. */
static bool set_fair(uint64_t slice_ns)
{
    errno = 0;
    int nice = getpriority(PRIO_PROCESS, 0);
    return errno == 0 &&
           set((struct attributes){.policy = SCHED_OTHER, .nice = nice, .runtime_ns = slice_ns});
}

static void on_too_long(int number)
{
    (void)number;
    int error = errno;
    set_fair(0);
    errno = error;
}

/* The soft limit sends a signal again and again, the hard one kills: it has to be far enough away.
 */
static bool bound_realtime(void)
{
    struct rlimit limit;
    struct sigaction action = {.sa_handler = on_too_long, .sa_flags = SA_RESTART};
    if (bounded)
        return true;
    if (getrlimit(RLIMIT_RTTIME, &limit) != 0 || limit.rlim_max < 4 * REALTIME_US ||
        sigaction(SIGXCPU, &action, NULL) != 0)
        return false;
    former_us = limit.rlim_cur;
    limit.rlim_cur = REALTIME_US;
    bounded = setrlimit(RLIMIT_RTTIME, &limit) == 0;
    return bounded;
}

enum gw_priority gw_priority_raise(bool realtime)
{
    if (realtime && bound_realtime() &&
        set((struct attributes){.policy = SCHED_FIFO, .priority = 1}))
        return GW_PRIORITY_REALTIME;
    return set_fair(SLICE_NS) ? GW_PRIORITY_SHORT_SLICE : GW_PRIORITY_NORMAL;
}

void gw_priority_reset(void)
{
    struct rlimit limit;
    set_fair(0);
    if (getrlimit(RLIMIT_RTTIME, &limit) == 0) {
        limit.rlim_cur = former_us < limit.rlim_max ? former_us : limit.rlim_max;
        setrlimit(RLIMIT_RTTIME, &limit);
    }
    bounded = false;
}
