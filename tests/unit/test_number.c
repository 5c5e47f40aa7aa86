/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cell.h"
#include "number.h"

static struct gw_cell cell;

static FILE *begin(void)
{
    gw_cell_end(&cell);
    return gw_cell_begin(&cell);
}

static void test_shares(void **state)
{
    (void)state;
    gw_number_percent(begin(), 0.412);
    assert_string_equal(gw_cell_text(&cell), "41 %");
    gw_number_percent(begin(), 0.0412);
    assert_string_equal(gw_cell_text(&cell), "4.1 %");
    gw_number_percent(begin(), 0.0996);
    assert_string_equal(gw_cell_text(&cell), "10 %");
    gw_number_percent(begin(), 1);
    assert_string_equal(gw_cell_text(&cell), "100 %");
    assert_true(gw_share(1, 0) == 0);
    assert_true(gw_share(1, 4) == 0.25);
}

static void test_lengths(void **state)
{
    (void)state;
    gw_number_length(begin(), 0);
    assert_string_equal(gw_cell_text(&cell), "0.0 ms");
    gw_number_length(begin(), 31240000);
    assert_string_equal(gw_cell_text(&cell), "31.2 ms");
    gw_number_length(begin(), 99960000);
    assert_string_equal(gw_cell_text(&cell), "100 ms");
    gw_number_length(begin(), 999600000);
    assert_string_equal(gw_cell_text(&cell), "1.000 s");
}

static void test_margins(void **state)
{
    (void)state;
    gw_number_percent_margin(begin(), 0.412, 0.021);
    assert_string_equal(gw_cell_text(&cell), "41 % ±2");
    gw_number_percent_margin(begin(), 0.412, 0.0021);
    assert_string_equal(gw_cell_text(&cell), "41.2 % ±0.2");
    gw_number_percent_margin(begin(), 0.002, 0.00001);
    assert_string_equal(gw_cell_text(&cell), "0.2 % ±0.1");
    gw_number_percent_margin(begin(), 0.052, 0.021);
    assert_string_equal(gw_cell_text(&cell), "5.2 % ±2.1");
}

static void test_times_counts_and_bytes(void **state)
{
    (void)state;
    gw_number_seconds(begin(), 4123456789);
    assert_string_equal(gw_cell_text(&cell), "4.123 s");
    gw_number_seconds(begin(), 9999600000);
    assert_string_equal(gw_cell_text(&cell), "10.00 s");
    gw_number_seconds(begin(), 3600000000000);
    assert_string_equal(gw_cell_text(&cell), "3600.0 s");
    gw_number_count(begin(), 1234567);
    assert_string_equal(gw_cell_text(&cell), "1,234,567");
    gw_number_count(begin(), 1000);
    assert_string_equal(gw_cell_text(&cell), "1,000");
    gw_number_count(begin(), 999);
    assert_string_equal(gw_cell_text(&cell), "999");
    gw_number_bytes(begin(), 25480396);
    assert_string_equal(gw_cell_text(&cell), "24.3 MiB");
}

static int teardown(void **state)
{
    (void)state;
    gw_cell_end(&cell);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_margins),
        cmocka_unit_test(test_times_counts_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
