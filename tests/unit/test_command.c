/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/command.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Arguments are parted by '|' here; each ends in a NUL there. */
static bool program(const char *words, char *out, size_t cap)
{
    uint8_t argv[256];
    size_t len = strlen(words) + 1;
    memcpy(argv, words, len);
    for (size_t i = 0; i < len; i++)
        if (argv[i] == '|')
            argv[i] = 0;
    return gw_python_program(gw_span_of(argv, len), out, cap);
}

static void test_named(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"python3|app.py", "app"},
        {"/usr/bin/python3.12|-u|/srv/shop/app.py|-m|no", "app"},
        {"python|/usr/local/bin/gunicorn|-w|4", "gunicorn"},
        {"python3|-m|celery|-A|x", "celery"},
        {"python3|-Imuvicorn", "uvicorn"},
        {"python3|-m|flask.__main__", "flask"},
        {"python3|-X|dev|-W|error|-Wonce|-Xutf8|run.py", "run"},
        {"python3|--check-hash-based-pycs|always|run.py", "run"},
        {"python3|--|-odd.py", "-odd"},
        {"python3|/srv/pkg/__main__.py", "pkg"},
        {"python3|/srv/zip/", "zip"},
        {"gunicorn: worker [app]", "gunicorn"},
        {"/usr/bin/uwsgi|--ini|x", "uwsgi"},
        {"python3|.py", ".py"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[64];
        assert_true(program(rows[i][0], name, sizeof name));
        assert_string_equal(name, rows[i][1]);
    }
}

static void test_not_named(void **state)
{
    (void)state;
    static const char *const rows[] = {"",          "python3",      "python3|-c|pass|x.py",
                                       "python3|-", "python3|-W|x", "python3|-m",
                                       "python3|-", "python3|--",   "python3|-i"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[64];
        assert_false(program(rows[i], name, sizeof name));
    }
}

/* The kernel cuts a long command line where our room ends: half a name is none. */
static void test_cut(void **state)
{
    (void)state;
    char name[64];
    assert_false(gw_python_program(gw_span_of("python3\0app.p", 13), name, sizeof name));
    assert_false(gw_python_program(gw_span_of(NULL, 0), name, sizeof name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_not_named),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
