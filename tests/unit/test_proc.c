/* SPDX-License-Identifier: Apache-2.0 */
#include "target/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "support/child.h"

static const char *own_path;

/* Parsing */

#define STAT_TAIL                                                                                  \
    " S 41 42 42 0 -1 4194304 222 0 0 0 17 18 0 0 20 -5 3 0 123456789012 2940928 409 "             \
    "18446744073709551615 94 95 140723 0 0 0 0 0 0 0 0 0 17 3 0 0\n"

/* From the eleventh field up to the CPU. */
#define STAT_MIDDLE " 0 0 0 17 18 0 0 20 -5 3 0 1 2 3 4 5 6 7 0 0 0 0 0 0 0 0 0 17"

static void test_stat_parse(void **state)
{
    (void)state;
    static const char *const names[] = {"(python3)", "()", "(a) R 1 (b)", "(x)\n) Z 9 9 (", "())"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[256];
        /* The fourth one has no ')' at its end: the kernel would add it. */
        const char *close = names[i][strlen(names[i]) - 1] == ')' ? "" : ")";
        snprintf(text, sizeof text, "4711 %s%s" STAT_TAIL, names[i], close);
        struct gw_proc_stat stat;
        assert_int_equal(gw_proc_stat_parse(gw_span_of(text, strlen(text)), &stat), 0);
        assert_int_equal(stat.state, 'S');
        assert_int_equal(stat.ppid, 41);
        assert_int_equal(stat.flags, 4194304);
        assert_true(stat.utime_ticks == 17 && stat.stime_ticks == 18);
        assert_true(stat.start_ticks == 123456789012);
        assert_true(stat.start_stack == 140723);
        assert_int_equal(stat.last_cpu, 3);
    }
}

static void test_stat_parse_bad(void **state)
{
    (void)state;
    static const char good[] = "4711 (python3)" STAT_TAIL;
    struct gw_proc_stat stat = {.ppid = 77};
    /* Cut before the end of the last field that is used: always an error, never a read too far. */
    size_t needed = (size_t)(strstr(good, " 17 3 0 0\n") - good) + 5;
    for (size_t len = 0; len < needed; len++) {
        char *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, good, len);
        assert_int_equal(gw_proc_stat_parse(gw_span_of(exact, len), &stat), -GW_E_BAD_DATA);
        free(exact);
    }
    static const char *const bad[] = {
        "1 (x) S x 42 42 0 -1 4194304 222" STAT_MIDDLE " 0 0",
        "1 (x) S -4 42 42 0 -1 4194304 222" STAT_MIDDLE " 0 0",
        "1 (x) S 4 42 42 0 -1 -4194304 222" STAT_MIDDLE " 0 0",
        "1 (x) S 4 42 42 0 -1 4194304  222" STAT_MIDDLE " 0 0",
        "1 (x) S 4 42 42 0 -1 4194304 99999999999999999999" STAT_MIDDLE " 0 0",
        "1 (x) S 4 42 42 0 -1 4194304 222" STAT_MIDDLE " -1 0",
        "1 (x) S 4 42 42 0 -1 4194304 222" STAT_MIDDLE " 2147483648 0",
        "1 (x) S 4 42 42 0 -1 4194304 222" STAT_MIDDLE " x 0",
        "1 (x) S 4 42 42 0 -1 4194304 222" STAT_MIDDLE "  0 0",
        "1 (x) S 4 42 42 0 -1 4194304 222" STAT_MIDDLE,
        "1 (x S" STAT_TAIL,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(gw_proc_stat_parse(gw_span_of(bad[i], strlen(bad[i])), &stat),
                         -GW_E_BAD_DATA);
    assert_int_equal(stat.ppid, 77);
    /* What the bad ones are like but for one field. */
    static const char whole[] = "1 (x) S 4 42 42 0 -1 4194304 222" STAT_MIDDLE " 2147483647 0";
    assert_int_equal(gw_proc_stat_parse(gw_span_of(whole, strlen(whole)), &stat), 0);
    assert_int_equal(stat.last_cpu, 2147483647);
}

static void test_children_parse(void **state)
{
    (void)state;
    pid_t pids[2] = {0, 0};
    assert_int_equal(gw_proc_children_parse(gw_span_of("", 0), pids, 2), 0);
    static const char three[] = "12 4711 3 ";
    assert_int_equal(gw_proc_children_parse(gw_span_of(three, strlen(three)), pids, 2), 3);
    assert_int_equal(pids[0], 12);
    assert_int_equal(pids[1], 4711);
    static const char *const bad[] = {"12", " 12 ", "12 x ", "0 ", "2147483648 ", "-3 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(gw_proc_children_parse(gw_span_of(bad[i], strlen(bad[i])), pids, 2),
                         -GW_E_BAD_DATA);
}

/* Opening */

static void test_open(void **state)
{
    (void)state;
    pid_t pid = child_start(NULL, NULL);
    struct gw_proc proc;
    struct gw_diag diag = {0};
    assert_int_equal(gw_proc_open(pid, &proc, &diag), 0);
    assert_int_equal(diag.code, 0);
    assert_int_equal(proc.pid, pid);
    assert_int_equal(proc.ns_pid, pid);
    char exe[4096] = "";
    assert_true(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
    assert_string_equal(proc.exe, exe);
    struct stat st;
    assert_int_equal(stat(exe, &st), 0);
    assert_true(proc.exe_inode == st.st_ino && proc.exe_dev == st.st_dev);
    assert_true(proc.start_ticks > 0);
    gw_proc_close(&proc);
    assert_int_equal(proc.stat_fd, -1);
    child_end(pid);
    assert_int_equal(gw_proc_open(pid, &proc, &diag), -ESRCH);
    assert_int_equal(diag.code, -ESRCH);
    assert_string_equal(diag.why, "there is no process with this id");
    assert_int_equal(gw_proc_open(pid, &proc, NULL), -ESRCH);
    assert_int_equal(gw_proc_open(-1, &proc, NULL), -ESRCH);
    assert_int_equal(gw_proc_open(0, &proc, NULL), -ESRCH);
}

static void leave(void *data)
{
    (void)data;
    _exit(0);
}

static void test_open_zombie(void **state)
{
    (void)state;
    pid_t pid = child_start(leave, NULL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    struct gw_proc proc;
    struct gw_diag diag = {0};
    assert_int_equal(gw_proc_open(pid, &proc, &diag), -ESRCH);
    assert_string_equal(diag.why, "it has ended (a zombie)");
    child_end(pid);
}

static void test_open_kernel_thread(void **state)
{
    (void)state;
    struct gw_proc_stat stat;
    if (gw_proc_stat_read(2, 0, &stat) != 0 || !(stat.flags & 0x00200000)) {
        print_message("skipped: process 2 is no kernel thread here\n");
        skip();
    }
    struct gw_proc proc;
    assert_int_equal(gw_proc_open(2, &proc, NULL), -GW_E_NOT_PYTHON);
}

/* A file that is kept open tells anew at each call, and of a thread that has ended, that. */
static void test_stat_pread(void **state)
{
    (void)state;
    pid_t pid = child_start(NULL, NULL);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct gw_proc_stat by_fd = {0}, by_pid = {0};
    assert_int_equal(gw_proc_stat_pread(fd, &by_fd), 0);
    assert_int_equal(gw_proc_stat_read(pid, 0, &by_pid), 0);
    assert_int_equal(by_fd.ppid, getpid());
    assert_true(by_fd.start_ticks == by_pid.start_ticks && by_fd.start_ticks > 0);
    assert_in_range(by_fd.last_cpu, 0, CPU_SETSIZE - 1);
    kill(pid, SIGSTOP);
    CHILD_AWAIT(gw_proc_stat_pread(fd, &by_fd) == 0 && by_fd.state == 'T');
    assert_int_equal(by_fd.state, 'T');
    child_end(pid);
    assert_int_equal(gw_proc_stat_pread(fd, &by_fd), -ESRCH);
    close(fd);
    assert_int_equal(gw_proc_stat_pread(-1, &by_fd), -EBADF);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(gw_proc_stat_pread(fd, &by_fd), -GW_E_BAD_DATA);
    close(fd);
    assert_int_equal(by_fd.state, 'T');
}

/* Threads */

struct thread {
    pthread_t handle;
    pid_t tid;
    pthread_barrier_t *barrier;
};

static void *thread_main(void *data)
{
    struct thread *thread = data;
    thread->tid = (pid_t)syscall(SYS_gettid);
    prctl(PR_SET_NAME, "w\xffrk;\n)");
    pthread_barrier_wait(thread->barrier);
    pthread_barrier_wait(thread->barrier);
    return NULL;
}

#define N_THREADS 5

/* Other threads of ours (a sanitizer's) may be listed beside those that are started here. */
static void test_tasks(void **state)
{
    (void)state;
    struct thread threads[N_THREADS];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, N_THREADS + 1);
    for (size_t i = 0; i < N_THREADS; i++) {
        threads[i].barrier = &barrier;
        assert_int_equal(pthread_create(&threads[i].handle, NULL, thread_main, &threads[i]), 0);
    }
    pthread_barrier_wait(&barrier);
    pid_t tids[64];
    ssize_t n = gw_proc_tasks(getpid(), tids, 64);
    assert_in_range(n, N_THREADS + 1, 64);
    size_t found = 0;
    for (ssize_t i = 0; i < n; i++) {
        assert_true(i == 0 || tids[i] > tids[i - 1]);
        for (size_t k = 0; k < N_THREADS; k++)
            found += threads[k].tid == tids[i];
    }
    assert_int_equal(found, N_THREADS);
    assert_int_equal(gw_proc_tasks(getpid(), tids, 2), n);
    assert_int_equal(gw_proc_tasks(getpid(), NULL, 0), n);

    char name[64];
    assert_int_equal(gw_proc_comm(getpid(), threads[0].tid, name, sizeof name), 0);
    assert_string_equal(name, "w\\xffrk;\n)");
    struct gw_proc_stat stat;
    assert_int_equal(gw_proc_stat_read(getpid(), threads[0].tid, &stat), 0);
    assert_int_equal(stat.ppid, getppid());
    assert_int_equal(gw_proc_ns_tid(getpid(), threads[0].tid), threads[0].tid);

    struct gw_proc proc;
    struct gw_diag diag = {0};
    assert_int_equal(gw_proc_open(threads[0].tid, &proc, &diag), -ESRCH);
    assert_string_equal(diag.why, "it is a thread, not a process");
    char fix[64];
    snprintf(fix, sizeof fix, "give the id of the process: %d", getpid());
    assert_string_equal(diag.fix, fix);

    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i].handle, NULL);
    pthread_barrier_destroy(&barrier);
}

/* A process of two threads, one of which has the larger share of the children. */
static void *fork_twice(void *data)
{
    (void)data;
    child_start(NULL, NULL);
    child_start(NULL, NULL);
    pause();
    return NULL;
}

static void have_three_children(void *data)
{
    (void)data;
    pthread_t thread;
    child_start(NULL, NULL);
    pthread_create(&thread, NULL, fork_twice, NULL);
}

static void test_children(void **state)
{
    (void)state;
    pid_t parent = child_start(have_three_children, NULL);
    pid_t pids[8] = {0};
    ssize_t n = 0;
    CHILD_AWAIT((n = gw_proc_children(parent, pids, 8)) >= 3);
    assert_int_equal(n, 3);
    for (ssize_t i = 0; i < n; i++) {
        struct gw_proc_stat stat;
        assert_int_equal(gw_proc_stat_read(pids[i], 0, &stat), 0);
        assert_int_equal(stat.ppid, parent);
        assert_true(i == 0 || pids[i] > pids[i - 1]);
    }
    pids[1] = -7;
    assert_int_equal(gw_proc_children(parent, pids, 1), 3);
    assert_int_equal(pids[1], -7);
    assert_int_equal(gw_proc_children(pids[0], pids, 8), 0);
    child_end(parent);
    assert_int_equal(gw_proc_children(parent, pids, 8), -ESRCH);
    assert_int_equal(gw_proc_tasks(parent, pids, 8), -ESRCH);
    char name[64];
    assert_int_equal(gw_proc_comm(parent, parent, name, sizeof name), -ESRCH);
    assert_int_equal(gw_proc_ns_tid(parent, parent), -ESRCH);
}

/* Fate */

static enum gw_proc_fate await_fate(const struct gw_proc *proc, enum gw_proc_fate wanted)
{
    CHILD_AWAIT(gw_proc_fate(proc) == wanted);
    return gw_proc_fate(proc);
}

static void test_fate_stop_and_end(void **state)
{
    (void)state;
    pid_t pid = child_start(NULL, NULL);
    struct gw_proc proc;
    assert_int_equal(gw_proc_open(pid, &proc, NULL), 0);
    assert_int_equal(gw_proc_fate(&proc), GW_PROC_RUNS);
    assert_int_equal(gw_proc_fate_quick(&proc), GW_PROC_RUNS);
    kill(pid, SIGSTOP);
    assert_int_equal(await_fate(&proc, GW_PROC_STOPPED), GW_PROC_STOPPED);
    assert_int_equal(gw_proc_fate_quick(&proc), GW_PROC_STOPPED);
    kill(pid, SIGCONT);
    assert_int_equal(await_fate(&proc, GW_PROC_RUNS), GW_PROC_RUNS);
    kill(pid, SIGKILL);
    assert_int_equal(await_fate(&proc, GW_PROC_ENDED), GW_PROC_ENDED); /* a zombie */
    waitpid(pid, NULL, 0);
    assert_int_equal(gw_proc_fate(&proc), GW_PROC_ENDED);
    assert_int_equal(gw_proc_fate_quick(&proc), GW_PROC_ENDED);
    gw_proc_close(&proc);
}

static void test_fate_traced(void **state)
{
    (void)state;
    pid_t pid = child_start(NULL, NULL);
    struct gw_proc proc;
    assert_int_equal(gw_proc_open(pid, &proc, NULL), 0);
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0) {
        gw_proc_close(&proc);
        child_end(pid);
        print_message("skipped: may not trace a child\n");
        skip();
    }
    assert_int_equal(gw_proc_fate(&proc), GW_PROC_RUNS);
    assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(gw_proc_fate_quick(&proc), GW_PROC_STOPPED);
    assert_int_equal(ptrace(PTRACE_DETACH, pid, 0, 0), 0);
    assert_int_equal(await_fate(&proc, GW_PROC_RUNS), GW_PROC_RUNS);
    gw_proc_close(&proc);
    child_end(pid);
}

/* The child waits for a byte before it calls exec, so that it can be opened in time. */
struct exec {
    int pipe[2];
    const char *program;
};

static void exec_when_told(void *data)
{
    const struct exec *exec = data;
    char byte;
    if (read(exec->pipe[0], &byte, 1) == 1)
        execl(exec->program, exec->program, "30", (char *)NULL);
}

static void check_exec(const char *program, bool stack_seen)
{
    struct exec exec = {.program = program};
    assert_int_equal(pipe(exec.pipe), 0);
    pid_t pid = child_start(exec_when_told, &exec);
    struct gw_proc proc;
    assert_int_equal(gw_proc_open(pid, &proc, NULL), 0);
    if (!stack_seen)
        proc.start_stack = 0;
    assert_int_equal(gw_proc_fate(&proc), GW_PROC_RUNS);
    assert_int_equal(write(exec.pipe[1], "", 1), 1);
    assert_int_equal(await_fate(&proc, GW_PROC_EXECED), GW_PROC_EXECED);
    /* The kernel changes the executable a moment before the stack. */
    CHILD_AWAIT(!stack_seen || gw_proc_fate_quick(&proc) == GW_PROC_EXECED);
    assert_int_equal(gw_proc_fate_quick(&proc), stack_seen ? GW_PROC_EXECED : GW_PROC_RUNS);
    gw_proc_close(&proc);
    child_end(pid);
    close(exec.pipe[0]);
    close(exec.pipe[1]);
}

static void test_fate_exec(void **state)
{
    (void)state;
    check_exec("/bin/sleep", true);
    check_exec("/bin/sleep", false);
}

static void test_fate_exec_of_the_same_program(void **state)
{
    (void)state;
    check_exec(own_path, true);
}

/* A pid that now belongs to somebody else, which cannot be arranged: the start time tells. */
static void test_fate_reused_pid(void **state)
{
    (void)state;
    struct gw_proc proc;
    assert_int_equal(gw_proc_open(getpid(), &proc, NULL), 0);
    proc.start_ticks++;
    assert_int_equal(gw_proc_fate(&proc), GW_PROC_ENDED);
    gw_proc_close(&proc);
}

static bool write_text(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return written;
}

/* Make a cgroup v2 to freeze in, wherever that hierarchy is mounted. */
static bool make_group(char *group, size_t cap)
{
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        char mark[64];
        snprintf(mark, sizeof mark, "%s/cgroup.controllers", mounts[i]);
        snprintf(group, cap, "%s/gw-test-%d", mounts[i], getpid());
        if (access(mark, F_OK) == 0 && mkdir(group, 0755) == 0)
            return true;
    }
    return false;
}

static void test_fate_frozen(void **state)
{
    (void)state;
    char group[128], pid_text[16];
    if (!make_group(group, sizeof group)) {
        print_message("skipped: no cgroup v2 can be made here\n");
        skip();
    }
    pid_t pid = child_start(NULL, NULL);
    snprintf(pid_text, sizeof pid_text, "%d", pid);
    bool moved = write_text(group, "cgroup.procs", pid_text);
    struct gw_proc proc;
    int opened = gw_proc_open(pid, &proc, NULL);
    enum gw_proc_fate before = gw_proc_fate(&proc);
    bool told = write_text(group, "cgroup.freeze", "1");
    enum gw_proc_fate frozen = await_fate(&proc, GW_PROC_STOPPED);
    write_text(group, "cgroup.freeze", "0");
    enum gw_proc_fate after = await_fate(&proc, GW_PROC_RUNS);
    gw_proc_close(&proc);
    child_end(pid);
    rmdir(group);
    if (!moved || !told) {
        print_message("skipped: may not put a process into a cgroup and freeze it\n");
        skip();
    }
    assert_int_equal(opened, 0);
    assert_int_equal(before, GW_PROC_RUNS);
    assert_int_equal(frozen, GW_PROC_STOPPED);
    assert_int_equal(after, GW_PROC_RUNS);
}

static void start_first_of_namespace(void *data)
{
    (void)data;
    if (unshare(CLONE_NEWPID) == 0)
        child_start(NULL, NULL);
}

static void test_pid_namespace(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root makes pid namespaces here\n");
        skip();
    }
    pid_t outer = child_start(start_first_of_namespace, NULL);
    pid_t inner = 0;
    CHILD_AWAIT(gw_proc_children(outer, &inner, 1) == 1);
    struct gw_proc proc;
    int rc = gw_proc_open(inner, &proc, NULL);
    child_end(outer);
    assert_int_equal(rc, 0);
    assert_int_equal(proc.pid, inner);
    assert_int_equal(proc.ns_pid, 1);
    gw_proc_close(&proc);
}

int main(int argc, char **argv)
{
    /* What check_exec starts. */
    if (argc > 1)
        return (int)sleep((unsigned)atoi(argv[1]));
    own_path = argv[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat_parse),
        cmocka_unit_test(test_stat_parse_bad),
        cmocka_unit_test(test_children_parse),
        cmocka_unit_test(test_stat_pread),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_open_zombie),
        cmocka_unit_test(test_open_kernel_thread),
        cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_children),
        cmocka_unit_test(test_fate_stop_and_end),
        cmocka_unit_test(test_fate_traced),
        cmocka_unit_test(test_fate_exec),
        cmocka_unit_test(test_fate_exec_of_the_same_program),
        cmocka_unit_test(test_fate_reused_pid),
        cmocka_unit_test(test_fate_frozen),
        cmocka_unit_test(test_pid_namespace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
