/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/label.h"
#include "support/capture_text.h"

static char *text;
static size_t size;

static FILE *begin(void)
{
    free(text);
    text = NULL;
    return open_memstream(&text, &size);
}

static void assert_label(FILE *out, const char *expected)
{
    fclose(out);
    assert_string_equal(text, expected);
}

static void label(const char *name, const char *also, const char *expected)
{
    FILE *out = begin();

    gw_label_text(out, name, also);
    assert_label(out, expected);
}

static void test_controls_are_escaped(void **state)
{
    (void)state;
    label("worker-1", NULL, "worker-1");
    label("作業者 é", NULL, "作業者 é");
    label("a\nb\tc\rd", NULL, "a\\nb\\tc\\x0dd");
    label("\033[31mred\177", NULL, "\\x1b[31mred\\x7f");
    label("\xc2\x9b"
          "31m",
          NULL, "\\u009b31m"); /* the one-character CSI */
    label("\xc2\xa0", NULL, "\xc2\xa0");
    label("a;b", NULL, "a;b");
    label("a;b", ";", "a\\x3bb");
}

static void test_paths_keep_two_components(void **state)
{
    (void)state;
    assert_string_equal(gw_label_short_path("/usr/lib/python3.12/json/decoder.py"),
                        "json/decoder.py");
    assert_string_equal(gw_label_short_path("json/decoder.py"), "json/decoder.py");
    assert_string_equal(gw_label_short_path("/a.py"), "/a.py");
    assert_string_equal(gw_label_short_path("<stdin>"), "<stdin>");
    assert_string_equal(gw_label_short_path(""), "");
}

static void test_places_and_threads(void **state)
{
    struct gw_model *model = NULL;
    FILE *out;

    (void)state;
    assert_int_equal(gw_model_read(capture_text_memfd("header\nprocess 0 pid=1\n"
                                                      "thread 0 tid=7 name=\"w;1\"\n"
                                                      "thread 1 tid=8\n"
                                                      "function 1 f /srv/app/f.py 3\n"
                                                      "function 2 <native> \"\" 0\n"
                                                      "write\nend duration\n"),
                                   "test", &model, NULL),
                     0);
    gw_label_place(out = begin(), model, 1, 12, NULL);
    assert_label(out, "f (app/f.py:12)");
    gw_label_place(out = begin(), model, 1, 0, NULL);
    assert_label(out, "f (app/f.py)");
    gw_label_place(out = begin(), model, 2, 0, NULL);
    assert_label(out, "<native>");
    gw_label_place(out = begin(), model, 0, 0, NULL);
    assert_label(out, "(no Python frame)");
    gw_label_thread(out = begin(), model, 0, ";");
    assert_label(out, "w\\x3b1");
    gw_label_thread(out = begin(), model, 1, NULL);
    assert_label(out, "thread 8");
    gw_model_free(model);
}

static int teardown(void **state)
{
    (void)state;
    free(text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_controls_are_escaped),
        cmocka_unit_test(test_paths_keep_two_components),
        cmocka_unit_test(test_places_and_threads),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
