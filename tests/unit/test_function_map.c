/* SPDX-License-Identifier: Apache-2.0 */
#include "native/function_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void put(struct gw_function_map *map, gw_raddr pc, gw_raddr start, gw_raddr end,
                uint32_t number)
{
    assert_int_equal(gw_function_map_put(map, pc, (struct gw_function_range){start, end, number}),
                     0);
}

static void expect(const struct gw_function_map *map, gw_raddr pc, uint32_t expected)
{
    uint32_t number;
    assert_true(gw_function_map_find(map, pc, &number));
    assert_int_equal(number, expected);
}

static void test_finds_what_an_address_is_in(void **state)
{
    struct gw_function_map map = {0};
    uint32_t number;
    (void)state;
    assert_false(gw_function_map_find(&map, 0, &number));
    for (uint32_t i = 1000; i-- > 0;) /* from the last to the first, with gaps */
        put(&map, 100ull * i + 7, 100ull * i, 100ull * i + 50, i);
    for (uint32_t i = 0; i < 1000; i++) {
        expect(&map, 100ull * i, i);
        expect(&map, 100ull * i + 49, i);
        assert_false(gw_function_map_find(&map, 100ull * i + 50, &number));
    }
    gw_function_map_free(&map);
    assert_false(gw_function_map_find(&map, 7, &number));
}

/* A symbol within another one: what lies behind it belongs to the outer one. */
static void test_range_within_another(void **state)
{
    struct gw_function_map map = {0};
    uint32_t number;
    (void)state;
    put(&map, 40, 40, 50, 1);
    put(&map, 20, 0, 100, 2);
    expect(&map, 20, 2);
    expect(&map, 45, 1);
    assert_false(gw_function_map_find(&map, 60, &number));
    put(&map, 60, 0, 100, 2);
    expect(&map, 60, 2);
    assert_false(gw_function_map_find(&map, 61, &number));
    expect(&map, 45, 1);
    expect(&map, 20, 2);
    gw_function_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_an_address_is_in),
        cmocka_unit_test(test_range_within_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
