/* SPDX-License-Identifier: Apache-2.0 */
#include "target/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Longest: two pids of ten digits, a map_files range of 33, the words between. */
#define PATH_ROOM 128

static void build_path(char *out, pid_t pid, pid_t tid, const char *name)
{
    if (tid)
        snprintf(out, PATH_ROOM, "/proc/%d/task/%d/%s", pid, tid, name);
    else
        snprintf(out, PATH_ROOM, "/proc/%d/%s", pid, name);
}

int gw_procfile_open(pid_t pid, pid_t tid, const char *name)
{
    char path[PATH_ROOM];
    build_path(path, pid, tid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        return fd;
    int rc = -errno;
    build_path(path, pid, tid, "");
    if (rc == -ENOENT && access(path, F_OK) != 0)
        return -ESRCH;
    return rc;
}

ssize_t gw_procfile_pread(int fd, void *buf, size_t cap)
{
    ssize_t got = pread(fd, buf, cap, 0);
    return got < 0 ? -errno : got;
}

ssize_t gw_procfile_read(pid_t pid, pid_t tid, const char *name, void *buf, size_t cap)
{
    GW_AUTO_FD fd = gw_procfile_open(pid, tid, name);
    return fd < 0 ? fd : gw_procfile_pread(fd, buf, cap);
}
