/* SPDX-License-Identifier: Apache-2.0 */
/* The small files under /proc; the first byte says which. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "target/cpus.h"
#include "target/proc.h"
#include "target/proc_facts.h"
#include "target/task.h"

static void parse_syscall(struct gw_span text)
{
    struct gw_syscall call;
    if (gw_syscall_parse(text, &call) < 0)
        return;
    if (gw_syscall_classify(EM_X86_64, &call) > GW_SYSCALL_OTHER ||
        gw_syscall_classify(EM_AARCH64, &call) > GW_SYSCALL_OTHER)
        abort();
}

static void parse_cpus(struct gw_span text)
{
    static struct gw_cpus cpus, none;
    cpu_set_t all;
    memset(&all, 0xff, sizeof all);
    if (gw_cpus_parse(text, &cpus) > 0)
        abort();
    int chosen = gw_cpus_choose(&none, &cpus, &all, 0, 100);
    if (chosen < -1 || chosen >= GW_MAX_CPUS)
        abort();
    /* What is above INT32_MAX seems to go back: no idle time. */
    if (chosen >= 0 && (cpus.idle[chosen] > INT32_MAX ||
                        (cpus.idle[0] <= INT32_MAX && cpus.idle[chosen] <= cpus.idle[0])))
        abort();
}

static void parse_cgroup(struct gw_span text)
{
    char path[GW_MAX_STRING], unit[64], container[GW_CONTAINER_ID + 1];
    if (!gw_proc_cgroup_parse(text, path, sizeof path))
        return;
    if (gw_cgroup_unit(path, unit, sizeof unit) && (strchr(unit, '/') || !strstr(path, unit)))
        abort();
    if (gw_cgroup_container(path, container) && strlen(container) != GW_CONTAINER_ID)
        abort();
}

static void parse_environ(struct gw_span text)
{
    char value[64];
    if (gw_environ_find(text, "A", value, sizeof value) && strlen(value) >= sizeof value)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_span text = gw_span_of(data, size);
    uint8_t which;
    struct gw_proc_stat stat;
    struct gw_schedstat schedstat;
    uint64_t last_ran;
    pid_t pids[4];
    uid_t uid;
    if (!gw_span_u8(&text, &which))
        return 0;
    if (which == 't' && gw_proc_stat_parse(text, &stat) == 0 &&
        (stat.ppid < 0 || stat.last_cpu < 0))
        abort();
    if (which == 'd' && gw_schedstat_parse(text, &schedstat) > 0)
        abort();
    if (which == 'h' && gw_sched_parse(text, &last_ran) > 0)
        abort();
    if (which == 'u' && gw_proc_uid_parse(text, &uid) > 0)
        abort();
    if (which == 'g')
        parse_cgroup(text);
    if (which == 'e')
        parse_environ(text);
    if (which == 'p')
        parse_cpus(text);
    if (which == 's')
        parse_syscall(text);
    if (which == 'c' && gw_proc_children_parse(text, pids, 4) > 0 && pids[0] <= 0)
        abort();
    return 0;
}
