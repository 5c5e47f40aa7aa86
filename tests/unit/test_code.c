/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cpython/code.h"
#include "support/image_builder.h"

static struct world {
    struct image image;
    struct gw_strtab *strings;
    struct gw_functions *functions;
    struct gw_codes *codes;
    struct gw_location locations[GW_MAX_FRAMES];
} world;

static void make_room(void)
{
    assert_int_equal(gw_strtab_reserve(world.strings, 512, 65536), 0);
    assert_int_equal(gw_functions_reserve(world.functions, 512), 0);
    assert_int_equal(gw_codes_reserve(world.codes, 512), 0);
}

static void start(unsigned minor)
{
    image_init(&world.image, minor, EM_X86_64);
    world.strings = gw_strtab_new();
    assert_non_null(world.strings);
    world.functions = gw_functions_new(world.strings);
    assert_non_null(world.functions);
    world.codes = gw_codes_new(&world.image.fake.memory, world.image.layout, world.functions);
    assert_non_null(world.codes);
    make_room();
}

static void finish(void)
{
    gw_codes_free(world.codes);
    gw_functions_free(world.functions);
    gw_strtab_free(world.strings);
    image_fini(&world.image);
}

#define FOR_EACH_VERSION(minor)                                                                    \
    for (unsigned minor = GW_PYTHON_MINOR_FIRST;                                                   \
         minor <= GW_PYTHON_MINOR_LAST && (start(minor), 1); finish(), minor++)

static struct gw_frame frame_of(const struct image_code *code, int instruction)
{
    return (struct gw_frame){
        .frame = 0x1000, .code = code->addr, .instr = image_instr(&world.image, code, instruction)};
}

static struct gw_location locate(const struct image_code *code, int instruction)
{
    struct gw_frame frame = frame_of(code, instruction);
    assert_true(gw_codes_locate(world.codes, &frame, 1, world.locations));
    return world.locations[0];
}

static void assert_function(uint32_t id, const char *name, const char *file, uint32_t first_line)
{
    assert_in_range(id, 1, gw_functions_count(world.functions) - 1);
    const struct gw_function *function = gw_functions_get(world.functions, id);
    assert_string_equal(gw_strtab_text(world.strings, function->name), name);
    assert_string_equal(gw_strtab_text(world.strings, function->file), file);
    assert_int_equal(function->first_line, first_line);
}

static void function_and_line_of_each_instruction(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code code = image_code(&world.image, "Class.method", "/app/a.py", 120, 40);
        for (int pass = 0; pass < 2; pass++) { /* read, then from the cache */
            for (int i = 0; i < 40; i++) {
                struct gw_location at = locate(&code, i);
                assert_function(at.function, "Class.method", "/app/a.py", 120);
                assert_int_equal(at.line, 120 + i);
                assert_false(at.boundary);
            }
        }
        assert_int_equal(gw_functions_count(world.functions), 2);
    }
}

/* A function that was entered and has not begun can only be in the eval breaker. */
static void before_the_first_instruction(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code code = image_code(&world.image, "f", "a.py", 7, 4);
        struct gw_location at = locate(&code, -1);
        assert_int_equal(at.line, 7);
        assert_true(at.boundary);
    }
}

static void boundary_by_opcode(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code code = image_code(&world.image, "f", "a.py", 7, 4);
        unsigned n = 0;
        for (unsigned opcode = 0; opcode < GW_N_OPCODES; opcode++) {
            struct image_code again = image_code_at(&world.image, code.addr, "f", "a.py", 7, 4);
            fake_rmem_put_u8(&world.image.fake, again.bytecode + 4, (uint8_t)opcode);
            bool expected = gw_layout_is_boundary(world.image.layout, (uint8_t)opcode);
            assert_int_equal(locate(&again, 2).boundary, expected);
            n += expected;
        }
        assert_in_range(n, 1, 8);
    }
}

static void many_at_once(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code codes[GW_MAX_FRAMES];
        struct gw_frame frames[GW_MAX_FRAMES];
        char name[16];
        for (unsigned i = 0; i < GW_MAX_FRAMES; i++) {
            snprintf(name, sizeof name, "f%u", i);
            codes[i] = image_code(&world.image, name, "a.py", i, 4);
            frames[i] = frame_of(&codes[i], (int)(i % 4));
        }
        assert_true(gw_codes_locate(world.codes, frames, GW_MAX_FRAMES, world.locations));
        for (unsigned i = 0; i < GW_MAX_FRAMES; i++) {
            snprintf(name, sizeof name, "f%u", i);
            assert_function(world.locations[i].function, name, "a.py", i);
            assert_int_equal(world.locations[i].line, i + i % 4);
        }
    }
}

/* The code object was freed and another one stands at its address now. */
static void address_used_again(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code old = image_code(&world.image, "old", "a.py", 10, 8);
        assert_int_equal(gw_codes_identity(world.codes, old.addr), 0);
        for (int i = 0; i < 8; i++)
            locate(&old, i);
        uint64_t identity = gw_codes_identity(world.codes, old.addr);
        assert_int_not_equal(identity, 0);
        struct image_code new = image_code_at(&world.image, old.addr, "new", "b.py", 200, 8);
        locate(&new, 0);
        assert_int_not_equal(gw_codes_identity(world.codes, new.addr), identity);
        for (int i = 0; i < 8; i++) {
            struct gw_location at = locate(&new, i);
            assert_function(at.function, "new", "b.py", 200);
            assert_int_equal(at.line, 200 + i);
        }
    }
}

static void same_function_of_two_code_objects(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code one = image_code(&world.image, "f", "a.py", 10, 4);
        struct image_code two = image_code(&world.image, "f", "a.py", 10, 4);
        struct image_code other = image_code(&world.image, "f", "a.py", 11, 4);
        uint32_t id = locate(&one, 0).function;
        assert_int_equal(locate(&two, 0).function, id);
        assert_int_not_equal(locate(&other, 0).function, id);
        assert_int_equal(gw_functions_intern(world.functions, "f", "a.py", 10), id);
    }
}

/* An object as large as a code object, of a type with this name. */
static gw_raddr object_of_type(const char *name)
{
    struct fake_heap *heap = &world.image.heap;
    gw_raddr text = fake_heap_alloc(heap, 64);
    gw_raddr type = fake_heap_type(heap, 0);
    gw_raddr object = fake_heap_alloc(heap, GW_MAX_CODE_BYTES);
    fake_rmem_put(&world.image.fake, text, name, strlen(name) + 1);
    image_put(&world.image, type, GW_F_type_name, text);
    image_put(&world.image, object, GW_F_object_type, type);
    return object;
}

static void what_is_no_code_object(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code code = image_code(&world.image, "f", "a.py", 10, 4);
        struct gw_frame frames[] = {frame_of(&code, 0), frame_of(&code, 1)};
        static const gw_raddr nowhere[] = {0, 8, 0x7f0000000000, UINT64_MAX - 7};
        struct gw_frame other = {.code = object_of_type("coder")};
        for (int known = 0; known < 2; known++) { /* before and after a code object was met */
            assert_false(gw_codes_locate(world.codes, &other, 1, world.locations));
            for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
                frames[1].code = nowhere[i];
                assert_false(gw_codes_locate(world.codes, frames, 2, world.locations));
            }
        }
        locate(&code, 0);
    }
}

/* Within a tick what was checked is not read again; the next one finds out. */
static void checked_once_a_tick(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code code = image_code(&world.image, "f", "a.py", 10, 4);
        gw_codes_begin_tick(world.codes);
        uint32_t first = locate(&code, 0).function;
        struct image_code other = image_code_at(&world.image, code.addr, "g", "b.py", 20, 4);
        assert_int_equal(locate(&other, 0).function, first);
        struct gw_frame frames[] = {frame_of(&other, 0), frame_of(&other, 0)};
        frames[0].code = object_of_type("coder"); /* what was checked vouches for nothing else */
        assert_false(gw_codes_locate(world.codes, frames, 2, world.locations));
        gw_codes_begin_tick(world.codes);
        assert_function(locate(&other, 0).function, "g", "b.py", 20);
    }
}

static void name_that_cannot_be_read(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code code = image_code(&world.image, "f", "a.py", 10, 4);
        image_put(&world.image, code.addr, GW_F_code_filename, 0x2a);
        struct gw_location at = locate(&code, 1);
        assert_int_equal(at.function, 0);
        assert_int_equal(at.line, 11);
    }
}

static void line_table_that_cannot_be_read(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_code code = image_code(&world.image, "f", "a.py", 10, 4);
        uint64_t table;
        gw_raddr field = code.addr + gw_layout_at(world.image.layout, GW_F_code_linetable);
        assert_int_equal(gw_rmem_read(&world.image.fake.memory, field, &table, sizeof table), 0);
        image_put(&world.image, table, GW_F_bytes_size, GW_MAX_LINETABLE + 1);
        assert_int_equal(locate(&code, 1).line, 0);
        fake_rmem_put_u64(&world.image.fake, field, 0x2a);
        assert_int_equal(locate(&code, 2).line, 0);
        assert_function(locate(&code, 2).function, "f", "a.py", 10);
    }
}

/* More code than there is room for: it has no name until room is made, and nothing breaks. */
static void room_used_up(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        static struct image_code codes[3000];
        char name[16];
        unsigned n_named[2] = {0};
        assert_int_equal(gw_codes_reserve(world.codes, minor % 2 ? 3000 : 500), 0);
        for (unsigned pass = 0; pass < 2; pass++) {
            for (unsigned i = 0; i < 3000; i++) {
                snprintf(name, sizeof name, "f%u", i);
                if (pass == 0)
                    codes[i] = image_code(&world.image, name, "a.py", i, 4);
                struct gw_location at = locate(&codes[i], 0);
                if (at.function)
                    assert_function(at.function, name, "a.py", i);
                n_named[pass] += at.function != 0;
                if (pass == 1 && i % 100 == 0)
                    make_room();
            }
        }
        assert_in_range(n_named[0], 1, 2999);
        assert_int_equal(n_named[1], 3000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function_and_line_of_each_instruction),
        cmocka_unit_test(before_the_first_instruction),
        cmocka_unit_test(boundary_by_opcode),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(address_used_again),
        cmocka_unit_test(checked_once_a_tick),
        cmocka_unit_test(same_function_of_two_code_objects),
        cmocka_unit_test(what_is_no_code_object),
        cmocka_unit_test(name_that_cannot_be_read),
        cmocka_unit_test(line_table_that_cannot_be_read),
        cmocka_unit_test(room_used_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
