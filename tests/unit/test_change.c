/* SPDX-License-Identifier: Apache-2.0 */
#include "change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool differ(double before, double before_margin, double after, double after_margin)
{
    struct gw_change change = gw_change_of((struct gw_figure){before, before_margin},
                                           (struct gw_figure){after, after_margin});
    return gw_change_significant(&change);
}

/* 3 and 4 make 5: neither the sum of the half-widths nor the larger one. */
static void root_of_the_sum_of_squares(void **state)
{
    (void)state;
    assert_true(differ(10, 3, 15.1, 4));
    assert_false(differ(10, 3, 15, 4));
    assert_false(differ(10, 3, 14.9, 4));
    assert_true(differ(15.1, 4, 10, 3));
    assert_false(differ(14.9, 4, 10, 3));
}

static void exact_figures_differ_if_they_differ(void **state)
{
    (void)state;
    assert_true(differ(1, 0, 1.001, 0));
    assert_false(differ(1, 0, 1, 0));
}

static void sign_tells_the_direction(void **state)
{
    (void)state;
    struct gw_change change = gw_change_of((struct gw_figure){10, 3}, (struct gw_figure){4, 4});
    assert_true(change.difference == -6);
    assert_true(change.margin == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_of_the_sum_of_squares),
        cmocka_unit_test(exact_figures_differ_if_they_differ),
        cmocka_unit_test(sign_tells_the_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
