/* SPDX-License-Identifier: Apache-2.0 */
#include "target/task.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "target/proc.h"
#include "target/procfile.h"
#include "target/scan.h"

/* Nine numbers of 64 bits, each with "0x" and a space, or three in base 10. */
#define LINE_ROOM 256
/* The name of a thread, a ruler, and the first line of numbers. */
#define SCHED_ROOM 512
#define DIGITS 6

void gw_task_allow_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files))
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int gw_task_open(pid_t pid, pid_t tid, struct gw_task *out)
{
    int syscall_fd = gw_procfile_open(pid, tid, "syscall");
    if (syscall_fd < 0)
        return syscall_fd;
    int schedstat_fd = gw_procfile_open(pid, tid, "schedstat");
    if (schedstat_fd < 0 && schedstat_fd != -ENOENT) {
        close(syscall_fd);
        return schedstat_fd;
    }
    *out = (struct gw_task){
        .pid = pid,
        .tid = tid,
        .syscall_fd = syscall_fd,
        .schedstat_fd = schedstat_fd < 0 ? -1 : schedstat_fd,
        .stat_fd = -1,
        .sched_fd = -1,
    };
    return 0;
}

void gw_task_close(struct gw_task *task)
{
    if (task->syscall_fd >= 0)
        close(task->syscall_fd);
    if (task->schedstat_fd >= 0)
        close(task->schedstat_fd);
    if (task->stat_fd >= 0)
        close(task->stat_fd);
    if (task->sched_fd >= 0)
        close(task->sched_fd);
    task->syscall_fd = task->schedstat_fd = task->stat_fd = task->sched_fd = -1;
}

int gw_schedstat_parse(struct gw_span text, struct gw_schedstat *out)
{
    struct gw_schedstat parsed;
    if (!gw_scan_u64(&text, 10, &parsed.cpu_ns) || !gw_scan_char(&text, ' ') ||
        !gw_scan_u64(&text, 10, &parsed.run_queue_ns) || !gw_scan_char(&text, ' ') ||
        !gw_scan_u64(&text, 10, &parsed.slices) || !gw_scan_char(&text, '\n'))
        return -GW_E_BAD_DATA;
    *out = parsed;
    return 0;
}

int gw_task_schedstat(const struct gw_task *task, struct gw_schedstat *out)
{
    if (task->schedstat_fd < 0)
        return -ENODATA;
    char line[LINE_ROOM];
    ssize_t len = gw_procfile_pread(task->schedstat_fd, line, sizeof line);
    if (len < 0)
        return (int)len;
    return gw_schedstat_parse(gw_span_of(line, (size_t)len), out);
}

int gw_task_syscall(const struct gw_task *task, struct gw_syscall *out)
{
    char line[LINE_ROOM];
    ssize_t len = gw_procfile_pread(task->syscall_fd, line, sizeof line);
    if (len < 0)
        return (int)len;
    return gw_syscall_parse(gw_span_of(line, (size_t)len), out);
}

int gw_task_last_cpu(struct gw_task *task, int *out)
{
    struct gw_proc_stat stat;
    if (task->stat_fd < 0)
        task->stat_fd = gw_procfile_open(task->pid, task->tid, "stat");
    if (task->stat_fd < 0)
        return task->stat_fd;
    int err = gw_proc_stat_pread(task->stat_fd, &stat);
    if (!err)
        *out = stat.last_cpu;
    return err;
}

/* "se.exec_start      :    2475079.107760": milliseconds with six digits behind the point. */
int gw_sched_parse(struct gw_span text, uint64_t *out_ns)
{
    static const char key[] = "\nse.exec_start";
    uint64_t ms, ns;
    const uint8_t *at = text.len ? memmem(text.at, text.len, key, sizeof key - 1) : NULL;
    if (!at || !gw_span_skip(&text, (size_t)(at - text.at) + sizeof key - 1))
        return -GW_E_BAD_DATA;
    gw_scan_spaces(&text);
    if (!gw_scan_char(&text, ':'))
        return -GW_E_BAD_DATA;
    gw_scan_spaces(&text);
    if (!gw_scan_u64(&text, 10, &ms) || !gw_scan_char(&text, '.') || text.len <= DIGITS ||
        text.at[DIGITS] != '\n' || !gw_scan_u64(&text, 10, &ns) || ms > UINT64_MAX / 1000000 - 1 ||
        ns > 999999)
        return -GW_E_BAD_DATA;
    *out_ns = ms * 1000000 + ns;
    return 0;
}

int gw_task_last_ran(struct gw_task *task, uint64_t *out_ns)
{
    char text[SCHED_ROOM];
    if (task->sched_fd < 0)
        task->sched_fd = gw_procfile_open(task->pid, task->tid, "sched");
    if (task->sched_fd < 0)
        return task->sched_fd;
    ssize_t len = gw_procfile_pread(task->sched_fd, text, sizeof text);
    return len < 0 ? (int)len : gw_sched_parse(gw_span_of(text, (size_t)len), out_ns);
}
