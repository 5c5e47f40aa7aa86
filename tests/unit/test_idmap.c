/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/idmap.h"

#define N 20000u

/* Keys as the profiler has them: addresses of objects of one size, close together. */
static uint64_t key_of(uint32_t i)
{
    return 0x7f0000000000u + (uint64_t)i * 176;
}

static void empty_map_has_nothing(void **state)
{
    (void)state;
    struct gw_idmap map = {0};
    uint32_t value = 42;
    assert_false(gw_idmap_find(&map, 0, &value));
    assert_false(gw_idmap_put(&map, 0, 1));
    assert_int_equal(value, 42);
    gw_idmap_free(&map);
}

static void what_was_put_is_found(void **state)
{
    (void)state;
    struct gw_idmap map = {0};
    uint32_t value;
    assert_int_equal(gw_idmap_reserve(&map, N), 0);
    const struct gw_idmap_slot *slots = map.slots;
    for (uint32_t i = 0; i < N; i++)
        assert_true(gw_idmap_put(&map, key_of(i), i));
    assert_ptr_equal(map.slots, slots); /* a put allocates nothing */
    assert_int_equal(map.n, N);
    for (uint32_t i = 0; i < N; i++) {
        assert_true(gw_idmap_find(&map, key_of(i), &value));
        assert_int_equal(value, i);
        assert_false(gw_idmap_find(&map, key_of(i) + 8, &value));
    }
    gw_idmap_free(&map);
}

static void any_key_and_value_will_do(void **state)
{
    (void)state;
    static const uint64_t keys[] = {0, 1, UINT64_MAX, 1ull << 63};
    static const uint32_t values[] = {0, 1, UINT32_MAX - 1, 7};
    struct gw_idmap map = {0};
    assert_int_equal(gw_idmap_reserve(&map, 4), 0);
    for (int i = 0; i < 4; i++)
        assert_true(gw_idmap_put(&map, keys[i], values[i]));
    for (int i = 0; i < 4; i++) {
        uint32_t value;
        assert_true(gw_idmap_find(&map, keys[i], &value));
        assert_int_equal(value, values[i]);
    }
    gw_idmap_free(&map);
}

static void second_put_replaces(void **state)
{
    (void)state;
    struct gw_idmap map = {0};
    uint32_t value;
    assert_int_equal(gw_idmap_reserve(&map, 1), 0);
    assert_true(gw_idmap_put(&map, 5, 1));
    assert_true(gw_idmap_put(&map, 5, 2));
    assert_true(gw_idmap_find(&map, 5, &value));
    assert_int_equal(value, 2);
    assert_int_equal(map.n, 1);
    gw_idmap_free(&map);
}

static void full_map_refuses_and_keeps_what_it_has(void **state)
{
    (void)state;
    struct gw_idmap map = {0};
    uint32_t n = 0, value;
    assert_int_equal(gw_idmap_reserve(&map, 100), 0);
    while (gw_idmap_put(&map, key_of(n), n))
        n++;
    assert_in_range(n, 100, map.n_slots - 1); /* a free slot ends every search */
    assert_true(gw_idmap_put(&map, key_of(3), 33));
    assert_false(gw_idmap_find(&map, key_of(n), &value));
    assert_int_equal(gw_idmap_reserve(&map, map.n + 1), 0);
    assert_true(gw_idmap_put(&map, key_of(n), n));
    for (uint32_t i = 0; i <= n; i++) {
        assert_true(gw_idmap_find(&map, key_of(i), &value));
        assert_int_equal(value, i == 3 ? 33 : i);
    }
    gw_idmap_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map_has_nothing),
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(any_key_and_value_will_do),
        cmocka_unit_test(second_put_replaces),
        cmocka_unit_test(full_map_refuses_and_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
