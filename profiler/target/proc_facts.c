/* SPDX-License-Identifier: Apache-2.0 */
#include "target/proc_facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "target/proc.h"
#include "target/procfile.h"
#include "target/scan.h"

#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD, include/linux/sched.h */
#define SMALL_FILE 16384u         /* the lines wanted of status and cgroup come early */

/* --- parsing ---------------------------------------------------------------------------------- */

/* Take the next line off the front, without its end. */
static bool take_line(struct gw_span *text, struct gw_span *line)
{
    if (text->len == 0)
        return false;
    const uint8_t *end = memchr(text->at, '\n', text->len);
    size_t len = end ? (size_t)(end - text->at) : text->len;
    return gw_span_take(text, len, line) && (!end || gw_span_skip(text, 1));
}

static bool starts_with(struct gw_span text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.at, prefix, len) == 0;
}

int gw_proc_uid_parse(struct gw_span status, uid_t *out)
{
    struct gw_span line;
    uint64_t real, effective;
    while (take_line(&status, &line)) {
        if (!starts_with(line, "Uid:"))
            continue;
        gw_span_skip(&line, 4);
        gw_scan_spaces(&line);
        if (!gw_scan_u64(&line, 10, &real))
            return -GW_E_BAD_DATA;
        gw_scan_spaces(&line);
        if (!gw_scan_u64(&line, 10, &effective) || effective > UINT32_MAX)
            return -GW_E_BAD_DATA;
        *out = (uid_t)effective;
        return 0;
    }
    return -GW_E_BAD_DATA;
}

/* Which of the hierarchies to believe, the higher the better. */
static int rank_hierarchy(struct gw_span line)
{
    const uint8_t *controllers = memchr(line.at, ':', line.len);
    if (!controllers)
        return 0;
    size_t number_len = (size_t)(controllers - line.at) + 1;
    struct gw_span rest = gw_span_of(line.at + number_len, line.len - number_len);
    if (starts_with(line, "0::"))
        return 3;
    if (starts_with(rest, "name=systemd:"))
        return 2;
    return memchr(rest.at, ':', rest.len) ? 1 : 0;
}

static void copy_path(struct gw_span line, char *out, size_t cap)
{
    for (int colons = 0; colons < 2; colons++) {
        const uint8_t *colon = memchr(line.at, ':', line.len);
        if (!colon || !gw_span_skip(&line, (size_t)(colon + 1 - line.at)))
            return;
    }
    gw_text_from_bytes(line.at, line.len, out, cap);
}

bool gw_proc_cgroup_parse(struct gw_span text, char *out, size_t cap)
{
    struct gw_span line;
    int best = 0;
    while (take_line(&text, &line)) {
        int rank = rank_hierarchy(line);
        if (rank <= best)
            continue;
        best = rank;
        copy_path(line, out, cap);
    }
    return best > 0;
}

bool gw_cgroup_unit(const char *cgroup, char *out, size_t cap)
{
    static const char suffix[] = ".service";
    bool found = false;
    for (const char *at = cgroup; *at;) {
        size_t len = strcspn(at, "/");
        if (len >= sizeof suffix && len < cap &&
            memcmp(at + len - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0) {
            memcpy(out, at, len);
            out[len] = '\0';
            found = true;
        }
        at += len;
        at += *at == '/';
    }
    return found;
}

bool gw_cgroup_container(const char *cgroup, char out[GW_CONTAINER_ID + 1])
{
    bool found = false;
    for (const char *at = cgroup; *at;) {
        size_t digits = strspn(at, "0123456789abcdef");
        if (digits == GW_CONTAINER_ID) {
            memcpy(out, at, digits);
            out[digits] = '\0';
            found = true;
        }
        at += digits ? digits : 1;
    }
    return found;
}

bool gw_environ_find(struct gw_span vars, const char *name, char *out, size_t cap)
{
    size_t len = strlen(name);
    while (vars.len > 0) {
        const uint8_t *nul = memchr(vars.at, 0, vars.len);
        if (!nul) /* cut: a value that is not whole is none */
            return false;
        struct gw_span entry = gw_span_of(vars.at, (size_t)(nul - vars.at));
        gw_span_skip(&vars, entry.len + 1);
        if (entry.len > len && memcmp(entry.at, name, len) == 0 && entry.at[len] == '=') {
            gw_text_from_bytes(entry.at + len + 1, entry.len - len - 1, out, cap);
            return true;
        }
    }
    return false;
}

/* --- reading ---------------------------------------------------------------------------------- */

bool gw_proc_env(pid_t pid, const char *name, char *out, size_t cap)
{
    GW_AUTO_FREE uint8_t *bytes = malloc(GW_MAX_ENVIRON);
    ssize_t len = bytes ? gw_procfile_read(pid, 0, "environ", bytes, GW_MAX_ENVIRON) : -1;
    return len > 0 && gw_environ_find(gw_span_of(bytes, (size_t)len), name, out, cap);
}

uint64_t gw_proc_resident_bytes(pid_t pid)
{
    char text[128];
    uint64_t size, resident;
    ssize_t len = gw_procfile_read(pid, 0, "statm", text, sizeof text);
    struct gw_span rest = gw_span_of(text, len > 0 ? (size_t)len : 0);
    if (!gw_scan_u64(&rest, 10, &size) || !gw_scan_char(&rest, ' ') ||
        !gw_scan_u64(&rest, 10, &resident))
        return 0;
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void read_exe(struct gw_proc_facts *out)
{
    static const char mark[] = " (deleted)";
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", out->pid);
    ssize_t got = readlink(path, out->exe, sizeof out->exe - 1);
    size_t len = got > 0 ? (size_t)got : 0, mark_len = sizeof mark - 1;
    if (len > mark_len && memcmp(out->exe + len - mark_len, mark, mark_len) == 0)
        len -= mark_len;
    out->exe[len] = '\0';
}

static void read_command(struct gw_proc_facts *out)
{
    uint8_t words[GW_MAX_COMMAND];
    ssize_t got = gw_procfile_read(out->pid, 0, "cmdline", out->argv, sizeof out->argv);
    out->argv_len = got > 0 ? (size_t)got : 0;
    size_t len = out->argv_len;
    while (len > 0 && out->argv[len - 1] == 0)
        len--;
    for (size_t i = 0; i < len; i++)
        words[i] = out->argv[i] ? out->argv[i] : ' ';
    gw_text_from_bytes(words, len, out->command, sizeof out->command);
}

static uint64_t age_of(uint64_t start_ticks)
{
    long per_second = sysconf(_SC_CLK_TCK);
    uint64_t started_ns =
        per_second > 0 ? (uint64_t)((double)start_ticks * (double)GW_NS_PER_S / (double)per_second)
                       : 0;
    uint64_t now_ns = gw_clock_ns(CLOCK_BOOTTIME);
    return now_ns > started_ns ? now_ns - started_ns : 0;
}

int gw_proc_facts_read(pid_t pid, struct gw_proc_facts *out)
{
    char text[SMALL_FILE];
    struct gw_proc_stat stat;
    int err = gw_proc_stat_read(pid, 0, &stat);
    if (err)
        return err;
    memset(out, 0, sizeof *out);
    out->pid = pid;
    out->parent_pid = stat.ppid;
    out->start_ticks = stat.start_ticks;
    out->start_stack = stat.start_stack;
    out->age_ns = age_of(stat.start_ticks);
    out->kernel_thread = stat.flags & KERNEL_THREAD;
    out->zombie = stat.state == 'Z' || stat.state == 'X';
    ssize_t len = gw_procfile_read(pid, 0, "status", text, sizeof text);
    if (len < 0)
        return (int)len;
    err = gw_proc_uid_parse(gw_span_of(text, (size_t)len), &out->uid);
    if (err)
        return err;
    len = gw_procfile_read(pid, 0, "cgroup", text, sizeof text);
    if (len > 0)
        gw_proc_cgroup_parse(gw_span_of(text, (size_t)len), out->cgroup, sizeof out->cgroup);
    read_exe(out);
    read_command(out);
    return 0;
}
