/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/columns.h"
#include "cell.h"

/* What a function writes, as text; one cell at a time. */
static struct gw_cell cell;

static FILE *begin(void)
{
    gw_cell_end(&cell);
    return gw_cell_begin(&cell);
}

static void test_width_is_that_of_the_terminal(void **state)
{
    (void)state;
    assert_int_equal(gw_columns_width(""), 0);
    assert_int_equal(gw_columns_width("worker-1"), 8);
    assert_int_equal(gw_columns_width("работник"), 8);
    assert_int_equal(gw_columns_width("作業者"), 6);
    assert_int_equal(gw_columns_width("e\xcc\x81"), 1); /* e and a combining accent */
}

static void test_cells_are_padded_and_cut(void **state)
{
    (void)state;
    gw_columns_put(begin(), "ab", 4);
    assert_string_equal(gw_cell_text(&cell), "ab  ");
    gw_columns_put(begin(), "作業者", 7);
    assert_string_equal(gw_cell_text(&cell), "作業者 ");
    gw_columns_put(begin(), "作業者", 6);
    assert_string_equal(gw_cell_text(&cell), "作業者");
    /* A wide character that does not fit leaves a space. */
    gw_columns_put(begin(), "作業者", 4);
    assert_string_equal(gw_cell_text(&cell), "作… ");
    gw_columns_put(begin(), "abcdef", 4);
    assert_string_equal(gw_cell_text(&cell), "abc…");
    gw_columns_put_right(begin(), "ж", 3);
    assert_string_equal(gw_cell_text(&cell), "  ж");
    gw_columns_put_right(begin(), "too long", 3);
    assert_string_equal(gw_cell_text(&cell), "too long");
}

static void test_lines_break_at_spaces(void **state)
{
    (void)state;
    gw_columns_wrap(begin(), "one two three four", 0, 0, 9);
    assert_string_equal(gw_cell_text(&cell), "one two\nthree\nfour\n");
    gw_columns_wrap(begin(), "one two three", 4, 2, 9);
    assert_string_equal(gw_cell_text(&cell), "one\n  two\n  three\n");
    gw_columns_wrap(begin(), "alongerwordthanaline", 0, 2, 9);
    assert_string_equal(gw_cell_text(&cell), "alongerwordthanaline\n");
    gw_columns_wrap(begin(), "", 0, 0, 9);
    assert_string_equal(gw_cell_text(&cell), "\n");
}

static void test_a_number_keeps_its_unit(void **state)
{
    (void)state;
    gw_columns_wrap(begin(), "lost 41 % of it", 0, 0, 8);
    assert_string_equal(gw_cell_text(&cell), "lost\n41 % of\nit\n");
    gw_columns_wrap(begin(), "in all 5", 0, 0, 7);
    assert_string_equal(gw_cell_text(&cell), "in all\n5\n");
}

static int setup(void **state)
{
    (void)state;
    gw_columns_init();
    return 0;
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
        cmocka_unit_test(test_width_is_that_of_the_terminal),
        cmocka_unit_test(test_cells_are_padded_and_cut),
        cmocka_unit_test(test_lines_break_at_spaces),
        cmocka_unit_test(test_a_number_keeps_its_unit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
