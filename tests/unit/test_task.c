/* SPDX-License-Identifier: Apache-2.0 */
#include "target/task.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/error.h"
#include "support/child.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#endif

static void test_schedstat_parse(void **state)
{
    (void)state;
    struct gw_schedstat stat;
    static const char good[] = "26588979 3124088 18446744073709551615\n";
    assert_int_equal(gw_schedstat_parse(gw_span_of(good, strlen(good)), &stat), 0);
    assert_true(stat.cpu_ns == 26588979 && stat.run_queue_ns == 3124088);
    assert_true(stat.slices == UINT64_MAX);
    static const char *const bad[] = {
        "", "1 2 3", "1 2\n", "1 2 x\n", "-1 2 3\n", "1  2 3\n", "1 2 18446744073709551616\n",
    };
    stat.slices = 5;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(gw_schedstat_parse(gw_span_of(bad[i], strlen(bad[i])), &stat),
                         -GW_E_BAD_DATA);
    assert_true(stat.slices == 5);
}

#define SCHED_HEAD                                                                                 \
    "python3 (4711, #threads: 3)\n"                                                                \
    "-------------------------------------------------------------------\n"
#define SCHED_KEY "se.exec_start                                :"

static void test_sched_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {
        {SCHED_HEAD SCHED_KEY "       2475079.107760\n" SCHED_KEY "  1.000000\n", 2475079107760},
        {SCHED_HEAD SCHED_KEY "             0.000000\n", 0},
        {SCHED_HEAD SCHED_KEY "             0.000001\n", 1},
        {SCHED_HEAD "se.vruntime : 7.000000\nse.exec_start:2.000003\n", 2000003},
        {SCHED_HEAD SCHED_KEY "\t18446744073708.999999\n", 18446744073708999999u},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t ns = 77;
        assert_int_equal(gw_sched_parse(gw_span_of(good[i].text, strlen(good[i].text)), &ns), 0);
        assert_true(ns == good[i].ns);
    }
}

static void test_sched_parse_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n",
        SCHED_HEAD,
        SCHED_KEY " 1.000000\n", /* the first line is the name's */
        SCHED_HEAD "xse.exec_start : 1.000000\n",
        SCHED_HEAD "se.exec_start_not : 1.000000\n",
        SCHED_HEAD "se.exec_start 1.000000\n",
        SCHED_HEAD SCHED_KEY "\n1.000000\n",
        SCHED_HEAD SCHED_KEY " -1.000000\n",
        SCHED_HEAD SCHED_KEY " 1\n",
        SCHED_HEAD SCHED_KEY " 1.\n",
        SCHED_HEAD SCHED_KEY " 1.-00001\n",
        SCHED_HEAD SCHED_KEY " 1 .000001\n",
        SCHED_HEAD SCHED_KEY " .000001\n",
        SCHED_HEAD SCHED_KEY " 1.1000000\n",
        SCHED_HEAD SCHED_KEY " 18446744073709.000000\n",
        SCHED_HEAD SCHED_KEY " 99999999999999999999.000000\n",
        SCHED_HEAD SCHED_KEY " 1.99999999999999999999\n",
        /* A thread may be called like the line. */
        "\nse.exec_start (4711, #threads: 3)\n",
        "\nse.exec_start: (4711, #threads: 3)\n",
    };
    uint64_t ns = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(gw_sched_parse(gw_span_of(bad[i], strlen(bad[i])), &ns), -GW_E_BAD_DATA);
    static const char whole[] = SCHED_HEAD SCHED_KEY "       2475079.107760\n";
    size_t needed = (size_t)(strchr(whole, '.') - whole) + 2;
    for (size_t len = 0; len < needed; len++) {
        char *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, whole, len);
        assert_int_equal(gw_sched_parse(gw_span_of(exact, len), &ns), -GW_E_BAD_DATA);
        free(exact);
    }
    assert_true(ns == 77);
}

struct sleeper {
    int pipe[2];
    uint32_t word;
};

static void in_read(void *data)
{
    char byte;
    while (read(((struct sleeper *)data)->pipe[0], &byte, 1) > 0)
        continue;
}

static void in_poll(void *data)
{
    poll(&(struct pollfd){.fd = ((struct sleeper *)data)->pipe[0], .events = POLLIN}, 1, 100000);
}

static void in_empty_select(void *data)
{
    (void)data;
    pselect(0, NULL, NULL, NULL, &(struct timespec){.tv_sec = 100}, NULL);
}

static void in_nanosleep(void *data)
{
    (void)data;
    syscall(SYS_nanosleep, &(struct timespec){.tv_sec = 100}, NULL);
}

static void in_futex(void *data)
{
    syscall(SYS_futex, &((struct sleeper *)data)->word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0,
            &(struct timespec){.tv_sec = 1000000000}, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void in_wait(void *data)
{
    (void)data;
    waitpid(child_start(NULL, NULL), NULL, 0);
}

/* Wait until the child sleeps in a call of the class. */
static enum gw_syscall_class await_class(const struct gw_task *task, struct gw_syscall *call,
                                         enum gw_syscall_class class)
{
    enum gw_syscall_class seen = GW_SYSCALL_OTHER;
    CHILD_AWAIT(gw_task_syscall(task, call) == 0 &&
                (seen = gw_syscall_classify(OWN_MACHINE, call)) == class);
    return seen;
}

/* What each kind of sleep looks like from outside, at once and after a stop, after which the kernel
 * may have restarted the call under another number. */
static void test_sleeps(void **state)
{
    (void)state;
    static const struct {
        void (*body)(void *data);
        enum gw_syscall_class class;
    } cases[] = {
        {NULL, GW_SYSCALL_SLEEP},         {in_read, GW_SYSCALL_IO},
        {in_poll, GW_SYSCALL_IO},         {in_empty_select, GW_SYSCALL_SLEEP},
        {in_nanosleep, GW_SYSCALL_SLEEP}, {in_futex, GW_SYSCALL_FUTEX},
        {in_wait, GW_SYSCALL_CHILD},
    };
    struct sleeper sleeper = {.word = 0};
    assert_int_equal(pipe(sleeper.pipe), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pid_t pid = child_start(cases[i].body, &sleeper);
        struct gw_task task;
        assert_int_equal(gw_task_open(pid, pid, &task), 0);
        assert_int_equal(task.tid, pid);
        struct gw_syscall call;
        assert_int_equal(await_class(&task, &call, cases[i].class), cases[i].class);
        assert_true(call.sp != 0 && call.pc != 0);
        kill(pid, SIGSTOP);
        assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
        kill(pid, SIGCONT);
        assert_int_equal(waitpid(pid, NULL, WCONTINUED), pid);
        assert_int_equal(await_class(&task, &call, cases[i].class), cases[i].class);
        if (cases[i].class == GW_SYSCALL_FUTEX)
            assert_true(call.args[0] == (uintptr_t)&sleeper.word);
        gw_task_close(&task);
        child_end(pid);
    }
    close(sleeper.pipe[0]);
    close(sleeper.pipe[1]);
}

static void spin(void *data)
{
    (void)data;
    for (volatile unsigned i = 0;; i = i + 1)
        continue;
}

static void test_running(void **state)
{
    (void)state;
    pid_t pid = child_start(spin, NULL);
    struct gw_task task;
    assert_int_equal(gw_task_open(pid, pid, &task), 0);
    struct gw_syscall call = {.kind = GW_SYSCALL_OUTSIDE};
    CHILD_AWAIT(gw_task_syscall(&task, &call) == 0 && call.kind == GW_SYSCALL_RUNNING);
    assert_int_equal(call.kind, GW_SYSCALL_RUNNING);
    struct gw_schedstat before, after;
    assert_int_equal(gw_task_schedstat(&task, &before), 0);
    after = before;
    CHILD_AWAIT(gw_task_schedstat(&task, &after) == 0 && after.cpu_ns > before.cpu_ns + 1000000);
    assert_true(after.cpu_ns > before.cpu_ns + 1000000);
    gw_task_close(&task);
    child_end(pid);
}

/* Bound to one CPU of ours after the other, it is seen on that one. */
static void test_last_cpu(void **state)
{
    (void)state;
    pid_t pid = child_start(spin, NULL);
    struct gw_task task;
    assert_int_equal(gw_task_open(pid, pid, &task), 0);
    assert_int_equal(task.stat_fd, -1);
    cpu_set_t allowed, one;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((size_t)cpu, &allowed))
            continue;
        CPU_ZERO(&one);
        CPU_SET((size_t)cpu, &one);
        assert_int_equal(sched_setaffinity(pid, sizeof one, &one), 0);
        int last = -1;
        CHILD_AWAIT(gw_task_last_cpu(&task, &last) == 0 && last == cpu);
        assert_int_equal(last, cpu);
    }
    int fd = task.stat_fd;
    assert_true(fd >= 0);
    child_end(pid);
    int last = -7;
    assert_int_equal(gw_task_last_cpu(&task, &last), -ESRCH);
    assert_int_equal(last, -7);
    gw_task_close(&task);
    assert_int_equal(task.stat_fd, -1);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(gw_task_last_cpu(&task, &last), -ESRCH); /* nor can it be opened */
}

/* Of a thread that sleeps the instant stays; of one that computes it goes on with the time. Both
 * are on one CPU: the clocks of two are not the same. */
static void test_last_ran(void **state)
{
    (void)state;
    cpu_set_t allowed, one;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    pid_t sleeping = child_start(NULL, NULL), running = child_start(spin, NULL);
    struct gw_task sleeper, runner;
    struct gw_syscall call;
    assert_int_equal(sched_setaffinity(0, sizeof allowed, &allowed), 0);
    assert_int_equal(gw_task_open(sleeping, sleeping, &sleeper), 0);
    assert_int_equal(gw_task_open(running, running, &runner), 0);
    await_class(&sleeper, &call, GW_SYSCALL_SLEEP);
    assert_int_equal(sleeper.sched_fd, -1);
    uint64_t slept = 0, slept_later = 0, ran = 0, ran_later = 0;
    int err = gw_task_last_ran(&sleeper, &slept);
    if (err != -ENOENT) {
        assert_int_equal(err, 0);
        assert_int_equal(gw_task_last_ran(&runner, &ran), 0);
        ran_later = ran;
        CHILD_AWAIT(gw_task_last_ran(&runner, &ran_later) == 0 && ran_later > ran + 20000000);
        assert_true(ran_later > ran + 20000000);
        assert_true(ran_later > slept);
        assert_int_equal(gw_task_last_ran(&sleeper, &slept_later), 0);
        assert_true(slept > 0 && slept_later == slept);
    }
    child_end(sleeping);
    child_end(running);
    assert_int_equal(gw_task_last_ran(&sleeper, &slept_later), -ESRCH);
    assert_true(slept_later == slept || err);
    int fd = sleeper.sched_fd;
    gw_task_close(&sleeper);
    gw_task_close(&runner);
    assert_int_equal(sleeper.sched_fd, -1);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(gw_task_last_ran(&sleeper, &slept), -ESRCH);
    if (err) {
        print_message("skipped: this kernel has no sched file\n");
        skip();
    }
}

/* The longest name that there is, and characters that the kernel does not escape. */
static void rename_and_sleep(void *data)
{
    prctl(PR_SET_NAME, (const char *)data);
}

static void test_last_ran_of_any_name(void **state)
{
    (void)state;
    static char names[][16] = {"", ")\n(: 1.000000\n", "fifteen letters", "se.exec_start :"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        pid_t pid = child_start(rename_and_sleep, names[i]);
        struct gw_task task;
        struct gw_syscall call;
        uint64_t ns = 0;
        assert_int_equal(gw_task_open(pid, pid, &task), 0);
        await_class(&task, &call, GW_SYSCALL_SLEEP);
        int err = gw_task_last_ran(&task, &ns);
        gw_task_close(&task);
        child_end(pid);
        if (err != -ENOENT)
            assert_true(err == 0 && ns > 1000000);
    }
}

static void test_ended(void **state)
{
    (void)state;
    pid_t pid = child_start(NULL, NULL);
    struct gw_task task;
    assert_int_equal(gw_task_open(pid, pid, &task), 0);
    child_end(pid);
    struct gw_syscall call;
    struct gw_schedstat stat;
    assert_int_equal(gw_task_syscall(&task, &call), -ESRCH);
    assert_int_equal(gw_task_schedstat(&task, &stat), -ESRCH);
    gw_task_close(&task);
    assert_int_equal(task.syscall_fd, -1);
    gw_task_close(&task);
    assert_int_equal(gw_task_open(pid, pid, &task), -ESRCH);
    struct gw_task without = {.syscall_fd = -1, .schedstat_fd = -1};
    assert_int_equal(gw_task_schedstat(&without, &stat), -ENODATA);
}

static void test_allow_files(void **state)
{
    (void)state;
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = 20;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    gw_task_allow_files();
    struct rlimit now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_true(now.rlim_cur == files.rlim_max && now.rlim_max == files.rlim_max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedstat_parse), cmocka_unit_test(test_sched_parse),
        cmocka_unit_test(test_sched_parse_bad), cmocka_unit_test(test_sleeps),
        cmocka_unit_test(test_running),         cmocka_unit_test(test_last_cpu),
        cmocka_unit_test(test_last_ran),        cmocka_unit_test(test_last_ran_of_any_name),
        cmocka_unit_test(test_ended),           cmocka_unit_test(test_allow_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
