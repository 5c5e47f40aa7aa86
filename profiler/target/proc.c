/* SPDX-License-Identifier: Apache-2.0 */
#include "target/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "target/procfile.h"
#include "target/scan.h"

#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD, include/linux/sched.h */

/* Fields of a stat file as proc(5) counts them; the first after the name is 3. */
enum {
    FIELD_PPID = 4,
    FIELD_FLAGS = 9,
    FIELD_UTIME = 14,
    FIELD_STIME = 15,
    FIELD_STARTTIME = 22,
    FIELD_STARTSTACK = 28,
    FIELD_PROCESSOR = 39,
    N_FIELDS,
};

/* A field is signed or not: both are kept in 64 bits. */
static bool parse_field(struct gw_span *text, uint64_t *out)
{
    int64_t negative;
    if (!gw_scan_char(text, ' '))
        return false;
    if (gw_scan_u64(text, 10, out))
        return true;
    if (!gw_scan_i64(text, &negative))
        return false;
    *out = (uint64_t)negative;
    return true;
}

int gw_proc_stat_parse(struct gw_span text, struct gw_proc_stat *out)
{
    const uint8_t *name_end = text.len ? memrchr(text.at, ')', text.len) : NULL;
    uint8_t state;
    if (!name_end || !gw_span_skip(&text, (size_t)(name_end + 1 - text.at)) ||
        !gw_scan_char(&text, ' ') || !gw_span_u8(&text, &state))
        return -GW_E_BAD_DATA;
    uint64_t fields[N_FIELDS] = {0};
    for (size_t i = FIELD_PPID; i < N_FIELDS; i++)
        if (!parse_field(&text, &fields[i]))
            return -GW_E_BAD_DATA;
    if (fields[FIELD_PPID] > INT_MAX || fields[FIELD_FLAGS] > UINT_MAX ||
        fields[FIELD_PROCESSOR] > INT_MAX)
        return -GW_E_BAD_DATA;
    *out = (struct gw_proc_stat){
        .state = (char)state,
        .ppid = (pid_t)fields[FIELD_PPID],
        .flags = (unsigned)fields[FIELD_FLAGS],
        .utime_ticks = fields[FIELD_UTIME],
        .stime_ticks = fields[FIELD_STIME],
        .start_ticks = fields[FIELD_STARTTIME],
        .start_stack = fields[FIELD_STARTSTACK],
        .last_cpu = (int)fields[FIELD_PROCESSOR],
    };
    return 0;
}

/* 51 numbers of at most 20 digits, the name and the state. */
#define STAT_ROOM 1536

int gw_proc_stat_pread(int fd, struct gw_proc_stat *out)
{
    char text[STAT_ROOM];
    ssize_t len = gw_procfile_pread(fd, text, sizeof text);
    return len < 0 ? (int)len : gw_proc_stat_parse(gw_span_of(text, (size_t)len), out);
}

int gw_proc_stat_read(pid_t pid, pid_t tid, struct gw_proc_stat *out)
{
    GW_AUTO_FD fd = gw_procfile_open(pid, tid, "stat");
    return fd < 0 ? fd : gw_proc_stat_pread(fd, out);
}

/* Opening */

/* The rest of the line that starts with `key`, in a file of lines. *value is the caller's to free.
 * Returns 0, -GW_E_NOT_FOUND or an error of opening. */
static int read_line(pid_t pid, pid_t tid, const char *name, const char *key, char **value)
{
    int fd = gw_procfile_open(pid, tid, name);
    if (fd < 0)
        return fd;
    GW_AUTO_FILE file = fdopen(fd, "r");
    if (!file) {
        close(fd);
        return -ENOMEM;
    }
    GW_AUTO_FREE char *line = NULL;
    size_t room = 0, key_len = strlen(key);
    ssize_t len;
    while ((len = getline(&line, &room, file)) > 0) {
        if (strncmp(line, key, key_len) != 0)
            continue;
        if (line[len - 1] == '\n')
            line[len - 1] = '\0';
        *value = strdup(line + key_len);
        return *value ? 0 : -ENOMEM;
    }
    return -GW_E_NOT_FOUND;
}

/* The last of the numbers on a line of a status file. */
static pid_t read_status_pid(pid_t pid, pid_t tid, const char *key)
{
    GW_AUTO_FREE char *value = NULL;
    int rc = read_line(pid, tid, "status", key, &value);
    if (rc < 0)
        return rc;
    struct gw_span text = gw_span_of(value, strlen(value));
    uint64_t number = 0;
    gw_scan_spaces(&text);
    while (gw_scan_u64(&text, 10, &number))
        gw_scan_spaces(&text);
    return number > 0 && number <= INT_MAX && text.len == 0 ? (pid_t)number : -GW_E_BAD_DATA;
}

pid_t gw_proc_ns_tid(pid_t pid, pid_t tid)
{
    return read_status_pid(pid, tid, "NSpid:");
}

/* cgroup.events of the process's cgroup v2 (Documentation/admin-guide/cgroup-v2.rst), where the
 * hierarchy is mounted alone or beside version 1. The root cgroup has none; a path that leads out
 * of our cgroup namespace starts with "/.." and cannot be reached. */
static int open_freezer(pid_t pid)
{
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    GW_AUTO_FREE char *group = NULL;
    if (read_line(pid, 0, "cgroup", "0::", &group) < 0 || strncmp(group, "/..", 3) == 0)
        return -1;
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        GW_AUTO_FREE char *path = NULL;
        if (asprintf(&path, "%s%s/cgroup.events", mounts[i], group) < 0)
            return -1;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

static bool is_frozen(int freezer_fd)
{
    char text[256];
    ssize_t len = freezer_fd < 0 ? -1 : gw_procfile_pread(freezer_fd, text, sizeof text);
    return len > 0 && memmem(text, (size_t)len, "frozen 1", 8);
}

/* Device and inode of the executable; both 0 if they may not be seen. */
static void read_exe_id(pid_t pid, uint64_t *dev, uint64_t *inode)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    bool seen = stat(path, &st) == 0;
    *dev = seen ? st.st_dev : 0;
    *inode = seen ? st.st_ino : 0;
}

static void read_exe(struct gw_proc *proc)
{
    static const char mark[] = " (deleted)";
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", proc->pid);
    ssize_t got = readlink(path, proc->exe, sizeof proc->exe - 1);
    size_t len = got > 0 ? (size_t)got : 0;
    size_t mark_len = sizeof mark - 1;
    if (len > mark_len && memcmp(proc->exe + len - mark_len, mark, mark_len) == 0)
        len -= mark_len;
    proc->exe[len] = '\0';
    read_exe_id(proc->pid, &proc->exe_dev, &proc->exe_inode);
}

static int refuse(struct gw_diag *diag, pid_t pid, int code, const char *why)
{
    gw_diag_why(diag, "%s", why);
    return gw_diag_what(diag, code, "cannot open process %d", pid);
}

/* /proc has nothing by this number, or something we may not open. */
static int refuse_absent(struct gw_diag *diag, pid_t pid, int code)
{
    if (code != -ESRCH)
        return refuse(diag, pid, code, gw_error_sentence(code));
    if (pid <= 0 || (kill(pid, 0) != 0 && errno != EPERM))
        return refuse(diag, pid, code, "there is no process with this id");
    gw_diag_fix(diag, "run it as the user of that process, or as root");
    return refuse(diag, pid, -EACCES, "/proc does not show it (mount option hidepid)");
}

/* A thread's id works as a directory under /proc as well, but names no process. */
static int check_is_process(pid_t pid, struct gw_diag *diag)
{
    pid_t leader = read_status_pid(pid, 0, "Tgid:");
    if (leader < 0)
        return refuse_absent(diag, pid, leader);
    if (leader == pid)
        return 0;
    gw_diag_fix(diag, "give the id of the process: %d", leader);
    return refuse(diag, pid, -ESRCH, "it is a thread, not a process");
}

/* Open what tells the process from a later one with the same pid. The stat file opened first and
 * read last proves that the pid was the same process's all the time. */
static int open_identity(struct gw_proc *proc, struct gw_diag *diag)
{
    proc->stat_fd = gw_procfile_open(proc->pid, 0, "stat");
    if (proc->stat_fd < 0)
        return refuse_absent(diag, proc->pid, proc->stat_fd);
    int rc = check_is_process(proc->pid, diag);
    if (rc < 0)
        return rc;
    proc->pidfd = (int)syscall(SYS_pidfd_open, proc->pid, 0);
    struct gw_proc_stat stat;
    rc = gw_proc_stat_pread(proc->stat_fd, &stat);
    if (rc < 0)
        return refuse_absent(diag, proc->pid, rc);
    if (stat.state == 'Z' || stat.state == 'X')
        return refuse(diag, proc->pid, -ESRCH, "it has ended (a zombie)");
    if (stat.flags & KERNEL_THREAD)
        return refuse(diag, proc->pid, -GW_E_NOT_PYTHON, "it is a thread of the kernel");
    proc->start_ticks = stat.start_ticks;
    proc->start_stack = stat.start_stack;
    return 0;
}

int gw_proc_open(pid_t pid, struct gw_proc *out, struct gw_diag *diag)
{
    *out = (struct gw_proc){.pid = pid, .pidfd = -1, .stat_fd = -1, .freezer_fd = -1};
    int rc = open_identity(out, diag);
    if (rc < 0) {
        gw_proc_close(out);
        return rc;
    }
    read_exe(out);
    out->freezer_fd = open_freezer(pid);
    pid_t ns_pid = gw_proc_ns_tid(pid, pid);
    out->ns_pid = ns_pid > 0 ? ns_pid : pid;
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void gw_proc_close(struct gw_proc *proc)
{
    close_fd(&proc->pidfd);
    close_fd(&proc->stat_fd);
    close_fd(&proc->freezer_fd);
}

/* Fate */

enum gw_proc_fate gw_proc_fate_quick(const struct gw_proc *proc)
{
    struct gw_proc_stat stat;
    if (gw_proc_stat_pread(proc->stat_fd, &stat) < 0 || stat.start_ticks != proc->start_ticks)
        return GW_PROC_ENDED;
    switch (stat.state) {
    case 'Z':
    case 'X':
        return GW_PROC_ENDED;
    case 'T':
    case 't':
        return GW_PROC_STOPPED;
    default:
        /* A process that is just going down has given up its stack and shows 0. */
        return stat.start_stack && proc->start_stack && stat.start_stack != proc->start_stack
                   ? GW_PROC_EXECED
                   : GW_PROC_RUNS;
    }
}

enum gw_proc_fate gw_proc_fate(const struct gw_proc *proc)
{
    enum gw_proc_fate fate = gw_proc_fate_quick(proc);
    if (fate == GW_PROC_ENDED)
        return fate;
    uint64_t dev, inode;
    read_exe_id(proc->pid, &dev, &inode);
    if (inode && proc->exe_inode && (dev != proc->exe_dev || inode != proc->exe_inode))
        return GW_PROC_EXECED;
    return fate == GW_PROC_RUNS && is_frozen(proc->freezer_fd) ? GW_PROC_STOPPED : fate;
}

int gw_proc_comm(pid_t pid, pid_t tid, char *out, size_t cap)
{
    uint8_t name[64];
    ssize_t len = gw_procfile_read(pid, tid, "comm", name, sizeof name);
    if (len < 0)
        return (int)len;
    if (len > 0 && name[len - 1] == '\n')
        len--;
    gw_text_from_bytes(name, (size_t)len, out, cap);
    return 0;
}
