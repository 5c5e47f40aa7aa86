/* SPDX-License-Identifier: Apache-2.0 */
#include "target/cpus.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "target/scan.h"

#define FIELDS_TO_IDLE 3

/* "cpu12 user nice system idle ...\n"; the rest of the line is passed over. */
static bool parse_line(struct gw_span *text, uint64_t *cpu, uint64_t *idle)
{
    uint64_t skipped;
    if (text->len < 3 || memcmp(text->at, "cpu", 3) != 0 || !gw_span_skip(text, 3))
        return false;
    if (!gw_scan_u64(text, 10, cpu))
        *cpu = UINT64_MAX; /* the sum of all */
    gw_scan_spaces(text);
    for (int i = 0; i < FIELDS_TO_IDLE; i++) {
        if (!gw_scan_u64(text, 10, &skipped))
            return false;
        gw_scan_spaces(text);
    }
    if (!gw_scan_u64(text, 10, idle))
        return false;
    const uint8_t *end = memchr(text->at, '\n', text->len);
    return end && gw_span_skip(text, (size_t)(end + 1 - text->at));
}

int gw_cpus_parse(struct gw_span text, struct gw_cpus *out)
{
    uint64_t cpu, idle;
    bool any = false;
    memset(out, 0, sizeof *out);
    while (parse_line(&text, &cpu, &idle)) {
        any = true;
        if (cpu < GW_MAX_CPUS)
            out->idle[cpu] = (uint32_t)idle;
    }
    return any ? 0 : -GW_E_BAD_DATA;
}

/* 0 for a CPU that is not in both, and for a counter that seems to go back. */
static uint32_t idle_between(const struct gw_cpus *before, const struct gw_cpus *now, size_t cpu)
{
    int32_t idle = (int32_t)(now->idle[cpu] - before->idle[cpu]);
    return idle > 0 ? (uint32_t)idle : 0;
}

int gw_cpus_choose(const struct gw_cpus *before, const struct gw_cpus *now,
                   const cpu_set_t *allowed, int own, uint32_t ticks)
{
    int best = -1;
    uint32_t best_idle = 0;
    if (own < 0 || own >= GW_MAX_CPUS)
        return -1;
    for (size_t cpu = 0; cpu < GW_MAX_CPUS; cpu++) {
        uint32_t idle = idle_between(before, now, cpu);
        if (CPU_ISSET(cpu, allowed) && (best < 0 || idle > best_idle)) {
            best = (int)cpu;
            best_idle = idle;
        }
    }
    uint32_t own_idle = idle_between(before, now, (size_t)own);
    return best >= 0 && best_idle > own_idle + ticks / 4 ? best : -1;
}

static void move_to(int cpu, const cpu_set_t *allowed)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0)
        sched_setaffinity(0, sizeof *allowed, allowed);
}

void gw_room_find(struct gw_room *room, uint64_t now_ns)
{
    struct gw_cpus now;
    cpu_set_t allowed;
    GW_AUTO_FD fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, room->text, sizeof room->text);
    if (len < 0 || gw_cpus_parse(gw_span_of(room->text, (size_t)len), &now) ||
        sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    uint64_t ticks = (now_ns - room->last_ns) * (uint64_t)sysconf(_SC_CLK_TCK) / GW_NS_PER_S;
    if (room->last_ns && ticks < UINT32_MAX) {
        int cpu = gw_cpus_choose(&room->last, &now, &allowed, sched_getcpu(), (uint32_t)ticks);
        if (cpu >= 0)
            move_to(cpu, &allowed);
    }
    room->last = now;
    room->last_ns = now_ns;
}
