/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/internals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_roles(void **state)
{
    (void)state;
    assert_int_equal(gw_internal_role("_PyEval_EvalFrameDefault"), GW_INTERNAL_EVAL);
    assert_int_equal(gw_internal_role("_TAIL_CALL_CALL_BUILTIN_O"), GW_INTERNAL_EVAL);
    assert_int_equal(gw_internal_role("PyObject_Vectorcall"), GW_INTERNAL_CALL);
    assert_int_equal(gw_internal_role("_PyEval_Vector"), GW_INTERNAL_CALL);
    assert_int_equal(gw_internal_role("take_gil"), GW_INTERNAL_CALL);
    assert_int_equal(gw_internal_role("cfunction_vectorcall_FASTCALL"), GW_INTERNAL_CALL);
    assert_int_equal(gw_internal_role("list_sort_impl"), GW_INTERNAL_NONE);
    assert_int_equal(gw_internal_role("os_read"), GW_INTERNAL_NONE);
    assert_int_equal(gw_internal_role(""), GW_INTERNAL_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_roles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
