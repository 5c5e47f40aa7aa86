/* SPDX-License-Identifier: Apache-2.0 */
#include "governor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"

#define MS 1e6

static double spent_ns(const struct gw_claim *claims, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += claims[i].rate_hz * claims[i].tick_ns;
    return sum;
}

static void assert_near(double one, double other)
{
    if (one < other * 0.999 || one > other * 1.001)
        fail_msg("%g is not %g", one, other);
}

static void test_enough_for_all(void **state)
{
    (void)state;
    struct gw_claim claims[] = {{100, 0.1 * MS, 0}, {50, 0.05 * MS, 0}};
    gw_governor_share(claims, 2, 20 * MS);
    assert_near(claims[0].rate_hz, 100);
    assert_near(claims[1].rate_hz, 50);
    gw_governor_share(NULL, 0, 20 * MS);
}

/* Alike in CPU time, not in ticks; all of it is used, and no more. */
static void test_not_enough(void **state)
{
    (void)state;
    struct gw_claim claims[] = {{100, 0.1 * MS, 0}, {100, 0.4 * MS, 0}};
    gw_governor_share(claims, 2, 4 * MS);
    assert_near(claims[0].rate_hz, 20);
    assert_near(claims[1].rate_hz, 5);
    assert_near(spent_ns(claims, 2), 4 * MS);
}

/* What one does not need the others get. */
static void test_modest_ones_first(void **state)
{
    (void)state;
    struct gw_claim claims[] = {
        {100, 0.1 * MS, 0}, {1, 0.1 * MS, 0}, {100, 0.1 * MS, 0}, {13, 0.1 * MS, 0}};
    gw_governor_share(claims, 4, 4 * MS);
    assert_near(claims[1].rate_hz, 1);
    assert_near(claims[0].rate_hz, 13);
    assert_near(claims[2].rate_hz, 13);
    assert_near(claims[3].rate_hz, 13);
}

static void test_many(void **state)
{
    (void)state;
    static struct gw_claim claims[GW_MAX_TARGETS];
    srandom(1);
    for (int round = 0; round < 20; round++) {
        size_t n = 1 + (size_t)random() % GW_MAX_TARGETS;
        for (size_t i = 0; i < n; i++)
            claims[i] = (struct gw_claim){.asked_hz = 1 + (double)(random() % 100),
                                          .tick_ns = 1e4 + (double)(random() % 500000)};
        gw_governor_share(claims, n, (double)n * MS);
        assert_true(spent_ns(claims, n) <= (double)n * MS * 1.001);
        for (size_t i = 0; i < n; i++)
            assert_true(claims[i].rate_hz > 0 && claims[i].rate_hz <= claims[i].asked_hz);
    }
}

static void test_never_blind(void **state)
{
    (void)state;
    struct gw_claim claims[] = {{100, 0.1 * MS, 0}};
    gw_governor_share(claims, 1, 1);
    assert_near(claims[0].rate_hz, GW_MIN_RATE_HZ);
}

static void test_what_others_take(void **state)
{
    (void)state;
    assert_near(gw_governor_for_ticks(20 * MS, 5 * MS), 15 * MS);
    assert_near(gw_governor_for_ticks(20 * MS, 50 * MS), 5 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enough_for_all),    cmocka_unit_test(test_not_enough),
        cmocka_unit_test(test_modest_ones_first), cmocka_unit_test(test_many),
        cmocka_unit_test(test_never_blind),       cmocka_unit_test(test_what_others_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
