/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/exit_code.h"

static void codes_are_apart_from_errno(void **state)
{
    (void)state;
    static const int codes[] = {
#define CODE(name, code, class, sentence) code,
        GW_ERROR_LIST(CODE)
#undef CODE
    };
    size_t n = sizeof codes / sizeof codes[0];
    for (size_t i = 0; i < n; i++) {
        assert_true(codes[i] >= 4000);
        for (size_t other = 0; other < i; other++)
            assert_int_not_equal(codes[i], codes[other]);
    }
}

static void every_code_has_a_sentence(void **state)
{
    (void)state;
#define HAS_SENTENCE(name, code, class, sentence)                                                  \
    assert_string_equal(gw_error_sentence(-GW_E_##name), sentence);                                \
    assert_int_equal(gw_error_class(-GW_E_##name), class);
    GW_ERROR_LIST(HAS_SENTENCE)
#undef HAS_SENTENCE
    assert_string_equal(gw_error_sentence(-ENOENT), "No such file or directory");
    assert_non_null(gw_error_sentence(-3999));
    assert_non_null(gw_error_sentence(-100000));
    assert_non_null(gw_error_sentence(0));
}

static void system_errors_by_what_to_do(void **state)
{
    (void)state;
    static const struct {
        int code;
        enum gw_error_class class;
        enum gw_exit exit;
    } cases[] = {
        {ESRCH, GW_CLASS_GONE, GW_EXIT_GONE},
        {GW_E_GONE, GW_CLASS_GONE, GW_EXIT_GONE},
        {EPERM, GW_CLASS_DENIED, GW_EXIT_DENIED},
        {EACCES, GW_CLASS_DENIED, GW_EXIT_DENIED},
        {EFAULT, GW_CLASS_TORN, GW_EXIT_FAILURE},
        {EIO, GW_CLASS_TORN, GW_EXIT_FAILURE},
        {ENOSPC, GW_CLASS_SYSTEM, GW_EXIT_FAILURE},
        {ENOMEM, GW_CLASS_SYSTEM, GW_EXIT_FAILURE},
        {GW_E_LIMIT, GW_CLASS_LIMIT, GW_EXIT_FAILURE},
        {GW_E_BAD_DATA, GW_CLASS_BAD_DATA, GW_EXIT_FAILURE},
        {GW_E_NOT_PYTHON, GW_CLASS_UNSUPPORTED, GW_EXIT_UNSUPPORTED},
        {GW_E_VERSION, GW_CLASS_UNSUPPORTED, GW_EXIT_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(gw_error_class(-cases[i].code), cases[i].class);
        assert_int_equal(gw_exit_from_error(-cases[i].code), cases[i].exit);
    }
}

static void diag_keeps_what_it_is_told(void **state)
{
    (void)state;
    struct gw_diag diag = {0};
    assert_int_equal(gw_diag_what(&diag, -EPERM, "cannot read %d", 4711), -EPERM);
    gw_diag_why(&diag, "it is %s", "another's");
    gw_diag_fix(&diag, "ask %s", "root");
    assert_int_equal(diag.code, -EPERM);
    assert_string_equal(diag.what, "cannot read 4711");
    assert_string_equal(diag.why, "it is another's");
    assert_string_equal(diag.fix, "ask root");
}

static void diag_may_be_missing(void **state)
{
    (void)state;
    assert_int_equal(gw_diag_what(NULL, -EPERM, "x"), -EPERM);
    gw_diag_why(NULL, "x");
    gw_diag_fix(NULL, "x");
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    struct gw_diag diag = {0};
    char text[2 * GW_DIAG_TEXT];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    gw_diag_what(&diag, -1, "%s", text);
    gw_diag_why(&diag, "%s", text);
    gw_diag_fix(&diag, "%s", text);
    assert_int_equal(strlen(diag.what), GW_DIAG_TEXT - 1);
    assert_int_equal(strlen(diag.why), GW_DIAG_TEXT - 1);
    assert_int_equal(strlen(diag.fix), GW_DIAG_TEXT - 1);
}

/* What gw_diag_print writes to standard error. */
static void assert_printed(const struct gw_diag *diag, const char *expected)
{
    char text[1024];
    FILE *file = tmpfile();
    assert_non_null(file);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    gw_diag_print("gilwait", diag);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    assert_string_equal(text, expected);
}

static void diag_in_words(void **state)
{
    (void)state;
    struct gw_diag diag = {0};
    gw_diag_what(&diag, -ENOENT, "cannot open x");
    assert_printed(&diag, "gilwait: cannot open x: No such file or directory\n");
    gw_diag_why(&diag, "it is not there");
    gw_diag_fix(&diag, "make it");
    assert_printed(&diag, "gilwait: cannot open x: it is not there\ngilwait: make it\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_apart_from_errno),
        cmocka_unit_test(every_code_has_a_sentence),
        cmocka_unit_test(system_errors_by_what_to_do),
        cmocka_unit_test(diag_keeps_what_it_is_told),
        cmocka_unit_test(diag_may_be_missing),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(diag_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
