/* SPDX-License-Identifier: Apache-2.0 */
#include "target/task.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "target/procfile.h"
#include "target/scan.h"

/* Nine numbers of 64 bits, each with "0x" and a space, or three in base 10. */
#define LINE_ROOM 256

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
        .tid = tid,
        .syscall_fd = syscall_fd,
        .schedstat_fd = schedstat_fd < 0 ? -1 : schedstat_fd,
    };
    return 0;
}

void gw_task_close(struct gw_task *task)
{
    if (task->syscall_fd >= 0)
        close(task->syscall_fd);
    if (task->schedstat_fd >= 0)
        close(task->schedstat_fd);
    task->syscall_fd = task->schedstat_fd = -1;
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
