/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/exit_code.h"
#include "options.h"
#include "target/task.h"

static void print_help(void)
{
    printf("Usage: gilwait doctor [-p PID]\n"
           "Check every permission, kernel feature and version that matters. Each line is ok, or\n"
           "says the one thing to do.\n\n"
           "  -p, --pid PID   check this process as well\n"
           "  -h, --help      this text\n");
}

/* What the checks have come to: the first failure decides the exit code. */
struct doctor {
    int code;
};

static void say_ok(const char *subject, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say_ok(const char *subject, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("ok    %-22s ", subject);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

static void say_bad(struct doctor *doctor, int code, const char *subject, const char *why,
                    const char *fix)
{
    printf("FAIL  %-22s %s\n      %-22s -> %s\n", subject, why, "", fix);
    if (doctor->code == GW_EXIT_OK)
        doctor->code = code;
}

static void say_note(const char *subject, const char *what, const char *fix)
{
    printf("note  %-22s %s\n      %-22s -> %s\n", subject, what, "", fix);
}

/* First line of a small file; false if it cannot be read. */
static bool read_line(const char *path, char *out, size_t cap)
{
    GW_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, cap - 1);
    if (got < 0)
        return false;
    out[got] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return true;
}

/* --- this machine
 * ---------------------------------------------------------------------------------- */

static bool has_ptrace_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    if (syscall(SYS_capget, &header, data))
        return false;
    return data[0].effective & (1u << CAP_SYS_PTRACE);
}

static void check_kernel(struct doctor *doctor)
{
    struct utsname name;
    if (uname(&name) == 0)
        say_ok("kernel", "Linux %s, %s", name.release, name.machine);
    int word = 42, copy = 0;
    struct gw_rmem self = gw_rmem_of(getpid());
    int err = gw_rmem_read(&self, (gw_raddr)(uintptr_t)&word, &copy, sizeof copy);
    if (!err && copy == word)
        say_ok("process_vm_readv", "works");
    else
        say_bad(doctor, GW_EXIT_DENIED, "process_vm_readv", strerror(-err),
                "allow process_vm_readv in the seccomp profile of this container");
}

static void check_task_files(struct doctor *doctor)
{
    struct gw_task task;
    struct gw_schedstat stat;
    int err = gw_task_open(getpid(), gettid(), &task);
    if (err) {
        say_bad(doctor, GW_EXIT_DENIED, "/proc/PID/syscall", strerror(-err),
                "use a kernel with CONFIG_HAVE_ARCH_TRACEHOOK; gVisor has no such file");
        return;
    }
    say_ok("/proc/PID/syscall", "there");
    if (gw_task_schedstat(&task, &stat) == 0 && stat.slices)
        say_ok("/proc/PID/schedstat", "there, CPU and run-queue time are exact");
    else
        say_note("/proc/PID/schedstat", "missing: threads without a CPU cannot be told apart",
                 "use a kernel with CONFIG_SCHED_INFO");
    gw_task_close(&task);
}

static void check_rights(void)
{
    char scope[16];
    if (has_ptrace_capability())
        say_ok("CAP_SYS_PTRACE", "held: processes of all users can be recorded");
    else
        say_note("CAP_SYS_PTRACE", "not held: only processes of this user can be recorded",
                 "for others: run as root, or give this container --cap-add=SYS_PTRACE");
    if (!read_line("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof scope)) {
        say_ok("ptrace_scope", "no Yama on this kernel: no further limit");
        return;
    }
    if (scope[0] == '0' || (scope[0] < '3' && has_ptrace_capability()))
        say_ok("ptrace_scope", "%s: does not hinder", scope);
    else if (scope[0] == '3')
        say_note("ptrace_scope", "3: nobody may read another process until the next boot",
                 "boot with kernel.yama.ptrace_scope=0 or 1");
    else
        say_note("ptrace_scope", "without CAP_SYS_PTRACE only `gilwait run` works",
                 "run as root, or: sudo sysctl kernel.yama.ptrace_scope=0");
}

static void check_viewer(void)
{
    char path[4096];
    if (gw_viewer_path(path, sizeof path))
        say_ok("gilwait-view", "%s", path);
    else
        say_note("gilwait-view", "not beside gilwait", "install it there, or on the PATH");
}

/* --- a target
 * ---------------------------------------------------------------------------------------- */

static void check_open(struct doctor *doctor, pid_t pid)
{
    struct gw_definitions definitions;
    struct gw_session *session;
    struct gw_diag diag = {0};
    if (gw_definitions_init(&definitions))
        return;
    int err = gw_session_open(pid, 1000, &definitions, &session, &diag);
    if (err) {
        say_bad(doctor, gw_exit_from_error(err), "attach",
                diag.why[0] ? diag.why : gw_error_sentence(err),
                diag.fix[0] ? diag.fix : "give the pid of a running Python");
        gw_definitions_fini(&definitions);
        return;
    }
    const struct gw_python *python = gw_session_python(session);
    const struct gw_proc *proc = gw_session_proc(session);
    say_ok("interpreter", "CPython %s in %s (by %s)", python->version, python->binary,
           python->found_by);
    say_ok("threads", "%zu with a Python thread state", gw_session_n_threads(session));
    if (proc->ns_pid != proc->pid)
        say_ok("pid namespace", "another one: it is %d in there", proc->ns_pid);
    if (gw_proc_fate(proc) == GW_PROC_STOPPED)
        say_note("run state", "stopped or frozen: nothing will be seen to run",
                 "kill -CONT it, or thaw its cgroup");
    else
        say_ok("run state", "runs");
    gw_session_close(session);
    gw_definitions_fini(&definitions);
}

static void check_owner(struct doctor *doctor, pid_t pid)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d", pid);
    if (stat(path, &status)) {
        say_bad(doctor, GW_EXIT_GONE, "process", "there is no process with this id",
                "look for the right one with: pgrep -a python");
        return;
    }
    if (status.st_uid == geteuid())
        say_ok("owner", "uid %u, as this program", status.st_uid);
    else if (has_ptrace_capability())
        say_ok("owner", "uid %u; CAP_SYS_PTRACE allows it", status.st_uid);
    else
        say_bad(doctor, GW_EXIT_DENIED, "owner", "belongs to another user",
                "run as that user or as root");
    check_open(doctor, pid);
}

int gw_cmd_doctor(int argc, char **argv)
{
    static const struct option longs[] = {
        {"pid", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct doctor doctor = {.code = GW_EXIT_OK};
    pid_t pid = 0;
    int letter;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":p:h", longs, NULL)) != -1) {
        switch (letter) {
        case 'p':
            if (!gw_parse_pid(optarg, &pid))
                return gw_usage_error("doctor", "'%s' is no process id", optarg);
            break;
        case 'h':
            print_help();
            return GW_EXIT_OK;
        case ':':
            return gw_usage_error("doctor", "%s needs a value", argv[optind - 1]);
        default:
            return gw_usage_error("doctor", "unknown option %s", argv[optind - 1]);
        }
    }
    if (optind < argc)
        return gw_usage_error("doctor", "'%s' is one argument too many", argv[optind]);
    check_kernel(&doctor);
    check_task_files(&doctor);
    check_rights();
    check_viewer();
    if (pid)
        check_owner(&doctor, pid);
    return doctor.code;
}
