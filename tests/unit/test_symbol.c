/* SPDX-License-Identifier: Apache-2.0 */
#include "native/symbol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *symbol, const char *expected)
{
    char *readable = gw_symbol_readable(symbol);
    assert_non_null(readable);
    assert_string_equal(readable, expected);
    free(readable);
}

static void test_appendices(void **state)
{
    (void)state;
    check("list_sort", "list_sort");
    check("list_sort.constprop.0", "list_sort");
    check("unicode_join.part.12.isra.0", "unicode_join");
    check("_PyEval_EvalFrameDefault.cold", "_PyEval_EvalFrameDefault");
    check("read@@GLIBC_2.2.5", "read");
    check("main.run", "main.run");
    check("", "");
}

static void test_demangled(void **state)
{
    (void)state;
    check("_ZN4shop5indexEi", "shop::index(int)");
    check("_ZN4shop5indexEi.cold", "shop::index(int)");
    check("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write");
    check("_RNvC6_123foo3bar", "123foo::bar");
}

static void test_what_is_no_name_stays(void **state)
{
    (void)state;
    check("_ZN9", "_ZN9");
    check("_Z", "_Z");
    check("_R", "_R");
}

/* f(a<int, int>, a<S, S> of that, a<S, S> of that one ...): each doubles the length. */
static void test_name_without_end(void **state)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char symbol[512];
    int len = snprintf(symbol, sizeof symbol, "_Z1f1aIiiE");
    (void)state;
    for (int i = 0; i < 30; i++)
        len += snprintf(symbol + len, sizeof symbol - (size_t)len, "S_IS%c_S%c_E", digits[i],
                        digits[i]);
    check(symbol, symbol);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appendices),
        cmocka_unit_test(test_demangled),
        cmocka_unit_test(test_what_is_no_name_stays),
        cmocka_unit_test(test_name_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
