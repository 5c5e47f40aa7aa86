/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-made tables for what compilers seldom write; check_linetables.py has those they do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cpython/linetable.h"

#define LINE(family, bytes, first, at)                                                             \
    gw_linetable_line(family, gw_span_of(bytes, sizeof(bytes)), first, at)
#define LNOTAB(bytes, at) LINE(GW_LINES_LNOTAB, bytes, 10, at)
#define LINETABLE(bytes, at) LINE(GW_LINES_LINETABLE, bytes, 10, at)
#define LOCATIONS(bytes, at) LINE(GW_LINES_LOCATIONS, bytes, 10, at)

/* First byte of a location entry. */
#define ENTRY(kind, units) (uint8_t)(0x80u | (unsigned)(kind) << 3 | ((unsigned)(units)-1))

static void not_started_is_the_first_line(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 50};
    assert_int_equal(LNOTAB(bytes, -1), 10);
    assert_int_equal(LINETABLE(bytes, -2), 10);
    assert_int_equal(LOCATIONS(bytes, INT64_MIN), 10);
}

static void empty_table(void **state)
{
    (void)state;
    struct gw_span none = gw_span_of("", 0);
    /* All of the code of an empty lnotab is on the first line; the others say no line at all. */
    assert_int_equal(gw_linetable_line(GW_LINES_LNOTAB, none, 7, 0), 7);
    assert_int_equal(gw_linetable_line(GW_LINES_LINETABLE, none, 7, 0), 0);
    assert_int_equal(gw_linetable_line(GW_LINES_LOCATIONS, none, 7, 0), 0);
}

static void lnotab_goes_forward_and_back(void **state)
{
    (void)state;
    const uint8_t bytes[] = {6, 1, 8, (uint8_t)-3, 2, 5};
    assert_int_equal(LNOTAB(bytes, 0), 10);
    assert_int_equal(LNOTAB(bytes, 5), 10);
    assert_int_equal(LNOTAB(bytes, 6), 11);
    assert_int_equal(LNOTAB(bytes, 13), 11);
    assert_int_equal(LNOTAB(bytes, 14), 8);
    assert_int_equal(LNOTAB(bytes, 16), 13);
    assert_int_equal(LNOTAB(bytes, 4000), 13);
}

static void lnotab_splits_what_is_large(void **state)
{
    (void)state;
    /* 300 bytes on, then 200 lines on and 130 lines back, as the format has to write them. */
    const uint8_t bytes[] = {255, 0, 45, 127, 0, 73, 2, (uint8_t)-128, 0, (uint8_t)-2};
    assert_int_equal(LNOTAB(bytes, 299), 10);
    assert_int_equal(LNOTAB(bytes, 300), 210);
    assert_int_equal(LNOTAB(bytes, 302), 80);
}

static void linetable_delta_holds_for_its_own_range(void **state)
{
    (void)state;
    const uint8_t bytes[] = {4, 0, 2, 2, 6, (uint8_t)-128, 4, (uint8_t)-1};
    assert_int_equal(LINETABLE(bytes, 0), 10);
    assert_int_equal(LINETABLE(bytes, 3), 10);
    assert_int_equal(LINETABLE(bytes, 4), 12);
    assert_int_equal(LINETABLE(bytes, 6), 0);
    assert_int_equal(LINETABLE(bytes, 11), 0);
    assert_int_equal(LINETABLE(bytes, 12), 11);
    assert_int_equal(LINETABLE(bytes, 15), 11);
    assert_int_equal(LINETABLE(bytes, 16), 0);
}

static void linetable_splits_what_is_large(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 127, 0, 127, 254, 46, 254, 0, 2, (uint8_t)-127};
    assert_int_equal(LINETABLE(bytes, 0), 310);
    assert_int_equal(LINETABLE(bytes, 507), 310);
    assert_int_equal(LINETABLE(bytes, 508), 183);
}

static void locations_of_each_kind(void **state)
{
    (void)state;
    const uint8_t bytes[] = {
        ENTRY(0, 1),  0x11, /* same line: bytes 0, 1 */
        ENTRY(9, 2),  0x7f, /* same line: 2 to 5 */
        ENTRY(10, 1), 0x01,
        0x02, /* same line: 6, 7 */
        ENTRY(11, 1), 0x01,
        0x02, /* 11: 8, 9 */
        ENTRY(12, 1), 0x01,
        0x02,               /* 13: 10, 11 */
        ENTRY(15, 8),       /* none: 12 to 27 */
        ENTRY(13, 1), 0x03, /* 12: 28, 29 */
        ENTRY(14, 3), 0x40 | (2000 & 0x3f),
        2000 >> 6,    0x00,
        0x01,         0x02, /* 1012: 30 to 35 */
        ENTRY(14, 1), 0x40 | (2001 & 0x3f),
        2001 >> 6,    0x00,
        0x01,         0x02, /* 12: 36, 37 */
    };
    static const struct {
        int64_t at;
        uint32_t line;
    } expected[] = {
        {0, 10}, {1, 10}, {2, 10},  {5, 10},    {6, 10},    {8, 11},  {10, 13}, {11, 13},
        {12, 0}, {27, 0}, {28, 12}, {30, 1012}, {35, 1012}, {36, 12}, {37, 12}, {38, 0},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(LOCATIONS(bytes, expected[i].at), expected[i].line);
}

static void locations_may_name_line_zero(void **state)
{
    (void)state;
    /* A module's code starts at line 0, before its line 1. */
    const uint8_t bytes[] = {ENTRY(13, 1), 0x03, ENTRY(11, 1), 0, 0};
    assert_int_equal(LINE(GW_LINES_LOCATIONS, bytes, 1, 0), 0);
    assert_int_equal(LINE(GW_LINES_LOCATIONS, bytes, 1, 2), 1);
}

static void lines_out_of_range_are_none(void **state)
{
    (void)state;
    const uint8_t lnotab[] = {2, (uint8_t)-100};
    assert_int_equal(LNOTAB(lnotab, 2), 0);
    const uint8_t linetable[] = {2, (uint8_t)-100};
    assert_int_equal(LINETABLE(linetable, 0), 0);
    const uint8_t locations[] = {ENTRY(13, 1), 0x7e, 0x7f, 0x7f, 0x7f, 0x7f, 0x3f};
    assert_int_equal(LOCATIONS(locations, 0), 0);
    assert_int_equal(LINE(GW_LINES_LNOTAB, lnotab, UINT32_MAX, 0), 0);
}

static void broken_tables_have_no_lines(void **state)
{
    (void)state;
    const uint8_t half_pair[] = {8};
    assert_int_equal(LINETABLE(half_pair, 0), 0);
    const uint8_t no_start[] = {0x11, ENTRY(0, 1), 0x11};
    assert_int_equal(LOCATIONS(no_start, 0), 0);
    const uint8_t cut_varint[] = {ENTRY(13, 1), 0x41};
    assert_int_equal(LOCATIONS(cut_varint, 0), 0);
    /* More digits than a line delta has, though all of them are 0. */
    const uint8_t endless_varint[] = {ENTRY(13, 1), 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x00};
    assert_int_equal(LOCATIONS(endless_varint, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_started_is_the_first_line),
        cmocka_unit_test(empty_table),
        cmocka_unit_test(lnotab_goes_forward_and_back),
        cmocka_unit_test(lnotab_splits_what_is_large),
        cmocka_unit_test(linetable_delta_holds_for_its_own_range),
        cmocka_unit_test(linetable_splits_what_is_large),
        cmocka_unit_test(locations_of_each_kind),
        cmocka_unit_test(locations_may_name_line_zero),
        cmocka_unit_test(lines_out_of_range_are_none),
        cmocka_unit_test(broken_tables_have_no_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
