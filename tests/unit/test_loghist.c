/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/loghist.h"

static void test_equal_values_are_exact(void **state)
{
    struct gw_loghist hist = {0};

    (void)state;
    assert_int_equal(gw_loghist_quantile(&hist, 0.5), 0);
    for (unsigned i = 0; i < 100; i++)
        gw_loghist_add(&hist, i < 99 ? 5000001 : 123456789);
    assert_int_equal(hist.n, 100);
    assert_int_equal(hist.max, 123456789);
    assert_int_equal(gw_loghist_quantile(&hist, 0), 5000001);
    assert_int_equal(gw_loghist_quantile(&hist, 0.5), 5000001);
    assert_int_equal(gw_loghist_quantile(&hist, 0.99), 5000001);
    assert_int_equal(gw_loghist_quantile(&hist, 1), 123456789);
}

static void test_quantiles_are_within_seven_percent(void **state)
{
    struct gw_loghist hist = {0};

    (void)state;
    for (uint64_t i = 1; i <= 100000; i++)
        gw_loghist_add(&hist, i * 977);
    for (unsigned percent = 1; percent <= 100; percent++) {
        double truth = percent * 1000.0 * 977;
        double got = (double)gw_loghist_quantile(&hist, percent / 100.0);
        assert_true(got > truth * 0.93 && got < truth * 1.07);
    }
}

static void test_any_value_has_a_bucket(void **state)
{
    struct gw_loghist hist = {0};

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++)
        for (int about = -1; about <= 1; about++)
            gw_loghist_add(&hist, (UINT64_C(1) << bit) + (uint64_t)about);
    gw_loghist_add(&hist, UINT64_MAX);
    gw_loghist_add(&hist, UINT64_MAX);
    assert_int_equal(hist.max, UINT64_MAX);
    assert_int_equal(hist.count[GW_LOGHIST_BUCKETS - 1], 2);
    assert_true(gw_loghist_quantile(&hist, 1) >= UINT64_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_values_are_exact),
        cmocka_unit_test(test_quantiles_are_within_seven_percent),
        cmocka_unit_test(test_any_value_has_a_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
