/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "sample/stacks.h"

static int new_stacks(void **state)
{
    *state = gw_stacks_new();
    return *state ? 0 : -1;
}

static int free_stacks(void **state)
{
    gw_stacks_free(*state);
    return 0;
}

static void first_stack_is_empty(void **state)
{
    struct gw_stacks *stacks = *state;
    assert_int_equal(gw_stacks_count(stacks), 1);
    assert_int_equal(gw_stacks_get(stacks, 0)->parent, 0);
    assert_int_equal(gw_stacks_get(stacks, 0)->function, 0);
}

static void each_stack_once(void **state)
{
    struct gw_stacks *stacks = *state;
    uint32_t root = gw_stacks_push(stacks, 0, 5, 10);
    uint32_t leaf = gw_stacks_push(stacks, root, 6, 20);
    assert_int_equal(gw_stacks_push(stacks, 0, 5, 10), root);
    assert_int_equal(gw_stacks_push(stacks, root, 6, 20), leaf);
    assert_int_equal(gw_stacks_count(stacks), 3);
    const struct gw_stack_node *node = gw_stacks_get(stacks, leaf);
    assert_int_equal(node->parent, root);
    assert_int_equal(node->function, 6);
    assert_int_equal(node->line, 20);
}

static void any_part_makes_another_stack(void **state)
{
    struct gw_stacks *stacks = *state;
    uint32_t root = gw_stacks_push(stacks, 0, 5, 10);
    uint32_t ids[] = {
        root,
        gw_stacks_push(stacks, 0, 5, 11),
        gw_stacks_push(stacks, 0, 10, 5),
        gw_stacks_push(stacks, root, 5, 10),
        gw_stacks_push(stacks, 0, 0, 0), /* a function without a name is not the empty stack */
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_int_not_equal(ids[i], 0);
        for (size_t other = 0; other < i; other++)
            assert_int_not_equal(ids[i], ids[other]);
    }
}

/* Any pair of them may meet in the index. */
static void many_lines_of_one_function(void **state)
{
    struct gw_stacks *stacks = *state;
    assert_int_equal(gw_stacks_reserve(stacks, 5000), 0);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t line = 1; line <= 5000; line++)
            assert_int_equal(gw_stacks_push(stacks, 0, 1, line), line);
}

/* Ids are handed out in order and stay as they are when room is made. */
static void many_stacks(void **state)
{
    struct gw_stacks *stacks = *state;
    enum { N = 50000 };
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 1; i <= N; i++) {
            assert_int_equal(gw_stacks_reserve(stacks, 1), 0);
            assert_int_equal(gw_stacks_push(stacks, i / 3, i % 7, i), i);
        }
    }
    assert_int_equal(gw_stacks_count(stacks), N + 1);
    for (uint32_t i = 1; i <= N; i++)
        assert_int_equal(gw_stacks_get(stacks, i)->parent, i / 3);
}

static void without_room_the_stack_is_cut(void **state)
{
    struct gw_stacks *stacks = *state;
    uint32_t parent = 0, id;
    while ((id = gw_stacks_push(stacks, parent, 1, 1)) != parent)
        parent = id;
    uint32_t count = gw_stacks_count(stacks);
    assert_int_equal(parent, count - 1);
    assert_int_equal(gw_stacks_push(stacks, 0, 1, 1), 1);
    assert_int_equal(gw_stacks_reserve(stacks, 1), 0);
    assert_int_equal(gw_stacks_push(stacks, parent, 1, 1), count);
}

static void more_than_a_capture_can_have(void **state)
{
    struct gw_stacks *stacks = *state;
    assert_int_equal(gw_stacks_reserve(stacks, GW_MAX_IDS), -GW_E_LIMIT);
    assert_int_equal(gw_stacks_push(stacks, 0, 1, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_stack_is_empty, new_stacks, free_stacks),
        cmocka_unit_test_setup_teardown(each_stack_once, new_stacks, free_stacks),
        cmocka_unit_test_setup_teardown(any_part_makes_another_stack, new_stacks, free_stacks),
        cmocka_unit_test_setup_teardown(many_lines_of_one_function, new_stacks, free_stacks),
        cmocka_unit_test_setup_teardown(many_stacks, new_stacks, free_stacks),
        cmocka_unit_test_setup_teardown(without_room_the_stack_is_cut, new_stacks, free_stacks),
        cmocka_unit_test_setup_teardown(more_than_a_capture_can_have, new_stacks, free_stacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
