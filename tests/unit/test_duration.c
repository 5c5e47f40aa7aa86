/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"

#define SECOND 1000000000ull

static void test_seconds_minutes_hours(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"0", 0},
        {"10", 10 * SECOND},
        {"2.5s", 5 * SECOND / 2},
        {"1.5m", 90 * SECOND},
        {"2h", 7200 * SECOND},
        {"366", 366 * SECOND},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ns = 1;
        assert_true(gw_duration_parse(cases[i].text, &ns));
        assert_int_equal(ns, cases[i].ns);
    }
}

static void test_nonsense_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "s",   "-1",  "--1",   "nan", "inf",
                                        "5ms", "5 s", "1e9", "9000h", "5mm"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t ns = 77;
        assert_false(gw_duration_parse(texts[i], &ns));
        assert_int_equal(ns, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seconds_minutes_hours),
        cmocka_unit_test(test_nonsense_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
