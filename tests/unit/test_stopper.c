/* SPDX-License-Identifier: Apache-2.0 */
#include "target/stopper.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "target/proc.h"

#define PATIENCE_NS (10 * GW_NS_PER_S)

static const struct timespec moment = {.tv_nsec = 1000000};

/* A child that does nothing else. */
static pid_t start(void (*body)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() == 1)
            _exit(1);
        for (;;)
            body();
    }
    assert_true(pid > 0);
    return pid;
}

static void end(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void compute(void)
{
    for (volatile unsigned i = 0; i < 1000000; i++)
        ;
}

static void read_nothing(void)
{
    int ends[2];
    char byte;
    if (pipe(ends) || read(ends[0], &byte, 1) != 1)
        _exit(1);
}

static char state_of(pid_t pid)
{
    struct gw_proc_stat stat;
    assert_int_equal(gw_proc_stat_read(pid, 0, &stat), 0);
    return stat.state;
}

static struct gw_stop wait_for_stop(struct gw_stopper *stopper, const void *owner)
{
    struct gw_stop stop;
    uint64_t until_ns = gw_monotonic_ns() + PATIENCE_NS;
    while (!gw_stopper_take(stopper, owner, &stop)) {
        assert_true(gw_monotonic_ns() < until_ns);
        nanosleep(&moment, NULL);
    }
    return stop;
}

static struct gw_stop stop_once(struct gw_stopper *stopper, pid_t pid, uint64_t tag)
{
    assert_true(gw_stopper_ask(stopper, &tag, pid, pid, tag));
    struct gw_stop stop = wait_for_stop(stopper, &tag);
    assert_int_equal(stop.tag, tag);
    return stop;
}

static void runs_in_its_own_code(void **state)
{
    (void)state;
    struct gw_stopper *stopper;
    uint64_t stops, stopped_ns;
    pid_t pid = start(compute);
    assert_int_equal(gw_stopper_new(false, &stopper), 0);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); /* it starts with a call */
    for (unsigned i = 1; i <= 50; i++) {
        struct gw_stop stop = stop_once(stopper, pid, i);
        assert_int_equal(stop.err, 0);
        assert_int_equal(stop.call.kind, GW_SYSCALL_OUTSIDE);
        assert_int_equal(state_of(pid), 'R');
        gw_stopper_count(stopper, &stops, &stopped_ns);
        assert_int_equal(stops, i);
    }
    assert_true(stopped_ns > 0 && stopped_ns < 50 * PATIENCE_NS);
    gw_stopper_free(stopper);
    end(pid);
}

/* It is left alone: a call that goes on tells nothing of a thread that could run. */
static void sleeps_in_a_call(void **state)
{
    (void)state;
    struct gw_stopper *stopper;
    uint64_t stops, stopped_ns;
    pid_t pid = start(read_nothing);
    assert_int_equal(gw_stopper_new(false, &stopper), 0);
    while (state_of(pid) != 'S')
        nanosleep(&moment, NULL);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(stop_once(stopper, pid, i).err, -EAGAIN);
    gw_stopper_count(stopper, &stops, &stopped_ns);
    assert_int_equal(stops, 0);
    assert_int_equal(state_of(pid), 'S');
    gw_stopper_free(stopper);
    end(pid);
}

/* It dies before it could stop, and its exit status is still there for who started it. */
static void dies(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct gw_stopper *stopper;
        pid_t pid = start(compute);
        assert_int_equal(gw_stopper_new(false, &stopper), 0);
        assert_true(gw_stopper_ask(stopper, &pid, pid, pid, i));
        end(pid);
        struct gw_stop stop = wait_for_stop(stopper, &pid);
        assert_true(stop.err == 0 || stop.err == -ESRCH || stop.err == -EPERM ||
                    stop.err == -EAGAIN);
        assert_int_equal(stop_once(stopper, INT32_MAX, 1).err, -ESRCH);
        gw_stopper_free(stopper);
    }
}

static void traced_by_another(void **state)
{
    (void)state;
    struct gw_stopper *stopper;
    pid_t pid = start(compute);
    int status;
    assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, NULL), 0);
    assert_int_equal(gw_stopper_new(false, &stopper), 0);
    assert_int_equal(stop_once(stopper, pid, 1).err, -EPERM);
    gw_stopper_free(stopper);
    assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
    end(pid);
}

/* A signal on its way to the thread reaches it. */
static volatile sig_atomic_t *caught; /* shared with the child */

static void on_usr1(int number)
{
    (void)number;
    ++*caught;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_usr1};
    sigaction(SIGUSR1, &action, NULL);
    *caught = 0;
    for (;;)
        compute();
}

static void wait_until_caught(int n)
{
    uint64_t until_ns = gw_monotonic_ns() + PATIENCE_NS;
    while (*caught != n) {
        assert_true(gw_monotonic_ns() < until_ns);
        nanosleep(&moment, NULL);
    }
}

static void signals_are_handed_on(void **state)
{
    (void)state;
    struct gw_stopper *stopper;
    caught = mmap(NULL, sizeof *caught, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(caught != MAP_FAILED);
    *caught = -1;
    pid_t pid = start(catch_signals);
    assert_int_equal(gw_stopper_new(false, &stopper), 0);
    for (int i = 0; i < 50; i++) {
        wait_until_caught(i);
        assert_true(gw_stopper_ask(stopper, &pid, pid, pid, 0));
        assert_int_equal(kill(pid, SIGUSR1), 0);
        wait_for_stop(stopper, &pid);
    }
    wait_until_caught(50);
    gw_stopper_free(stopper);
    end(pid);
    munmap((void *)(uintptr_t)caught, sizeof *caught);
}

/* Our code, from ld's own script. A child has its code and data where we have them. */
extern const char __executable_start[], etext[];
static const uint64_t marker[3] = {0x0123456789abcdef, 42, 7};

static void is_read_while_it_stands(void **state)
{
    (void)state;
    struct gw_stopper *stopper;
    const struct gw_rmem_range ranges[] = {
        {.addr = (gw_raddr)(uintptr_t)marker, .len = sizeof marker},
        {.addr = 8, .len = 8}, /* not mapped */
        {.addr = (gw_raddr)(uintptr_t)&marker[1], .len = sizeof marker[1]},
    };
    unsigned in_loop = 0; /* and not in a call, with which it starts */
    pid_t pid = start(compute);
    assert_int_equal(gw_stopper_new(false, &stopper), 0);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    for (unsigned i = 0; i < 20; i++) {
        assert_true(gw_stopper_ask_standing(stopper, &pid, pid, pid, i, ranges, 3));
        struct gw_stop stop = wait_for_stop(stopper, &pid);
        assert_int_equal(stop.err, 0);
        const struct gw_standing *standing = stop.standing;
        assert_non_null(standing);
        assert_int_equal(standing->n_ranges, 3);
        assert_int_equal(standing->ranges[0].got, sizeof marker);
        assert_memory_equal(standing->ranges[0].buf, marker, sizeof marker);
        assert_int_equal(standing->ranges[1].got, 0);
        assert_memory_equal(standing->ranges[2].buf, &marker[1], sizeof marker[1]);
        assert_int_equal(standing->registers.pc, stop.call.pc);
        assert_int_equal(standing->registers.sp, stop.call.sp);
        assert_true(standing->stack.len >= sizeof(uint64_t));
        in_loop += standing->registers.pc > (uintptr_t)__executable_start &&
                   standing->registers.pc < (uintptr_t)etext;
    }
    assert_true(in_loop > 10);
    gw_stopper_free(stopper);
    end(pid);
}

static void asks_for_too_much(void **state)
{
    (void)state;
    static struct gw_rmem_range ranges[GW_MAX_STOP_RANGES + 1];
    struct gw_stopper *stopper;
    pid_t pid = start(compute);
    assert_int_equal(gw_stopper_new(false, &stopper), 0);
    assert_false(
        gw_stopper_ask_standing(stopper, &pid, pid, pid, 0, ranges, GW_MAX_STOP_RANGES + 1));
    ranges[0].len = GW_MAX_STOP_BYTES;
    ranges[1].len = 1;
    assert_false(gw_stopper_ask_standing(stopper, &pid, pid, pid, 0, ranges, 2));
    assert_true(gw_stopper_ask_standing(stopper, &pid, pid, pid, 0, ranges, 1));
    gw_stopper_free(stopper);
    end(pid);
}

static void as_many_as_there_are_workers(void **state)
{
    (void)state;
    struct gw_stopper *stopper;
    pid_t pids[GW_MAX_STOPS + 1];
    unsigned n = 0;
    assert_int_equal(gw_stopper_new(false, &stopper), 0);
    for (unsigned i = 0; i <= GW_MAX_STOPS; i++)
        pids[i] = start(compute);
    while (n <= GW_MAX_STOPS && gw_stopper_ask(stopper, pids, pids[n], pids[n], n))
        n++;
    assert_int_equal(n, GW_MAX_STOPS); /* until an answer is taken its worker is not free */
    unsigned seen = 0;
    for (unsigned i = 0; i < n; i++)
        seen |= 1u << wait_for_stop(stopper, pids).tag;
    assert_int_equal(seen, (1u << GW_MAX_STOPS) - 1);
    assert_true(gw_stopper_ask(stopper, pids, pids[0], pids[0], 0));
    gw_stopper_forget(stopper, pids);
    for (n = 0; n < GW_MAX_STOPS;) { /* nobody waits for that one: it gets free by itself */
        n += gw_stopper_ask(stopper, &n, pids[n], pids[n], n);
        nanosleep(&moment, NULL);
    }
    gw_stopper_free(stopper);
    for (unsigned i = 0; i <= GW_MAX_STOPS; i++) {
        assert_int_equal(state_of(pids[i]), 'R');
        end(pids[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_in_its_own_code),
        cmocka_unit_test(sleeps_in_a_call),
        cmocka_unit_test(dies),
        cmocka_unit_test(traced_by_another),
        cmocka_unit_test(signals_are_handed_on),
        cmocka_unit_test(is_read_while_it_stands),
        cmocka_unit_test(asks_for_too_much),
        cmocka_unit_test(as_many_as_there_are_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
