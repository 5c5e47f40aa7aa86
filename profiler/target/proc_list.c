/* SPDX-License-Identifier: Apache-2.0 */
/* The part of proc.h that lists: processes, tasks and children of a process. */
#include "target/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "target/procfile.h"
#include "target/scan.h"

static void sort_pids(pid_t *pids, size_t n)
{
    /* The kernel lists oldest first, so that this is one pass nearly always; qsort(3) would
     * allocate. */
    for (size_t i = 1; i < n; i++) {
        pid_t pid = pids[i];
        size_t at = i;
        for (; at > 0 && pids[at - 1] > pid; at--)
            pids[at] = pids[at - 1];
        pids[at] = pid;
    }
}

static bool is_child(pid_t pid, pid_t parent)
{
    struct gw_proc_stat stat;
    return gw_proc_stat_read(pid, 0, &stat) == 0 && stat.ppid == parent;
}

/* One buffer full of directory entries: store those that are numbers and, unless parent is 0, the
 * children of parent. Returns how many those are, stored or not; `n` are stored or counted so far.
 */
static size_t take_entries(const char *entries, size_t len, pid_t parent, pid_t *pids, size_t n,
                           size_t cap)
{
    for (size_t at = 0; at < len;) {
        const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
        at += entry->d_reclen;
        struct gw_span name = gw_span_of(entry->d_name, strlen(entry->d_name));
        uint64_t pid;
        if (!gw_scan_u64(&name, 10, &pid) || name.len > 0 || pid > INT_MAX)
            continue;
        if (parent && !is_child((pid_t)pid, parent))
            continue;
        if (n < cap)
            pids[n] = (pid_t)pid;
        n++;
    }
    return n;
}

/* Numbers in a directory under /proc, as gw_proc_tasks. getdents64(2), for opendir(3) allocates. */
static ssize_t list_pids(const char *path, pid_t parent, pid_t *pids, size_t cap)
{
    GW_AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    size_t n = 0;
    for (;;) {
        _Alignas(struct dirent64) char entries[8192];
        long len = syscall(SYS_getdents64, fd, entries, sizeof entries);
        if (len < 0)
            return errno == ENOENT ? -ESRCH : -errno;
        if (len == 0)
            break;
        n = take_entries(entries, (size_t)len, parent, pids, n, cap);
    }
    sort_pids(pids, n < cap ? n : cap);
    return (ssize_t)n;
}

ssize_t gw_proc_tasks(pid_t pid, pid_t *tids, size_t cap)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    ssize_t n = list_pids(path, 0, tids, cap);
    return n == 0 ? -ESRCH : n;
}

ssize_t gw_proc_all(pid_t *pids, size_t cap)
{
    return list_pids("/proc", 0, pids, cap);
}

ssize_t gw_proc_children_parse(struct gw_span text, pid_t *pids, size_t cap)
{
    size_t n = 0;
    while (text.len > 0) {
        uint64_t pid;
        if (!gw_scan_u64(&text, 10, &pid) || pid == 0 || pid > INT_MAX || !gw_scan_char(&text, ' '))
            return -GW_E_BAD_DATA;
        if (n < cap)
            pids[n] = (pid_t)pid;
        n++;
    }
    return (ssize_t)n;
}

/* Children of one task, added to the n that are there. Returns how many there are then. -ENOENT:
 * the kernel has no such file. */
static ssize_t add_children(pid_t pid, pid_t tid, pid_t *pids, size_t n, size_t cap)
{
    GW_AUTO_FD fd = gw_procfile_open(pid, tid, "children");
    if (fd < 0)
        return fd == -ESRCH ? (ssize_t)n : fd;
    char text[16384]; /* far more than GW_MAX_PROCESSES children */
    size_t len = 0;
    ssize_t got;
    while ((got = read(fd, text + len, sizeof text - len)) > 0)
        len += (size_t)got;
    if (len == sizeof text)
        return -GW_E_LIMIT;
    size_t stored = n < cap ? n : cap;
    ssize_t more = gw_proc_children_parse(gw_span_of(text, len), pids + stored, cap - stored);
    return more < 0 ? more : (ssize_t)n + more;
}

ssize_t gw_proc_children(pid_t pid, pid_t *pids, size_t cap)
{
    pid_t tids[GW_MAX_THREADS];
    ssize_t n_tids = gw_proc_tasks(pid, tids, GW_MAX_THREADS);
    if (n_tids < 0)
        return n_tids;
    ssize_t n = 0;
    for (size_t i = 0; i < (size_t)n_tids && i < GW_MAX_THREADS && n >= 0; i++)
        n = add_children(pid, tids[i], pids, (size_t)n, cap);
    if (n == -ENOENT)
        return list_pids("/proc", pid, pids, cap);
    if (n > 0)
        sort_pids(pids, (size_t)n < cap ? (size_t)n : cap);
    return n;
}
