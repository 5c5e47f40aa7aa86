/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and reading the files of one process or task under /proc. */
#ifndef GW_TARGET_PROCFILE_H
#define GW_TARGET_PROCFILE_H

#include <stddef.h>
#include <sys/types.h>

/* Open /proc/PID/NAME, or /proc/PID/task/TID/NAME if tid is not 0, for reading. Returns a
 * descriptor (the caller's), -ESRCH if there is no such process or task, -ENOENT if this kernel has
 * no such file, or another -errno. */
int gw_procfile_open(pid_t pid, pid_t tid, const char *name);

/* Read from the start of an open file with one pread(2): what fits into cap bytes. Returns bytes,
 * -ESRCH if the task behind it has ended, or another -errno. */
ssize_t gw_procfile_pread(int fd, void *buf, size_t cap);

/* Open, pread, close. */
ssize_t gw_procfile_read(pid_t pid, pid_t tid, const char *name, void *buf, size_t cap);

#endif
