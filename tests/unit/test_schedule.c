/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/clock.h"
#include "base/limits.h"
#include "sample/schedule.h"

#define START (1000 * GW_NS_PER_S)
#define MS (GW_NS_PER_S / 1000)
#define SEED 42

/* Ticks exactly when they are due: one in each period, its place in it uniform. */
static void one_tick_somewhere_in_each_period(void **state)
{
    (void)state;
    enum { N_TICKS = 20000, N_BINS = 20 };
    struct gw_schedule schedule;
    unsigned bins[N_BINS] = {0};
    double chi_square = 0, expected = (double)N_TICKS / N_BINS;
    gw_schedule_init(&schedule, 1000, 0, START, SEED);
    for (uint64_t n = 0; n < N_TICKS; n++) {
        uint64_t place = schedule.due_ns - START - n * MS;
        assert_in_range(place, 0, MS - 1);
        bins[place * N_BINS / MS]++;
        assert_int_equal(gw_schedule_tick(&schedule, schedule.due_ns), 0);
    }
    assert_int_equal(schedule.late, 0);
    for (unsigned i = 0; i < N_BINS; i++)
        chi_square += (bins[i] - expected) * (bins[i] - expected) / expected;
    assert_true(chi_square < 50); /* 19 degrees of freedom: once in 7000 seeds */
}

/* Neighbouring places do not depend on each other, and another seed gives other places. */
static void places_are_independent(void **state)
{
    (void)state;
    enum { N_TICKS = 20000 };
    struct gw_schedule schedule, other;
    double last = 0.5, correlation = 0;
    unsigned n_same = 0;
    gw_schedule_init(&schedule, 1000, 0, START, SEED);
    gw_schedule_init(&other, 1000, 0, START, SEED + 1);
    for (uint64_t n = 0; n < N_TICKS; n++) {
        double place = (double)(schedule.due_ns - START - n * MS) / (double)MS;
        correlation += (place - 0.5) * (last - 0.5) * 12 / N_TICKS;
        last = place;
        n_same += schedule.due_ns == other.due_ns;
        gw_schedule_tick(&schedule, schedule.due_ns);
        gw_schedule_tick(&other, other.due_ns);
    }
    assert_true(fabs(correlation) < 0.03);
    assert_in_range(n_same, 0, 10);
}

/* A tick that comes too late by whatever time: the next lies ahead, and periods go on from there.
 */
static void missed_periods_are_not_made_up_for(void **state)
{
    (void)state;
    for (uint64_t late_ns = 1; late_ns < 200 * MS; late_ns += late_ns / 7 + 1) {
        struct gw_schedule schedule;
        gw_schedule_init(&schedule, 1000, 0, START, SEED + late_ns);
        uint64_t now = START + MS + late_ns;
        gw_schedule_tick(&schedule, now);
        assert_int_equal(schedule.late, 1);
        assert_in_range(schedule.due_ns, now + 1, now + 2 * MS);
        uint64_t n = 0, first = schedule.due_ns;
        for (; schedule.due_ns < first + 100 * MS; n++) {
            now = schedule.due_ns;
            gw_schedule_tick(&schedule, now);
            assert_true(schedule.due_ns > now);
        }
        assert_in_range(n, 99, 101);
        assert_int_equal(schedule.late, 1);
    }
}

static void slow_ticks_lose_periods_and_no_more(void **state)
{
    (void)state;
    struct gw_schedule schedule;
    uint64_t now = START, n = 0;
    gw_schedule_init(&schedule, 1000, 0, START, SEED);
    for (; now < START + 10 * GW_NS_PER_S; n++) {
        if (now < schedule.due_ns)
            now = schedule.due_ns;
        gw_schedule_tick(&schedule, now);
        now += 5 * MS / 2; /* the tick itself takes two periods and a half */
    }
    assert_in_range(n, 2700, 4000);
    assert_in_range(schedule.late, n / 2, n);
}

/* A sample weighs 10 periods or 100 ms at most, whichever is more. */
static void what_lies_beyond_the_cap_is_a_gap(void **state)
{
    (void)state;
    static const struct {
        double rate_hz;
        uint64_t since_ns, gap_ns;
    } cases[] = {
        {1000, 1, 0},
        {1000, 100 * MS, 0},
        {1000, 100 * MS + 1, 1},
        {1000, 3600 * GW_NS_PER_S, 3600 * GW_NS_PER_S - 100 * MS},
        {10000, 150 * MS, 50 * MS},
        {10, 900 * MS, 0},
        {10, 1500 * MS, 500 * MS},
        {0.5, 19 * GW_NS_PER_S, 0},
        {0.5, 21 * GW_NS_PER_S, GW_NS_PER_S},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gw_schedule schedule;
        gw_schedule_init(&schedule, cases[i].rate_hz, 0, START, SEED);
        uint64_t now = START + 50 * MS;
        gw_schedule_tick(&schedule, now);
        assert_int_equal(gw_schedule_tick(&schedule, now + cases[i].since_ns), cases[i].gap_ns);
        assert_int_equal(gw_schedule_tick(&schedule, now + cases[i].since_ns + 1), 0);
    }
}

/* n seconds in each of which this share of a core was used, of the target's own or not. */
static void use_of(struct gw_schedule *schedule, uint64_t *now, unsigned n, double share,
                   bool displaces)
{
    for (unsigned i = 0; i < n; i++) {
        *now += GW_NS_PER_S;
        assert_true(gw_schedule_wants_account(schedule, *now));
        gw_schedule_account(schedule, *now,
                            schedule->budget_cpu_ns + (uint64_t)(share * (double)GW_NS_PER_S),
                            displaces);
    }
}

static void use(struct gw_schedule *schedule, uint64_t *now, unsigned n, double share)
{
    use_of(schedule, now, n, share, false);
}

static void less_is_taken_from_a_cpu_of_the_target(void **state)
{
    (void)state;
    struct gw_schedule schedule;
    uint64_t now = START;
    gw_schedule_init(&schedule, 1000, 0.05, START, SEED);
    use_of(&schedule, &now, 1, 0.05 * GW_DISPLACING_PART, true); /* just what is allowed */
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 1000) < 1);
    use_of(&schedule, &now, 1, 0.05, true);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 1000 * GW_DISPLACING_PART) < 1);
    use_of(&schedule, &now, 50, 0.01, false); /* it has moved to another CPU */
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 1000) < 1);
}

static void budget_lowers_and_restores_the_rate(void **state)
{
    (void)state;
    struct gw_schedule schedule;
    uint64_t now = START;
    gw_schedule_init(&schedule, 1000, 0.05, START, SEED);
    use(&schedule, &now, 1, 0.20);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 250) < 1);
    use(&schedule, &now, 3, 0.045); /* neither too much nor so little that more is safe */
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 250) < 1);
    use(&schedule, &now, 1, 0.10);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 125) < 1);
    double rate = gw_schedule_rate_hz(&schedule);
    for (unsigned i = 0; i < 50; i++) {
        use(&schedule, &now, 1, 0.01);
        assert_true(gw_schedule_rate_hz(&schedule) >= rate);
        assert_true(gw_schedule_rate_hz(&schedule) < rate * 1.5); /* slowly */
        rate = gw_schedule_rate_hz(&schedule);
    }
    assert_true(fabs(rate - 1000) < 1);
}

/* The work of a tick is the same at any rate: the share settles at the budget. */
static void budget_holds_for_constant_work(void **state)
{
    (void)state;
    static const double work_s[] = {0.00001, 0.0002, 0.01, 0.5};
    for (size_t i = 0; i < sizeof work_s / sizeof work_s[0]; i++) {
        struct gw_schedule schedule;
        uint64_t now = START;
        gw_schedule_init(&schedule, 1000, 0.05, START, SEED);
        for (int second = 0; second < 100; second++)
            use(&schedule, &now, 1, gw_schedule_rate_hz(&schedule) * work_s[i]);
        double share = gw_schedule_rate_hz(&schedule) * work_s[i];
        assert_true(share <= 0.0501);
        assert_true(share > 0.03 || fabs(gw_schedule_rate_hz(&schedule) - 1000) < 1);
    }
}

static void budget_has_bounds(void **state)
{
    (void)state;
    struct gw_schedule schedule;
    uint64_t now = START;
    gw_schedule_init(&schedule, 1000, 0.05, START, SEED);
    assert_false(gw_schedule_wants_account(&schedule, START + MS)); /* too early to tell */
    gw_schedule_account(&schedule, START + MS, schedule.budget_cpu_ns + MS, false);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 1000) < 1);
    use(&schedule, &now, 20, 50);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - GW_MIN_RATE_HZ) < 0.001);
    gw_schedule_init(&schedule, 1000, 0, START, SEED);
    assert_false(gw_schedule_wants_account(&schedule, START + 100 * GW_NS_PER_S));
    gw_schedule_account(&schedule, START + 100 * GW_NS_PER_S, UINT64_MAX / 2, false);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 1000) < 1);
}

static void another_rate_may_be_set(void **state)
{
    (void)state;
    struct gw_schedule schedule;
    gw_schedule_init(&schedule, 100, 0, START, SEED);
    gw_schedule_set_rate(&schedule, 10);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 10) < 0.01);
    gw_schedule_set_rate(&schedule, 1000);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - 100) < 0.1);
    /* The tick that is planned is as good as one of the new period. */
    gw_schedule_init(&schedule, 100, 0, START, SEED);
    for (int i = 0; i < 100; i++) {
        uint64_t due_ns = schedule.due_ns;
        gw_schedule_set_rate(&schedule, i % 2 ? 100 : 0.5);
        assert_true(schedule.due_ns == due_ns);
        assert_int_equal(gw_schedule_tick(&schedule, due_ns), 0);
    }
    assert_int_equal(schedule.late, 0);
    gw_schedule_set_rate(&schedule, 0);
    assert_true(fabs(gw_schedule_rate_hz(&schedule) - GW_MIN_RATE_HZ) < 0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_tick_somewhere_in_each_period),
        cmocka_unit_test(places_are_independent),
        cmocka_unit_test(missed_periods_are_not_made_up_for),
        cmocka_unit_test(slow_ticks_lose_periods_and_no_more),
        cmocka_unit_test(what_lies_beyond_the_cap_is_a_gap),
        cmocka_unit_test(budget_lowers_and_restores_the_rate),
        cmocka_unit_test(budget_holds_for_constant_work),
        cmocka_unit_test(budget_has_bounds),
        cmocka_unit_test(less_is_taken_from_a_cpu_of_the_target),
        cmocka_unit_test(another_rate_may_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
