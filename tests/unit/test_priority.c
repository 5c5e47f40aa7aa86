/* SPDX-License-Identifier: Apache-2.0 */
#include "base/priority.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Limits and the handler of a signal stay behind, so each test is made in a process of its own,
 * which tells by its exit status what it found: 0, SKIPPED, or the line of the failed check. */
#define SKIPPED 255
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)

static int status_of(int (*body)(void))
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(body());
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1; /* killed, perhaps */
    return WEXITSTATUS(status);
}

static void run(int (*body)(void))
{
    int status = status_of(body);
    if (status == SKIPPED) {
        print_message("skipped: no SCHED_FIFO to be had here\n");
        skip();
    }
    if (status < 0)
        fail_msg("it was killed");
    if (status != 0)
        fail_msg("the check in line %d failed", status);
}

/* The time slice that the calling thread asked for, or the kernel's own; 0 if it does not say. */
static uint64_t slice_ns(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } attributes = {0};
    long err = syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0);
    return err ? 0 : attributes.runtime_ns;
}

static int policy(void)
{
    return sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
}

static int nice_value(void)
{
    return getpriority(PRIO_PROCESS, 0);
}

#define SHORT_NS 100000u
#define TENTH_NS 100000000u

static void compute(uint64_t for_ns)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    uint64_t end_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + for_ns;
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec < end_ns);
}

/* What it says is what the kernel says. */
static int raises(bool realtime)
{
    int nice_before = nice_value();
    switch (gw_priority_raise(realtime)) {
    case GW_PRIORITY_REALTIME:
        CHECK(realtime && policy() == SCHED_FIFO);
        struct sched_param param;
        CHECK(sched_getparam(0, &param) == 0 && param.sched_priority == 1);
        break;
    case GW_PRIORITY_SHORT_SLICE:
        CHECK(policy() == SCHED_OTHER);
        CHECK(slice_ns() == 0 || slice_ns() == SHORT_NS); /* 0: before Linux 6.12 */
        break;
    case GW_PRIORITY_NORMAL:
        CHECK(policy() == SCHED_OTHER);
        CHECK(slice_ns() != SHORT_NS);
        break;
    }
    CHECK(nice_value() == nice_before);
    gw_priority_reset();
    CHECK(policy() == SCHED_OTHER);
    CHECK(slice_ns() != SHORT_NS);
    CHECK(nice_value() == nice_before);
    return 0;
}

static int raise_to_the_highest(void)
{
    return raises(true);
}

static int raise_within_the_policy(void)
{
    return raises(false);
}

static int raise_of_one_who_is_nice(void)
{
    CHECK(setpriority(PRIO_PROCESS, 0, 19) == 0);
    int line = raises(false);
    return line ? line : raises(true);
}

static int raise_without_the_right(void)
{
    struct rlimit none = {0};
    CHECK(setrlimit(RLIMIT_RTPRIO, &none) == 0);
    if (geteuid() == 0)
        CHECK(setresuid(65534, 65534, 65534) == 0);
    CHECK(gw_priority_raise(true) != GW_PRIORITY_REALTIME);
    CHECK(policy() == SCHED_OTHER);
    return raises(true);
}

static int raise_again(void)
{
    for (int i = 0; i < 3; i++) {
        int line = raises(i % 2);
        CHECK(line == 0);
    }
    CHECK(gw_priority_raise(true) == gw_priority_raise(true));
    enum gw_priority lower = gw_priority_raise(false);
    CHECK(lower != GW_PRIORITY_REALTIME && policy() == SCHED_OTHER);
    return 0;
}

static int is_not_raised(void)
{
    CHECK(policy() == SCHED_OTHER);
    CHECK(slice_ns() != SHORT_NS);
    return 0;
}

static int fork_when_raised(void)
{
    for (int realtime = 0; realtime < 2; realtime++) {
        gw_priority_raise(realtime);
        CHECK(status_of(is_not_raised) == 0);
    }
    return 0;
}

static int compute_without_a_pause(void)
{
    int nice_before = nice_value();
    if (gw_priority_raise(true) != GW_PRIORITY_REALTIME)
        return SKIPPED;
    compute(TENTH_NS / 2);
    CHECK(policy() == SCHED_FIFO);
    compute(4 * TENTH_NS);
    CHECK(policy() == SCHED_OTHER);
    CHECK(nice_value() == nice_before);
    return 0;
}

static int compute_with_pauses(void)
{
    if (gw_priority_raise(true) != GW_PRIORITY_REALTIME)
        return SKIPPED;
    for (int i = 0; i < 5; i++) {
        compute(TENTH_NS);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    CHECK(policy() == SCHED_FIFO);
    return 0;
}

static void says_what_it_did(void **state)
{
    (void)state;
    run(raise_to_the_highest);
}

static void realtime_only_when_asked_for(void **state)
{
    (void)state;
    run(raise_within_the_policy);
}

static void nice_stays(void **state)
{
    (void)state;
    run(raise_of_one_who_is_nice);
}

static void without_the_right(void **state)
{
    (void)state;
    run(raise_without_the_right);
}

static void again(void **state)
{
    (void)state;
    run(raise_again);
}

static void what_is_forked_is_not_raised(void **state)
{
    (void)state;
    run(fork_when_raised);
}

static void who_keeps_a_cpu_is_put_back(void **state)
{
    (void)state;
    run(compute_without_a_pause);
}

static void who_sleeps_between_is_not(void **state)
{
    (void)state;
    run(compute_with_pauses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_did),
        cmocka_unit_test(realtime_only_when_asked_for),
        cmocka_unit_test(nice_stays),
        cmocka_unit_test(without_the_right),
        cmocka_unit_test(again),
        cmocka_unit_test(what_is_forked_is_not_raised),
        cmocka_unit_test(who_keeps_a_cpu_is_put_back),
        cmocka_unit_test(who_sleeps_between_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
