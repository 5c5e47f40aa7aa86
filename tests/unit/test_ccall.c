/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "cpython/ccall.h"
#include "support/image_builder.h"

#define NLOCALS 3u
#define STACKSIZE 8u
#define TYPE_READY (1ull << 12)
#define METHOD_DESCRIPTOR (1ull << 17)
#define TYPE_TYPE (1ull << 31)

/* A frame that stands at the call f(x) or o.m(x), made of what each version has for it. */
static struct world {
    struct image image;
    struct gw_strtab *strings;
    struct gw_functions *functions;
    struct gw_codes *codes;
    struct gw_ccalls *ccalls;
    struct image_thread thread;
    struct image_code code;
    struct gw_frame frame;
    gw_raddr values; /* where the frame's values begin */
    gw_raddr type_of_functions, type_of_c_functions, type_of_methods, type_of_plain;
} world;

/* The call, its unit, the depth before it, and from which value on its callable is looked for. */
static const struct call {
    unsigned minor;
    uint8_t code[28];
    unsigned unit, depth, slot;
    bool pair;
} calls[] = {
    /* LOAD_GLOBAL 0, LOAD_CONST, CALL_FUNCTION 1 */
    {8, {116, 0, 100, 0, 131, 1, 83, 0}, 2, 2, 0, false},
    /* LOAD_CONST, LOAD_METHOD 0, LOAD_CONST, CALL_METHOD 1 */
    {10, {100, 0, 160, 0, 100, 0, 161, 1, 83, 0}, 3, 3, 0, true},
    /* RESUME, LOAD_CONST, LOAD_METHOD 0 with 10 caches ... is too long: PUSH_NULL, LOAD_NAME 0 */
    {11,
     {151, 0, 2, 0, 101, 0, 100, 0, 166, 1, 0, 0, 171, 1, 0, 0, 0, 0, 0, 0, 0, 0},
     4,
     3,
     0,
     true},
    /* RESUME, PUSH_NULL, LOAD_NAME 0, LOAD_CONST, CALL 1 */
    {12, {151, 0, 2, 0, 101, 0, 100, 0, 171, 1, 0, 0, 0, 0, 0, 0, 83, 0}, 4, 3, 0, true},
    /* RESUME, LOAD_NAME 0, PUSH_NULL, LOAD_CONST, CALL 1 */
    {13, {149, 0, 92, 0, 34, 0, 83, 0, 53, 1, 0, 0, 0, 0, 0, 0, 36, 0}, 4, 3, 0, false},
};

static const struct call *call_of(unsigned minor)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (calls[i].minor == minor)
            return &calls[i];
    return NULL;
}

static gw_raddr at(gw_raddr object, enum gw_field field)
{
    return object + gw_layout_at(world.image.layout, field);
}

static void put(gw_raddr addr, uint64_t value)
{
    fake_rmem_put_u64(&world.image.fake, addr, value);
}

static gw_raddr c_string(const char *text)
{
    gw_raddr addr = fake_heap_alloc(&world.image.heap, strlen(text) + 1);
    fake_rmem_put(&world.image.fake, addr, text, strlen(text) + 1);
    return addr;
}

static gw_raddr type(const char *name, uint64_t flags, bool is_callable)
{
    gw_raddr addr = fake_heap_alloc(&world.image.heap, 512);
    put(at(addr, GW_F_type_name), c_string(name));
    put(at(addr, GW_F_type_flags), flags | TYPE_READY);
    put(at(addr, GW_F_type_call), is_callable ? 0x4000 : 0);
    return addr;
}

static gw_raddr object(gw_raddr of_type)
{
    gw_raddr addr = fake_heap_alloc(&world.image.heap, 128);
    put(at(addr, GW_F_object_type), of_type);
    return addr;
}

static gw_raddr definition(const char *name)
{
    gw_raddr addr = fake_heap_alloc(&world.image.heap, 64);
    put(at(addr, GW_F_definition_name), c_string(name));
    return addr;
}

static gw_raddr c_function(const char *module, const char *name)
{
    gw_raddr addr = object(world.type_of_c_functions);
    put(at(addr, GW_F_cfunction_definition), definition(name));
    put(at(addr, GW_F_cfunction_module), fake_heap_ascii(&world.image.heap, module));
    return addr;
}

static gw_raddr method(const char *of_type, const char *name)
{
    gw_raddr addr = object(world.type_of_methods);
    put(at(addr, GW_F_descr_type), type(of_type, 0, false));
    put(at(addr, GW_F_descr_definition), definition(name));
    return addr;
}

static void put_code(const struct call *call, const char *source)
{
    struct image *image = &world.image;
    gw_raddr names = fake_heap_alloc(&image->heap, 64);
    world.code = image_code(image, "run", "/app/a.py", 1, sizeof call->code / 2);
    put(at(names, GW_F_tuple_items), fake_heap_ascii(&image->heap, source));
    image_put(image, world.code.addr, GW_F_code_names, names);
    image_put(image, world.code.addr, GW_F_code_stacksize, STACKSIZE);
    if (gw_layout_has(image->layout, GW_F_code_nlocalsplus)) {
        image_put(image, world.code.addr, GW_F_code_nlocalsplus, NLOCALS);
        image_put(image, world.code.addr, GW_F_code_units, sizeof call->code / 2);
        image_put(image, world.code.addr, GW_F_code_exceptiontable,
                  fake_heap_bytes(&image->heap, "", 0));
    }
    fake_rmem_put(&image->fake, world.code.bytecode, call->code, sizeof call->code);
}

static void put_frame(const struct call *call)
{
    struct image *image = &world.image;
    gw_raddr frame = image_push(image, &world.thread, &world.code, (int)call->unit, IMAGE_IN_CHUNK);
    if (image->layout->frames == GW_FRAMES_HEAP) {
        world.values = fake_heap_alloc(&image->heap, STACKSIZE * 8);
        image_put(image, frame, GW_F_frame_valuestack, world.values);
    } else {
        world.values = at(frame, GW_F_frame_localsplus) + 8 * NLOCALS;
    }
    world.frame = (struct gw_frame){.frame = frame,
                                    .code = world.code.addr,
                                    .instr = image_instr(image, &world.code, (int)call->unit)};
    struct gw_location location;
    assert_true(gw_codes_locate(world.codes, &world.frame, 1, &location));
}

/* source: by which name the code calls. */
static void start(const struct call *call, const char *source)
{
    struct image *image = &world.image;
    image_init(image, call->minor, EM_X86_64);
    world.strings = gw_strtab_new();
    world.functions = gw_functions_new(world.strings);
    world.codes = gw_codes_new(&image->fake.memory, image->layout, world.functions);
    world.ccalls = gw_ccalls_new(&image->fake.memory, image->layout, world.codes, world.functions,
                                 world.strings);
    assert_non_null(world.ccalls);
    assert_int_equal(gw_strtab_reserve(world.strings, 64, 8192), 0);
    assert_int_equal(gw_functions_reserve(world.functions, 64), 0);
    assert_int_equal(gw_codes_reserve(world.codes, 64), 0);
    assert_int_equal(gw_ccalls_reserve(world.ccalls, 64), 0);
    world.type_of_functions = type("function", METHOD_DESCRIPTOR, true);
    world.type_of_c_functions = type("builtin_function_or_method", 0, true);
    world.type_of_methods = type("method_descriptor", METHOD_DESCRIPTOR, true);
    world.type_of_plain = type("bytes", 0, false);
    gw_raddr interp = image_interpreter(image, 0);
    image_thread(image, interp, 1, 4711, &world.thread);
    put_code(call, source);
    put_frame(call);
}

static void finish(void)
{
    gw_ccalls_free(world.ccalls);
    gw_codes_free(world.codes);
    gw_functions_free(world.functions);
    gw_strtab_free(world.strings);
    image_fini(&world.image);
}

#define FOR_EACH_CALL(call, source)                                                                \
    for (const struct call *call = calls;                                                          \
         call < calls + sizeof calls / sizeof calls[0] && (start(call, source), 1);                \
         finish(), call++)

static void put_value(unsigned slot, uint64_t value)
{
    put(world.values + 8 * slot, value);
}

/* The callable of a call, where that version has it: alone, or behind a NULL. */
static void put_callable(const struct call *call, gw_raddr callable)
{
    put_value(call->slot, call->pair ? 0 : callable);
    if (call->pair)
        put_value(call->slot + 1, callable);
}

static struct gw_ccall ask(enum gw_ccall_pose pose)
{
    return gw_ccall_of(world.ccalls, &world.frame, pose, NULL);
}

static void assert_in(struct gw_ccall found, const char *name)
{
    assert_int_equal(found.kind, GW_CCALL_IN);
    const struct gw_function *function = gw_functions_get(world.functions, found.function);
    assert_int_equal(function->kind, GW_CODE_C);
    assert_string_equal(gw_strtab_text(world.strings, function->name), name);
    assert_string_equal(gw_strtab_text(world.strings, function->file), "");
}

static void functions_by_their_names(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "compress")
    {
        put_callable(call, c_function("zlib", "compress"));
        for (int pass = 0; pass < 2; pass++) { /* read, then from the caches */
            assert_in(ask(GW_CCALL_SLEEPS), "zlib.compress");
            assert_in(ask(GW_CCALL_NO_GIL), "zlib.compress");
            assert_in(ask(GW_CCALL_RUNS), "zlib.compress");
            assert_true(ask(GW_CCALL_RUNS).sure);
        }
    }
    FOR_EACH_CALL(call, "len")
    {
        put_callable(call, c_function("builtins", "len"));
        assert_in(ask(GW_CCALL_RUNS), "len");
    }
}

static void types_and_instances(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "set")
    {
        gw_raddr metatype = type("type", TYPE_TYPE, true);
        gw_raddr set = type("set", 0, false);
        put(at(set, GW_F_object_type), metatype);
        put_callable(call, set);
        assert_in(ask(GW_CCALL_RUNS), "set()");
        put_callable(call, object(type("_json.Encoder", 0, true)));
        assert_in(ask(GW_CCALL_SLEEPS), "_json.Encoder.__call__");
    }
}

static void methods(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "join")
    {
        if (call->pair) { /* the method, and its self behind it */
            put_value(call->slot, method("str", "join"));
            put_value(call->slot + 1, object(world.type_of_plain));
        } else {
            put_callable(call, method("str", "join"));
        }
        assert_in(ask(GW_CCALL_RUNS), "str.join");
    }
}

/* What a tick has read of a method of a type holds for its other threads; a function may be another
 * one by then. */
static void methods_are_read_once_a_tick(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "join")
    {
        gw_raddr function = c_function("json", "loads"), of_type = method("str", "join");
        gw_ccalls_begin_tick(world.ccalls);
        put_callable(call, function);
        assert_in(ask(GW_CCALL_RUNS), "json.loads");
        put(at(function, GW_F_cfunction_definition), definition("dumps"));
        assert_in(ask(GW_CCALL_RUNS), "json.dumps");
        put_callable(call, of_type);
        assert_in(ask(GW_CCALL_RUNS), "str.join");
        put(at(of_type, GW_F_descr_definition), definition("split"));
        assert_in(ask(GW_CCALL_RUNS), "str.join");
        gw_ccalls_begin_tick(world.ccalls);
        assert_in(ask(GW_CCALL_RUNS), "str.split");
    }
}

static void python_functions(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "f")
    {
        put_callable(call, object(world.type_of_functions));
        assert_int_equal(ask(GW_CCALL_RUNS).kind, GW_CCALL_PYTHON);
        assert_int_equal(ask(GW_CCALL_NO_GIL).kind, GW_CCALL_PYTHON);
    }
}

/* What the call gave lies where the callable did. */
static void a_call_that_is_over(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "compress")
    {
        put_value(call->slot, object(world.type_of_plain));
        struct gw_ccall found = ask(GW_CCALL_NO_GIL);
        assert_int_equal(found.kind, GW_CCALL_OVER);
        assert_true(gw_ccall_is_over(&found));
        assert_false(gw_ccall_is_in_c(world.image.layout, &found));
        found = ask(GW_CCALL_RUNS);
        assert_false(gw_ccall_is_over(&found)); /* it may be anywhere by now */
    }
}

/* The result can be called itself: getattr(o, "m"). Not so where it lies before a self. */
static void a_result_that_can_be_called(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "getattr")
    {
        put_value(call->slot, c_function("zlib", "compress"));
        assert_int_equal(ask(GW_CCALL_NO_GIL).kind, GW_CCALL_OVER);
    }
}

/* By another name than its own: believed where the thread cannot go on, or is seen to stay. */
static void functions_by_other_names(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "pack")
    {
        put_callable(call, c_function("zlib", "compress"));
        assert_in(ask(GW_CCALL_SLEEPS), "zlib.compress");
        assert_in(ask(GW_CCALL_RUNS), "zlib.compress");
        assert_false(ask(GW_CCALL_RUNS).sure);
    }
}

static gw_raddr other;
static size_t due; /* once so many ranges have been read, the next call is made */

static void call_another_when_due(struct fake_rmem *fake)
{
    if (fake->n_ranges_read == due)
        put_callable(call_of(gw_layout_minor(world.image.layout)), other);
}

/* The loop has gone on to another call: no name is better than a wrong one. */
static void a_thread_that_goes_on(void **state)
{
    (void)state;
    FOR_EACH_CALL(call, "pack")
    {
        other = c_function("zlib", "crc32");
        put_callable(call, c_function("zlib", "compress"));
        assert_in(ask(GW_CCALL_SLEEPS), "zlib.compress"); /* the code is in the caches now */
        bool heap = world.image.layout->frames == GW_FRAMES_HEAP;
        due = (heap ? 2u : 1u) + (call->pair ? 2u : 1u); /* place and values of the frame */
        world.image.fake.n_ranges_read = 0;
        world.image.fake.after_range = call_another_when_due;
        assert_int_equal(ask(GW_CCALL_RUNS).kind, GW_CCALL_UNKNOWN);
        world.image.fake.after_range = NULL;
    }
    FOR_EACH_CALL(call, "compress")
    {
        put_callable(call, c_function("zlib", "compress"));
        world.frame.instr = image_instr(&world.image, &world.code, 0); /* it was there before */
        assert_int_not_equal(ask(GW_CCALL_RUNS).kind, GW_CCALL_IN);
    }
}

/* l[0] in 3.12, which runs C code of the type of l. */
static const struct call subscript = {12,   {151, 0, 101, 0, 100, 0, 25, 0, 0, 0, 83, 0}, 3, 2, 0,
                                      false};

static void operators(void **state)
{
    (void)state;
    start(&subscript, "l");
    put_value(0, object(type("collections.deque", 0, false)));
    assert_in(ask(GW_CCALL_SLEEPS), "collections.deque.__getitem__");
    assert_in(ask(GW_CCALL_NO_GIL), "collections.deque.__getitem__");
    assert_in(ask(GW_CCALL_RUNS), "collections.deque.__getitem__"); /* it stays there */
    put_value(0, object(type("float", 0, false)));
    assert_int_equal(ask(GW_CCALL_RUNS).kind, GW_CCALL_NONE); /* that cannot last */
    finish();
}

/* "no" in l in 3.12; what lies where after it: 3.15. */
static const struct call search = {12, {151, 0, 100, 0, 101, 0, 118, 0, 83, 0}, 3, 2, 1, false};

static void an_operator_that_is_over(void **state)
{
    (void)state;
    start(&search, "l");
    gw_raddr word = object(type("str", 0, false));
    put_value(0, word);
    put_value(1, object(type("list", 0, false)));
    assert_in(ask(GW_CCALL_SLEEPS), "list.__contains__");
    assert_in(ask(GW_CCALL_RUNS), "list.__contains__");
    put_value(0, object(type("bool", 0, false)));
    put_value(1, word);
    assert_int_equal(ask(GW_CCALL_SLEEPS).kind, GW_CCALL_NONE);
    assert_int_equal(ask(GW_CCALL_RUNS).kind, GW_CCALL_NONE);
    finish();
}

static void rubbish(void **state)
{
    (void)state;
    static const uint64_t values[] = {1, 0x2a, 0x7f0000000000, UINT64_MAX - 7};
    FOR_EACH_CALL(call, "f")
    {
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            put_value(call->slot, values[i]);
            assert_int_not_equal(ask(GW_CCALL_SLEEPS).kind, GW_CCALL_IN);
        }
        world.image.fake.error = -ESRCH;
        assert_int_equal(ask(GW_CCALL_SLEEPS).kind, GW_CCALL_UNKNOWN);
        world.image.fake.error = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_by_their_names),
        cmocka_unit_test(types_and_instances),
        cmocka_unit_test(methods),
        cmocka_unit_test(methods_are_read_once_a_tick),
        cmocka_unit_test(python_functions),
        cmocka_unit_test(a_call_that_is_over),
        cmocka_unit_test(a_result_that_can_be_called),
        cmocka_unit_test(functions_by_other_names),
        cmocka_unit_test(a_thread_that_goes_on),
        cmocka_unit_test(operators),
        cmocka_unit_test(an_operator_that_is_over),
        cmocka_unit_test(rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
