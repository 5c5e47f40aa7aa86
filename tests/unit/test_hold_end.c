/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/vocabulary.h"
#include "model/hold_end.h"

#define MS 1000000ull

/* A hold of which all is known: somebody waited for 5 ms in it, and its thread wants it back. */
static const struct gw_hold_evidence plain = {
    .begin_seen = true,
    .observed = true,
    .same_gil = true,
    .state = GW_STATE_GIL_WAIT,
    .waited_ns = 5 * MS,
    .first_ns = MS,
    .next_ns = MS,
    .interval_ns = 5 * MS,
};

static void test_after_the_interval_it_is_forced(void **state)
{
    struct gw_hold_evidence evidence = plain;

    (void)state;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_FORCED);
    evidence.state = GW_STATE_GIL_HANDOFF;
    evidence.waited_ns = 4 * MS; /* one tick of doubt */
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_FORCED);
    evidence.waited_ns = 50 * MS;
    evidence.begin_seen = false;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_FORCED);
}

static void test_before_it_cannot_be(void **state)
{
    struct gw_hold_evidence evidence = plain;

    (void)state;
    evidence.waited_ns = 4 * MS - 1;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_RELEASED);
    evidence.waited_ns = 0;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_RELEASED);
    evidence.begin_seen = false;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_UNKNOWN);
}

static void test_the_next_state_tells(void **state)
{
    static const struct {
        unsigned state;
        enum gw_hold_end end;
    } cases[] = {
        {GW_STATE_NATIVE, GW_HOLD_END_RELEASED},     {GW_STATE_IO_WAIT, GW_HOLD_END_RELEASED},
        {GW_STATE_LOCK_WAIT, GW_HOLD_END_RELEASED},  {GW_STATE_SLEEP, GW_HOLD_END_RELEASED},
        {GW_STATE_CPU_WAIT, GW_HOLD_END_RELEASED},   {GW_STATE_UNKNOWN, GW_HOLD_END_UNKNOWN},
        {GW_STATE_GIL_RUNNING, GW_HOLD_END_UNKNOWN}, {GW_STATE_STOPPED, GW_HOLD_END_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gw_hold_evidence evidence = plain;
        evidence.state = cases[i].state;
        assert_int_equal(gw_hold_end_tell(&evidence), cases[i].end);
        evidence.broken = true;
        assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_UNKNOWN);
    }
}

/* It comes back from a call that let go, however long somebody waited. */
static void test_a_wait_in_a_c_function(void **state)
{
    struct gw_hold_evidence evidence = plain;

    (void)state;
    evidence.in_c = true;
    evidence.waited_ns = 50 * MS;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_RELEASED);
    evidence.state = GW_STATE_GIL_HANDOFF;
    evidence.begin_seen = false;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_RELEASED);
    evidence.broken = true;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_UNKNOWN);
}

static void test_a_thread_that_is_gone_or_wants_another_gil_let_go(void **state)
{
    struct gw_hold_evidence evidence = plain;

    (void)state;
    evidence.same_gil = false;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_RELEASED);
    evidence.observed = false;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_RELEASED);
}

/* Periods of 10 ms tell little of an interval of 5 ms. */
static void test_coarse_ticks_do_not_guess(void **state)
{
    struct gw_hold_evidence evidence = plain;

    (void)state;
    evidence.first_ns = evidence.next_ns = 10 * MS;
    evidence.waited_ns = 0;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_UNKNOWN);
    evidence.waited_ns = 10 * MS;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_UNKNOWN);
    evidence.waited_ns = 20 * MS;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_FORCED);
    evidence = plain;
    evidence.first_ns = 4 * MS - MS / 4;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_FORCED);
    evidence.first_ns++;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_UNKNOWN);
}

static void test_figures_out_of_range_do_no_harm(void **state)
{
    struct gw_hold_evidence evidence = plain;

    (void)state;
    evidence.interval_ns = 0;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_UNKNOWN);
    evidence.interval_ns = UINT64_MAX;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_RELEASED);
    evidence = plain;
    evidence.first_ns = UINT64_MAX;
    assert_int_equal(gw_hold_end_tell(&evidence), GW_HOLD_END_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_after_the_interval_it_is_forced),
        cmocka_unit_test(test_before_it_cannot_be),
        cmocka_unit_test(test_the_next_state_tells),
        cmocka_unit_test(test_a_wait_in_a_c_function),
        cmocka_unit_test(test_a_thread_that_is_gone_or_wants_another_gil_let_go),
        cmocka_unit_test(test_coarse_ticks_do_not_guess),
        cmocka_unit_test(test_figures_out_of_range_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
