/* SPDX-License-Identifier: Apache-2.0 */
/* The 95 % interval: single rules, and how often it holds the truth. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/estimate.h"

#define D 1000000u

static void assert_near(double value, double expected)
{
    if (fabs(value - expected) > 1e-6 * fabs(expected) + 1e-9)
        fail_msg("%g instead of %g", value, expected);
}

static double variance_of(const char *ticks)
{
    struct gw_wait_runs runs = {0};

    for (const char *tick = ticks; *tick; tick++) {
        if (*tick == ' ')
            gw_wait_runs_break(&runs);
        else
            gw_wait_runs_add(&runs, *tick == 'W', 1, D);
    }
    gw_wait_runs_break(&runs);
    return runs.variance / ((double)D * D);
}

static void test_each_change_adds_its_variance(void **state)
{
    (void)state;
    assert_near(variance_of("......"), 0);
    assert_near(variance_of("WWWWWW"), 0);
    assert_near(variance_of("..WWWW"), 1.0 / 6);
    assert_near(variance_of("..WW.."), 2.0 / 6);
    assert_near(variance_of("..W..."), 1);
    assert_near(variance_of(".WW.."), 1.0 / 2 + 1.0 / 6);
    assert_near(variance_of("W.W.W."), 2.5);
    assert_near(variance_of(".. WW"), 0);
    assert_near(variance_of("..W W.."), 1);
}

static void test_the_interval_is_cut_at_what_is_possible(void **state)
{
    struct gw_model_thread thread = {
        .wait_ns = D, .wall_ns = 100 * D, .ticks = 100, .wait_variance = 1.0 * D * D};

    (void)state;
    struct gw_estimate estimate = gw_estimate_thread(&thread);
    assert_near(estimate.low_ns, 0);
    assert_near(estimate.high_ns, 2.96 * D);
    assert_near(gw_estimate_share(&estimate), 0.01);
    assert_near(gw_estimate_margin(&estimate), 0.0196);

    thread.wait_ns = 0;
    thread.wait_variance = 0;
    estimate = gw_estimate_thread(&thread);
    assert_near(estimate.low_ns, 0);
    assert_near(estimate.high_ns, 3 * D);

    thread.wait_ns = thread.wall_ns;
    estimate = gw_estimate_thread(&thread);
    assert_near(estimate.low_ns, 97 * D);
    assert_near(estimate.high_ns, 100 * D);

    thread = (struct gw_model_thread){0};
    estimate = gw_estimate_thread(&thread);
    assert_near(estimate.high_ns, 0);
    assert_near(gw_estimate_share(&estimate), 0);
}

static void test_a_group_adds_the_variances(void **state)
{
    const struct gw_model_thread threads[] = {
        {.wait_ns = 10 * D, .wall_ns = 100 * D, .ticks = 100, .wait_variance = 9.0 * D * D},
        {.wait_ns = 50 * D, .wall_ns = 100 * D, .ticks = 100, .wait_variance = 1.0 * D * D},
        {.wait_ns = 50 * D, .wall_ns = 100 * D, .ticks = 100, .wait_variance = 16.0 * D * D},
    };
    const struct gw_model model = {.threads = threads, .n_threads = 3};
    const uint32_t group[] = {0, 2};

    (void)state;
    struct gw_estimate estimate = gw_estimate_group(&model, group, 2);
    assert_int_equal(estimate.wait_ns, 60 * D);
    assert_int_equal(estimate.wall_ns, 200 * D);
    assert_near(estimate.high_ns, (60 + 1.96 * 5) * D);
}

static double doubt_of(const struct gw_model_thread *as, uint64_t displacing)
{
    struct gw_model_thread thread = *as;

    gw_estimate_doubt(&thread, &(struct gw_model_quality){.ticks = 100, .displacing = displacing});
    return thread.wait_doubt_ns;
}

static void test_what_cannot_be_told_apart_is_doubted(void **state)
{
    struct gw_model_thread thread = {.wall_ns = 100 * D};

    (void)state;
    thread.state_ns[GW_STATE_SLEEP] = 40 * D;
    assert_near(doubt_of(&thread, 0), 0);
    assert_near(doubt_of(&thread, 50), 0.3 * D);
    thread.state_ns[GW_STATE_CPU_WAIT] = 20 * D;
    assert_near(doubt_of(&thread, 0), 4 * D);
    thread.state_ns[GW_STATE_GIL_HANDOFF] = 20 * D;
    assert_near(doubt_of(&thread, 0), 5 * D);
    assert_near(doubt_of(&(struct gw_model_thread){0}, 50), 0);
}

static void test_doubts_of_a_group_do_not_cancel_out(void **state)
{
    const struct gw_model_thread threads[] = {
        {.wait_ns = 50 * D, .wall_ns = 100 * D, .ticks = 100, .wait_doubt_ns = 3 * D},
        {.wait_ns = 50 * D, .wall_ns = 100 * D, .ticks = 100, .wait_doubt_ns = 4 * D},
    };
    const struct gw_model model = {.threads = threads, .n_threads = 2};

    (void)state;
    assert_near(gw_estimate_group(&model, (const uint32_t[]){0, 1}, 2).high_ns, 107 * D);
    assert_near(gw_estimate_thread(&threads[0]).low_ns, 47 * D);
}

/* A fraction 0..1 of its own for each number. */
static double fraction(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* One recording of 2 s at 1 kHz of a thread that in turn waits wait_ms and does not for pause_ms,
 * each with some jitter: true if the interval holds the true wait. */
static bool holds_truth(double wait_ms, double pause_ms, uint64_t *seed)
{
    struct gw_wait_runs runs = {0};
    double edge = fraction(seed) * (wait_ms + pause_ms), at = 0, truth = 0, seen = 0;
    bool waits = false;

    for (unsigned tick = 0; tick < 2000; tick++) {
        double look = tick + fraction(seed), weight = look - at;
        while (edge <= look) {
            truth += waits ? edge - at : 0;
            at = edge;
            waits = !waits;
            edge += (waits ? wait_ms : pause_ms) * (0.8 + 0.4 * fraction(seed));
        }
        truth += waits ? look - at : 0;
        at = look;
        seen += waits ? weight : 0;
        gw_wait_runs_add(&runs, waits, 1, (uint64_t)(weight * D));
    }
    gw_wait_runs_break(&runs);
    return fabs(seen - truth) <= 1.96 * sqrt(runs.variance) / D;
}

static unsigned covered(double wait_ms, double pause_ms)
{
    uint64_t seed = 1;
    unsigned hits = 0;

    for (unsigned round = 0; round < 1000; round++)
        hits += holds_truth(wait_ms, pause_ms, &seed);
    return hits;
}

static void test_it_holds_the_truth_19_times_in_20(void **state)
{
    static const double schedules[][2] = {{5, 5},     {50, 20}, {5, 100},
                                          {0.3, 0.3}, {0.2, 3}, {2, 0.4}};

    (void)state;
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        unsigned hits = covered(schedules[i][0], schedules[i][1]);
        if (hits < 920)
            fail_msg("wait %g ms, pause %g ms: %u of 1000", schedules[i][0], schedules[i][1], hits);
    }
}

static void test_a_target_is_disturbed_if_most_ticks_take_its_cpu(void **state)
{
    (void)state;
    assert_true(gw_estimate_disturbed(&(struct gw_model_quality){.ticks = 100, .displacing = 91}));
    assert_false(gw_estimate_disturbed(&(struct gw_model_quality){.ticks = 100, .displacing = 90}));
    assert_false(gw_estimate_disturbed(&(struct gw_model_quality){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_change_adds_its_variance),
        cmocka_unit_test(test_the_interval_is_cut_at_what_is_possible),
        cmocka_unit_test(test_a_group_adds_the_variances),
        cmocka_unit_test(test_what_cannot_be_told_apart_is_doubted),
        cmocka_unit_test(test_doubts_of_a_group_do_not_cancel_out),
        cmocka_unit_test(test_a_target_is_disturbed_if_most_ticks_take_its_cpu),
        cmocka_unit_test(test_it_holds_the_truth_19_times_in_20),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
