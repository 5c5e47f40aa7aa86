/* SPDX-License-Identifier: Apache-2.0 */
#include "target/syscall.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/error.h"

static int parse(const char *text, struct gw_syscall *out)
{
    return gw_syscall_parse(gw_span_of(text, strlen(text)), out);
}

static void test_parse(void **state)
{
    (void)state;
    struct gw_syscall call;
    assert_int_equal(
        parse("202 0x7f00 0x189 0x0 0xffffffffffffffff 0x4 0x5 0x7ffd10 0x7f11\n", &call), 0);
    assert_int_equal(call.kind, GW_SYSCALL_INSIDE);
    assert_int_equal(call.nr, 202);
    assert_true(call.args[0] == 0x7f00 && call.args[1] == 0x189 && call.args[3] == UINT64_MAX);
    assert_true(call.args[5] == 5 && call.sp == 0x7ffd10 && call.pc == 0x7f11);
    assert_int_equal(parse("-1 0x7ffd10 0x7f11\n", &call), 0);
    assert_int_equal(call.kind, GW_SYSCALL_OUTSIDE);
    assert_true(call.nr == 0 && call.args[0] == 0 && call.sp == 0x7ffd10 && call.pc == 0x7f11);
    assert_int_equal(parse("running\n", &call), 0);
    assert_int_equal(call.kind, GW_SYSCALL_RUNNING);
    assert_true(call.sp == 0 && call.pc == 0);
}

static void test_parse_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n",
        "runnin",
        "running",
        "running 1\n",
        "202\n",
        "202 0x1 0x2 0x3 0x4 0x5 0x6 0x7\n",
        "202 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8",
        "202 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8 0x9\n",
        "202 1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n",
        "202 0x 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n",
        "202 0x10000000000000000 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n",
        "99999999999999999999 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n",
        "-1 0x1\n",
        "- 0x1 0x2\n",
    };
    struct gw_syscall call = {.nr = 77};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(parse(bad[i], &call), -GW_E_BAD_DATA);
    assert_int_equal(call.nr, 77);
}

static enum gw_syscall_class classify(unsigned machine, long nr, uint64_t a0, uint64_t a1,
                                      uint64_t a3)
{
    struct gw_syscall call = {.kind = GW_SYSCALL_INSIDE, .nr = nr, .args = {a0, a1, 0, a3}};
    return gw_syscall_classify(machine, &call);
}

/* The numbers of the machine the test runs on, as its own headers give them. */
static void test_own_numbers(void **state)
{
    (void)state;
#if defined(__x86_64__)
    unsigned machine = EM_X86_64;
#elif defined(__aarch64__)
    unsigned machine = EM_AARCH64;
#endif
    static const struct {
        long nr;
        enum gw_syscall_class class;
    } cases[] = {
        {SYS_futex, GW_SYSCALL_FUTEX},
        {SYS_read, GW_SYSCALL_IO},
        {SYS_write, GW_SYSCALL_IO},
        {SYS_preadv2, GW_SYSCALL_IO},
        {SYS_recvfrom, GW_SYSCALL_IO},
        {SYS_recvmmsg, GW_SYSCALL_IO},
        {SYS_accept4, GW_SYSCALL_IO},
        {SYS_connect, GW_SYSCALL_IO},
        {SYS_sendfile, GW_SYSCALL_IO},
        {SYS_splice, GW_SYSCALL_IO},
        {SYS_epoll_pwait, GW_SYSCALL_IO},
        {SYS_copy_file_range, GW_SYSCALL_IO},
        {SYS_fsync, GW_SYSCALL_IO},
        {SYS_openat, GW_SYSCALL_IO},
        {SYS_flock, GW_SYSCALL_IO},
        {SYS_fcntl, GW_SYSCALL_IO},
        {SYS_ioctl, GW_SYSCALL_IO},
        {SYS_nanosleep, GW_SYSCALL_SLEEP},
        {SYS_clock_nanosleep, GW_SYSCALL_SLEEP},
        {SYS_rt_sigtimedwait, GW_SYSCALL_SLEEP},
        {SYS_rt_sigsuspend, GW_SYSCALL_SLEEP},
        {SYS_wait4, GW_SYSCALL_CHILD},
        {SYS_waitid, GW_SYSCALL_CHILD},
        {SYS_sched_yield, GW_SYSCALL_OTHER},
        {SYS_getpid, GW_SYSCALL_OTHER},
        {-1, GW_SYSCALL_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(classify(machine, cases[i].nr, 1, 1, 0), cases[i].class);
    assert_int_equal(classify(machine, SYS_ppoll, 0, 0, 0), GW_SYSCALL_SLEEP);
    assert_int_equal(classify(machine, SYS_pselect6, 0, 0, 0), GW_SYSCALL_SLEEP);
    assert_int_equal(classify(machine, SYS_restart_syscall, 0x7f0000001000, 0x89, 0x7ffc00),
                     GW_SYSCALL_FUTEX);
}

/* The same number means another call on the other machine. */
static void test_both_machines(void **state)
{
    (void)state;
    static const struct {
        long x86_64, aarch64;
        enum gw_syscall_class class;
    } cases[] = {
        {202, 98, GW_SYSCALL_FUTEX}, {449, 449, GW_SYSCALL_FUTEX}, {230, 115, GW_SYSCALL_SLEEP},
        {35, 101, GW_SYSCALL_SLEEP}, {232, 22, GW_SYSCALL_IO},     {45, 207, GW_SYSCALL_IO},
        {271, 73, GW_SYSCALL_IO},    {441, 441, GW_SYSCALL_IO},    {426, 426, GW_SYSCALL_IO},
        {61, 260, GW_SYSCALL_CHILD}, {247, 95, GW_SYSCALL_CHILD},  {56, 220, GW_SYSCALL_CHILD},
        {24, 124, GW_SYSCALL_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(classify(EM_X86_64, cases[i].x86_64, 1, 1, 0), cases[i].class);
        assert_int_equal(classify(EM_AARCH64, cases[i].aarch64, 1, 1, 0), cases[i].class);
    }
    assert_int_equal(classify(EM_X86_64, 34, 0, 0, 0), GW_SYSCALL_SLEEP);
    assert_int_equal(classify(EM_386, 202, 1, 1, 0), GW_SYSCALL_OTHER);
}

static void test_waiting_on_nothing(void **state)
{
    (void)state;
    assert_int_equal(classify(EM_X86_64, 7, 0x7000, 0, 0), GW_SYSCALL_SLEEP);
    assert_int_equal(classify(EM_X86_64, 7, 0x7000, 2, 0), GW_SYSCALL_IO);
    assert_int_equal(classify(EM_X86_64, 23, 0, 0x7000, 0), GW_SYSCALL_SLEEP);
    assert_int_equal(classify(EM_X86_64, 23, 4, 0x7000, 0), GW_SYSCALL_IO);
    assert_int_equal(classify(EM_X86_64, 270, 0xffffffff00000000, 0, 0), GW_SYSCALL_SLEEP);
    assert_int_equal(classify(EM_X86_64, 270, 4, 0, 0), GW_SYSCALL_IO);
    assert_int_equal(classify(EM_AARCH64, 72, 0, 0, 0), GW_SYSCALL_SLEEP);
    assert_int_equal(classify(EM_AARCH64, 73, 0, 0, 0), GW_SYSCALL_SLEEP);
    /* epoll takes no number of descriptors. */
    assert_int_equal(classify(EM_X86_64, 232, 0, 0, 0), GW_SYSCALL_IO);
}

static void test_restarted(void **state)
{
    (void)state;
    const uint64_t address = 0x7f1234567890, timeout = 0x7ffd00001000;
    static const struct {
        unsigned machine;
        long nr;
    } machines[] = {{EM_X86_64, 219}, {EM_AARCH64, 128}};
    for (size_t i = 0; i < 2; i++) {
        unsigned machine = machines[i].machine;
        long nr = machines[i].nr;
        assert_int_equal(classify(machine, nr, address, 0x189, timeout), GW_SYSCALL_FUTEX);
        assert_int_equal(classify(machine, nr, address, 0x89, timeout), GW_SYSCALL_FUTEX);
        assert_int_equal(classify(machine, nr, address, 0x80, timeout), GW_SYSCALL_FUTEX);
        assert_int_equal(classify(machine, nr, address, 3, 0), GW_SYSCALL_IO);    /* poll */
        assert_int_equal(classify(machine, nr, address, 0, 0), GW_SYSCALL_SLEEP); /* nanosleep */
        assert_int_equal(classify(machine, nr, address, address, 0),
                         GW_SYSCALL_SLEEP); /* nanosleep */
        assert_int_equal(classify(machine, nr, 1, 0, timeout),
                         GW_SYSCALL_SLEEP); /* clock_nanosleep */
    }
}

static void test_not_in_a_call(void **state)
{
    (void)state;
    struct gw_syscall call = {.kind = GW_SYSCALL_RUNNING, .nr = 0};
    assert_int_equal(gw_syscall_classify(EM_X86_64, &call), GW_SYSCALL_OTHER);
    call.kind = GW_SYSCALL_OUTSIDE;
    assert_int_equal(gw_syscall_classify(EM_X86_64, &call), GW_SYSCALL_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_bad),
        cmocka_unit_test(test_own_numbers),
        cmocka_unit_test(test_both_machines),
        cmocka_unit_test(test_waiting_on_nothing),
        cmocka_unit_test(test_restarted),
        cmocka_unit_test(test_not_in_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
