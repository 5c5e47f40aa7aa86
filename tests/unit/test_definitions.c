/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "sample/definitions.h"

static struct world {
    struct gw_definitions definitions;
    struct gw_definitions_message message;
    uint32_t n_strings, n_functions, n_stacks; /* taken so far, ids without a definition included */
    unsigned n_messages;
} world;

static int start(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.n_strings = world.n_functions = world.n_stacks = 1;
    return gw_definitions_init(&world.definitions);
}

static int finish(void **state)
{
    (void)state;
    gw_definitions_message_fini(&world.message);
    gw_definitions_fini(&world.definitions);
    return 0;
}

/* Functions and stacks, as one second of new code brings them. */
static void define(unsigned from, unsigned n, const char *padding)
{
    char name[GW_MAX_STRING];
    for (unsigned i = from; i < from + n; i++) {
        assert_int_equal(gw_definitions_reserve(&world.definitions), 0);
        snprintf(name, sizeof name, "function %u%s", i, padding);
        uint32_t function = gw_functions_intern(world.definitions.functions, name, "a.py", i * 7);
        assert_int_equal(function, i);
        gw_stacks_push(world.definitions.stacks, i / 2, function, i * 7 + 1);
    }
}

static void check_strings(const Gilwait__Capture__Strings *strings)
{
    assert_int_equal(strings->first_id, world.n_strings);
    for (size_t i = 0; i < strings->n_values; i++)
        assert_string_equal(strings->values[i],
                            gw_strtab_text(world.definitions.strings, world.n_strings++));
}

/* Columns of one length, ids without a gap, and nothing that is defined later or not at all. */
static void check_functions(const Gilwait__Capture__Functions *functions)
{
    assert_int_equal(functions->first_id, world.n_functions);
    assert_int_equal(functions->n_file, functions->n_name);
    assert_int_equal(functions->n_first_line, functions->n_name);
    for (size_t i = 0; i < functions->n_name; i++) {
        const struct gw_function *function =
            gw_functions_get(world.definitions.functions, world.n_functions++);
        assert_int_equal(functions->name[i], function->name);
        assert_int_equal(functions->file[i], function->file);
        assert_int_equal(functions->first_line[i], function->first_line);
        assert_true(functions->name[i] < world.n_strings && functions->file[i] < world.n_strings);
    }
}

static void check_stacks(const Gilwait__Capture__Stacks *stacks)
{
    assert_int_equal(stacks->first_id, world.n_stacks);
    assert_int_equal(stacks->n_function, stacks->n_parent);
    assert_int_equal(stacks->n_line, stacks->n_parent);
    for (size_t i = 0; i < stacks->n_parent; i++) {
        const struct gw_stack_node *node = gw_stacks_get(world.definitions.stacks, world.n_stacks);
        assert_int_equal(stacks->parent[i], node->parent);
        assert_int_equal(stacks->function[i], node->function);
        assert_int_equal(stacks->line[i], node->line);
        assert_true(stacks->parent[i] < world.n_stacks);
        assert_true(stacks->function[i] < world.n_functions);
        world.n_stacks++;
    }
}

/* Take all there is, message by message; each is packed to see that it fits into a chunk. */
static void take_all(void)
{
    while (gw_definitions_take(&world.definitions, &world.message)) {
        const Gilwait__Capture__Data *data = &world.message.data;
        size_t bytes = gilwait__capture__data__get_packed_size(data);
        assert_in_range(bytes, 1, GW_CHUNK_TARGET + 2 * GW_MAX_STRING);
        uint8_t *packed = malloc(bytes);
        assert_non_null(packed);
        assert_int_equal(gilwait__capture__data__pack(data, packed), bytes);
        free(packed);
        if (data->strings)
            check_strings(data->strings);
        if (data->functions)
            check_functions(data->functions);
        if (data->stacks)
            check_stacks(data->stacks);
        world.n_messages++;
    }
    assert_int_equal(world.n_strings, gw_strtab_count(world.definitions.strings));
    assert_int_equal(world.n_functions, gw_functions_count(world.definitions.functions));
    assert_int_equal(world.n_stacks, gw_stacks_count(world.definitions.stacks));
}

static void nothing_to_define(void **state)
{
    (void)state;
    assert_false(gw_definitions_take(&world.definitions, &world.message));
}

static void each_definition_once_and_in_order(void **state)
{
    (void)state;
    define(1, 100, "");
    take_all();
    assert_in_range(world.n_messages, 1, 3);
    assert_false(gw_definitions_take(&world.definitions, &world.message));
    define(101, 50, "");
    take_all();
    assert_int_equal(world.n_functions, 151);
}

static void many_definitions_make_several_messages(void **state)
{
    (void)state;
    char padding[3001];
    memset(padding, 'x', sizeof padding - 1);
    padding[sizeof padding - 1] = 0;
    define(1, 60000, "");
    define(60001, 400, padding);
    take_all();
    assert_true(world.n_messages > 10);
}

/* A keyframe has everything again: a segment stands alone. */
static void after_a_rewind_all_comes_again(void **state)
{
    (void)state;
    define(1, 300, "");
    take_all();
    gw_definitions_rewind(&world.definitions);
    world.n_strings = world.n_functions = world.n_stacks = 1;
    define(301, 10, "");
    take_all();
    assert_int_equal(world.n_functions, 311);
}

static void strings_by_text(void **state)
{
    (void)state;
    uint32_t id = gw_definitions_string(&world.definitions, "MainThread");
    assert_int_equal(id, 1);
    assert_int_equal(gw_definitions_string(&world.definitions, "MainThread"), id);
    assert_int_equal(gw_definitions_string(&world.definitions, ""), 0);
    char text[32];
    unsigned n = 0;
    do
        snprintf(text, sizeof text, "text %u", n++);
    while (gw_definitions_string(&world.definitions, text) != 0); /* no room is no failure */
    assert_true(n > 1000);
    assert_int_equal(gw_definitions_string(&world.definitions, "MainThread"), id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_to_define, start, finish),
        cmocka_unit_test_setup_teardown(each_definition_once_and_in_order, start, finish),
        cmocka_unit_test_setup_teardown(many_definitions_make_several_messages, start, finish),
        cmocka_unit_test_setup_teardown(after_a_rewind_all_comes_again, start, finish),
        cmocka_unit_test_setup_teardown(strings_by_text, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
