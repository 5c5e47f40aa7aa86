/* SPDX-License-Identifier: Apache-2.0 */
#include "target/task.h"

#include <elf.h>
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedstat_parse),
        cmocka_unit_test(test_sleeps),
        cmocka_unit_test(test_running),
        cmocka_unit_test(test_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
