/* SPDX-License-Identifier: Apache-2.0 */
#include "native/prologue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PUSH_RBP 0x55
#define MOV_RBP_RSP 0x48, 0x89, 0xe5
#define PUSH_R15 0x41, 0x57
#define PUSH_RBX 0x53
#define SUB_RSP_0x28 0x48, 0x83, 0xec, 0x28
#define SUB_RSP_0x9c40 0x48, 0x81, 0xec, 0x40, 0x9c, 0x00, 0x00
#define SUB_RSP_RAX 0x48, 0x29, 0xc4
#define ADD_RSP_0x28 0x48, 0x83, 0xc4, 0x28
#define AND_RSP_NOT_31 0x48, 0x83, 0xe4, 0xe0
#define MOV_EDX_1 0xba, 0x01, 0x00, 0x00, 0x00
#define CMP_RSP_RAX 0x48, 0x39, 0xc4
#define ENDBR64 0xf3, 0x0f, 0x1e, 0xfa
#define CALL 0xe8, 0x10, 0x00, 0x00, 0x00
#define JE_FORWARD 0x74, 0x10
#define JNE_BACK 0x75, 0xf0
#define LEAVE 0xc9
#define RET 0xc3

#define EXPECT(above, ...)                                                                         \
    do {                                                                                           \
        const uint8_t code[] = {__VA_ARGS__};                                                      \
        uint64_t seen = 0;                                                                         \
        assert_true(gw_prologue_frame_pointer(code, sizeof code, &seen));                          \
        assert_int_equal(seen, above);                                                             \
    } while (0)

#define EXPECT_NOTHING(...)                                                                        \
    do {                                                                                           \
        const uint8_t code[] = {__VA_ARGS__};                                                      \
        uint64_t seen;                                                                             \
        assert_false(gw_prologue_frame_pointer(code, sizeof code, &seen));                         \
    } while (0)

static void test_room_that_is_always_there(void **state)
{
    (void)state;
    EXPECT(0, PUSH_RBP, MOV_RBP_RSP, CALL);
    EXPECT(0x28, ENDBR64, PUSH_RBP, MOV_EDX_1, MOV_RBP_RSP, SUB_RSP_0x28, CALL);
    EXPECT(0x9c40 + 16, PUSH_RBP, MOV_RBP_RSP, PUSH_R15, PUSH_RBX, SUB_RSP_0x9c40, CMP_RSP_RAX,
           CALL, CALL);
    EXPECT(16, PUSH_R15, PUSH_RBP, MOV_RBP_RSP, PUSH_R15, PUSH_RBX, CALL);
}

/* The end of another way through the function, in front of where it is. */
static void test_ends_in_the_middle(void **state)
{
    (void)state;
    EXPECT(0x28, PUSH_RBP, MOV_RBP_RSP, SUB_RSP_0x28, JE_FORWARD, LEAVE, RET, CALL);
    EXPECT(0x28, PUSH_RBP, MOV_RBP_RSP, SUB_RSP_0x28, CALL, ADD_RSP_0x28, RET, CALL, JNE_BACK,
           CALL);
}

static void test_what_cannot_be_told(void **state)
{
    (void)state;
    EXPECT_NOTHING(SUB_RSP_0x28, CALL);                                    /* no frame pointer */
    EXPECT_NOTHING(PUSH_RBP, MOV_RBP_RSP, SUB_RSP_RAX, CALL);              /* alloca */
    EXPECT_NOTHING(PUSH_RBP, MOV_RBP_RSP, CALL, SUB_RSP_RAX, CALL);        /* likewise, later */
    EXPECT_NOTHING(PUSH_RBP, MOV_RBP_RSP, AND_RSP_NOT_31, CALL);           /* aligned */
    EXPECT_NOTHING(PUSH_RBP, MOV_RBP_RSP, CALL, PUSH_RBX, CALL);           /* an argument */
    EXPECT_NOTHING(PUSH_RBP, MOV_RBP_RSP, JE_FORWARD, SUB_RSP_0x28, CALL); /* not on every way */
    EXPECT_NOTHING(PUSH_RBP, MOV_RBP_RSP, SUB_RSP_0x28, JNE_BACK, CALL);   /* page by page */
    EXPECT_NOTHING(MOV_RBP_RSP, CALL);           /* the caller's is not saved */
    EXPECT_NOTHING(PUSH_RBP, MOV_RBP_RSP, 0x06); /* no instruction */
    EXPECT_NOTHING(PUSH_RBP, MOV_RBP_RSP, 0x48); /* cut in the middle of one */
}

static void test_calls(void **state)
{
    static const uint8_t near[] = {0x90, 0x90, CALL}, by_register[] = {0xff, 0xd0},
                         by_memory[] = {0xff, 0x94, 0xc7, 0x00, 0x01, 0x00, 0x00},
                         jump[] = {0x90, 0x90, 0x90, 0xff, 0xe0}, nothing[] = {0x90};
    (void)state;
    assert_true(gw_prologue_ends_in_call(near, sizeof near));
    assert_true(gw_prologue_ends_in_call(by_register, sizeof by_register));
    assert_true(gw_prologue_ends_in_call(by_memory, sizeof by_memory));
    assert_false(gw_prologue_ends_in_call(jump, sizeof jump));
    assert_false(gw_prologue_ends_in_call(nothing, sizeof nothing));
    assert_false(gw_prologue_ends_in_call(nothing, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_that_is_always_there),
        cmocka_unit_test(test_ends_in_the_middle),
        cmocka_unit_test(test_what_cannot_be_told),
        cmocka_unit_test(test_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
