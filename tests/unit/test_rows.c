/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "model/rows.h"

struct record {
    uint32_t a, b;
    uint64_t sum;
};

static const struct gw_rows empty = {.row_bytes = sizeof(struct record),
                                     .key_bytes = offsetof(struct record, sum)};

static void test_each_key_has_one_row(void **state)
{
    struct gw_rows rows = empty;

    (void)state;
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 5000; i++) {
            struct record key = {.a = i % 100, .b = i / 100, .sum = 99};
            int64_t row = gw_rows_put(&rows, &key);
            assert_int_equal(row, i);
            struct record *record = gw_rows_at(&rows, (uint32_t)row);
            assert_int_equal(record->sum, round * 7);
            record->sum += 7;
        }
    assert_int_equal(rows.n, 5000);
    gw_rows_fini(&rows);
}

static void test_find_does_not_insert(void **state)
{
    struct gw_rows rows = empty;
    struct record key = {.a = 1, .b = 2};

    (void)state;
    assert_int_equal(gw_rows_find(&rows, &key), -GW_E_NOT_FOUND);
    assert_int_equal(gw_rows_put(&rows, &key), 0);
    assert_int_equal(gw_rows_find(&rows, &key), 0);
    key.b = 3;
    assert_int_equal(gw_rows_find(&rows, &key), -GW_E_NOT_FOUND);
    assert_int_equal(rows.n, 1);
    gw_rows_fini(&rows);
}

static void test_steal_hands_the_records_over(void **state)
{
    struct gw_rows rows = empty;
    struct record key = {.a = 1, .b = 2};

    (void)state;
    assert_null(gw_rows_steal(&rows));
    assert_int_equal(gw_rows_put(&rows, &key), 0);
    struct record *records = gw_rows_steal(&rows);
    assert_int_equal(records[0].b, 2);
    assert_int_equal(rows.n, 0);
    assert_int_equal(gw_rows_find(&rows, &key), -GW_E_NOT_FOUND);
    free(records);
    gw_rows_fini(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_key_has_one_row),
        cmocka_unit_test(test_find_does_not_insert),
        cmocka_unit_test(test_steal_hands_the_records_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
