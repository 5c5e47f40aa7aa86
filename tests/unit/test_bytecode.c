/* SPDX-License-Identifier: Apache-2.0 */
/* The depths of whole standard libraries are held against the interpreters' own by
 * check_depths.py; here stands what is easily got wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "cpython/bytecode.h"

static struct gw_depths *depths;

static int set_up(void **state)
{
    (void)state;
    depths = gw_depths_new();
    return depths ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    gw_depths_free(depths);
    return 0;
}

#define BYTECODE(minor_, code_)                                                                    \
    ((struct gw_bytecode){.minor = (minor_), .code = gw_span_of((code_), sizeof(code_))})

static void assert_depths(const int *expected, size_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (gw_depths_at(depths, i) != expected[i])
            fail_msg("unit %u: depth %d, not %d", i, gw_depths_at(depths, i), expected[i]);
}
#define ASSERT_DEPTHS(...)                                                                         \
    do {                                                                                           \
        static const int expected[] = {__VA_ARGS__};                                               \
        assert_depths(expected, sizeof expected / sizeof expected[0]);                             \
    } while (0)
#define NONE GW_DEPTH_UNREACHED

/* f(len(x)) in 3.12, the inner call specialised (CALL_NO_KW_LEN). */
static const uint8_t nested_312[] = {
    151, 0,                         /* RESUME */
    116, 1, 0, 0, 0, 0, 0, 0, 0, 0, /* LOAD_GLOBAL NULL + f, with 4 caches */
    116, 3, 0, 0, 0, 0, 0, 0, 0, 0, /* NULL + len */
    100, 1,                         /* LOAD_CONST */
    42,  1, 0, 0, 0, 0, 0, 0,       /* CALL 1 */
    171, 1, 0, 0, 0, 0, 0, 0,       /* CALL 1 */
    83,  0,                         /* RETURN_VALUE */
};

static void calls_and_their_caches(void **state)
{
    (void)state;
    struct gw_bytecode bytecode = BYTECODE(12, nested_312);
    struct gw_instruction call;
    assert_int_equal(gw_depths_find(depths, &bytecode), 5);
    ASSERT_DEPTHS(0, 0, NONE, NONE, NONE, NONE, 2, NONE, NONE, NONE, NONE, 4, 5, NONE, NONE, NONE,
                  3, NONE, NONE, NONE, 1, NONE);
    assert_true(gw_instruction_at(depths, &bytecode, 12, &call));
    assert_int_equal(call.role, GW_OP_CALL_PAIR);
    assert_int_equal(call.opcode, 171); /* the general one */
    assert_int_equal(call.argument, 1);
    assert_int_equal(call.end, 16);
}

static void upper_bits_of_an_argument(void **state)
{
    (void)state;
    static const uint8_t code[] = {
        151, 0,         /* RESUME */
        144, 2, 144, 3, /* EXTENDED_ARG */
        100, 4,         /* LOAD_CONST 0x20304 */
        83,  0,         /* RETURN_VALUE */
    };
    struct gw_bytecode bytecode = BYTECODE(12, code);
    struct gw_instruction load;
    assert_int_equal(gw_depths_find(depths, &bytecode), 1);
    assert_true(gw_instruction_at(depths, &bytecode, 3, &load));
    assert_int_equal(load.argument, 0x20304);
}

/* A cache may hold what looks like an EXTENDED_ARG. */
static void a_cache_is_no_instruction(void **state)
{
    (void)state;
    static const uint8_t code[] = {
        151, 0,                               /* RESUME */
        116, 1, 0, 0, 0, 0, 0,   0, 144, 255, /* LOAD_GLOBAL */
        100, 4,                               /* LOAD_CONST 4 */
        171, 1, 0, 0, 0, 0, 144, 1,           /* CALL 1 */
        83,  0,                               /* RETURN_VALUE */
    };
    struct gw_bytecode bytecode = BYTECODE(12, code);
    struct gw_instruction load;
    assert_int_equal(gw_depths_find(depths, &bytecode), 3);
    assert_true(gw_instruction_at(depths, &bytecode, 6, &load));
    assert_int_equal(load.argument, 4);
    assert_int_equal(gw_depths_at(depths, 11), 1);
}

/* A handler is come to by the exception table alone: its depth, and the exception. */
static void handlers(void **state)
{
    (void)state;
    static const uint8_t code[] = {
        151, 0,       /* RESUME */
        121, 0,       /* RETURN_CONST */
        1,   0,       /* handler: POP_TOP */
        1,   0, 1, 0, /* POP_TOP, POP_TOP */
        121, 0,       /* RETURN_CONST */
    };
    /* start 0, length 2, target 2, depth 1 with the place of the exception */
    static const uint8_t exceptions[] = {0x80 | 0, 2, 2, 1 << 1 | 1};
    struct gw_bytecode bytecode = BYTECODE(12, code);
    bytecode.exceptions = gw_span_of(exceptions, sizeof exceptions);
    assert_int_equal(gw_depths_find(depths, &bytecode), 3);
    ASSERT_DEPTHS(0, 0, 3, 2, 1, 0);
}

/* 3.8: a finally block is come to with one value (it was fallen into) or with six (an exception).
 */
static void finally_of_3_8(void **state)
{
    (void)state;
    static const uint8_t code[] = {
        122, 6, /*  0 SETUP_FINALLY to 4 */
        100, 0, /*  1 LOAD_CONST */
        1,   0, /*  2 POP_TOP */
        53,  0, /*  3 BEGIN_FINALLY */
        100, 0, /*  4 LOAD_CONST: the block */
        1,   0, /*  5 POP_TOP */
        88,  0, /*  6 END_FINALLY */
        100, 0, /*  7 LOAD_CONST */
        83,  0, /*  8 RETURN_VALUE */
    };
    struct gw_bytecode bytecode = BYTECODE(8, code);
    assert_int_equal(gw_depths_find(depths, &bytecode), 7);
    ASSERT_DEPTHS(0, 0, 1, 0, GW_DEPTH_SEVERAL, GW_DEPTH_SEVERAL, GW_DEPTH_SEVERAL, 0, 1);
}

/* Up to 3.9 jumps count in bytes, from 3.10 on in units. */
static void jumps(void **state)
{
    (void)state;
    static const uint8_t of_39[] = {
        100, 0, 114, 8, /* LOAD_CONST, POP_JUMP_IF_FALSE to unit 4 */
        100, 0, 83,  0, /* LOAD_CONST, RETURN_VALUE */
        100, 0, 83,  0, /* LOAD_CONST, RETURN_VALUE */
    };
    static const uint8_t of_310[] = {100, 0, 114, 4, 100, 0, 83, 0, 100, 0, 83, 0};
    struct gw_bytecode bytecode = BYTECODE(9, of_39);
    assert_int_equal(gw_depths_find(depths, &bytecode), 1);
    ASSERT_DEPTHS(0, 1, 0, 1, 0, 1);
    bytecode = BYTECODE(10, of_310);
    assert_int_equal(gw_depths_find(depths, &bytecode), 1);
    ASSERT_DEPTHS(0, 1, 0, 1, 0, 1);
}

static void assert_slot(unsigned minor, uint8_t opcode, uint8_t argument, const char *name,
                        unsigned below)
{
    const uint8_t code[] = {opcode, argument, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct gw_bytecode bytecode = BYTECODE(minor, code);
    struct gw_instruction instruction;
    gw_depths_find(depths, &bytecode);
    assert_true(gw_instruction_at(depths, &bytecode, 0, &instruction));
    assert_int_equal(instruction.role, GW_OP_SLOT);
    assert_string_equal(gw_slot_name(instruction.slot), name);
    assert_int_equal(instruction.number, below);
}

static void operators(void **state)
{
    (void)state;
    assert_slot(8, 19, 0, "__pow__", 2);           /* BINARY_POWER */
    assert_slot(8, 107, 7, "__contains__", 1);     /* COMPARE_OP not in */
    assert_slot(8, 107, 2, "__eq__", 2);           /* COMPARE_OP == */
    assert_slot(8, 107, 8, "", 2);                 /* COMPARE_OP is: nothing is called */
    assert_slot(12, 122, 4, "__matmul__", 2);      /* BINARY_OP @ */
    assert_slot(12, 122, 21, "__pow__", 2);        /* BINARY_OP **= */
    assert_slot(12, 107, 1 << 4 | 8, "__le__", 2); /* COMPARE_OP <= */
    assert_slot(13, 58, 5 << 5 | 16, "__ge__", 2); /* COMPARE_OP >= */
    assert_slot(14, 44, 26, "__getitem__", 2);     /* BINARY_OP [] */
    assert_slot(12, 118, 1, "__contains__", 1);    /* CONTAINS_OP not in */
}

/* Line tracing puts one opcode in the place of all: what comes behind it is not known. */
static void hidden_instructions(void **state)
{
    (void)state;
    static const uint8_t code[] = {151, 0, 254, 0, 100, 0, 83, 0}; /* INSTRUMENTED_LINE */
    struct gw_bytecode bytecode = BYTECODE(12, code);
    struct gw_instruction instruction;
    assert_int_equal(gw_depths_find(depths, &bytecode), 0);
    ASSERT_DEPTHS(0, 0, NONE, NONE);
    assert_false(gw_instruction_at(depths, &bytecode, 1, &instruction));
}

static void limits(void **state)
{
    (void)state;
    static const uint8_t code[2 * (GW_MAX_CODE_UNITS + 1)];
    struct gw_bytecode bytecode = BYTECODE(12, code);
    assert_int_equal(gw_depths_find(depths, &bytecode), -GW_E_LIMIT);
    assert_int_equal(gw_depths_at(depths, 0), GW_DEPTH_UNREACHED);
    bytecode.minor = GW_PYTHON_MINOR_LAST + 1;
    assert_int_equal(gw_depths_find(depths, &bytecode), -GW_E_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_and_their_caches),
        cmocka_unit_test(upper_bits_of_an_argument),
        cmocka_unit_test(a_cache_is_no_instruction),
        cmocka_unit_test(handlers),
        cmocka_unit_test(finally_of_3_8),
        cmocka_unit_test(jumps),
        cmocka_unit_test(operators),
        cmocka_unit_test(hidden_instructions),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
