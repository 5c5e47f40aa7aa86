/* SPDX-License-Identifier: Apache-2.0 */
#include "libraries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/selection.h"
#include "support/capture_text.h"

#define MS 1000000ull

/* The holder is in a Python function of that file for 10 ms, and if c_function is given, in a call
 * of it; the waiter waits. */
static struct gw_libraries *libraries_of(const char *file, const char *c_function,
                                         const char *thread)
{
    char capture[1024];
    struct gw_selection selection = {.threads = {thread}, .n_threads = thread != NULL};
    struct gw_model *model = NULL;
    struct gw_diag diag = {0};

    snprintf(capture, sizeof capture,
             "header rate=1000\nprocess 0 pid=1\n"
             "thread 0 tid=1 name=waiter\nthread 1 tid=2 name=holder\ngil 0\n"
             "function 1 f \"%s\" 1\nfunction 2 \"%s\" \"\" 0 kind=1\n"
             "stack 1 0 1 2\nstack 2 1 2 0\n"
             "block start=0 ticks=10 dt=1000000\n"
             "track 0 0:gil-wait:0\ntrack 1 0:gil-running:%d\nholders 0 0:1\n"
             "write\nend duration\n",
             file, c_function ? c_function : "none",
             !*file       ? 0
             : c_function ? 2
                          : 1);
    assert_int_equal(
        gw_selection_read(capture_text_memfd(capture), "test", &selection, &model, &diag), 0);
    struct gw_libraries *libraries = gw_libraries_new(model);
    assert_non_null(libraries);
    gw_model_free(model);
    return libraries;
}

static void check(const char *file, const char *c_function, enum gw_library_kind kind,
                  const char *name)
{
    struct gw_libraries *libraries = libraries_of(file, c_function, NULL);
    assert_int_equal(libraries->n, 1);
    assert_string_equal(gw_strtab_text(libraries->names, libraries->rows[0].name), name);
    assert_int_equal(libraries->rows[0].kind, kind);
    assert_int_equal(libraries->rows[0].held_ns, 10 * MS);
    assert_int_equal(libraries->rows[0].wait_ns, 10 * MS);
    assert_int_equal(libraries->held_ns, 10 * MS);
    assert_int_equal(libraries->wait_ns, 10 * MS);
    gw_libraries_free(libraries);
}

static void test_files(void **state)
{
    (void)state;
    check("/srv/app/server.py", NULL, GW_LIBRARY_PROGRAM, "");
    check("server.py", NULL, GW_LIBRARY_PROGRAM, "");
    check("/usr/lib/python3.12/json/encoder.py", NULL, GW_LIBRARY_STANDARD, "json");
    check("/usr/lib/python3.12/threading.py", NULL, GW_LIBRARY_STANDARD, "threading");
    check("/opt/python3.14t/lib/python3.14t/re.py", NULL, GW_LIBRARY_STANDARD, "re");
    check("<frozen importlib._bootstrap>", NULL, GW_LIBRARY_STANDARD, "importlib");
    check("/usr/lib/python3/dist-packages/yaml/loader.py", NULL, GW_LIBRARY_PACKAGE, "yaml");
    check("/v/lib/python3.12/site-packages/six.py", NULL, GW_LIBRARY_PACKAGE, "six");
    check("/v/lib/python3.12/site-packages/a/lib/site-packages/b/c.py", NULL, GW_LIBRARY_PACKAGE,
          "b");
    check("/home/python3fan/app.py", NULL, GW_LIBRARY_PROGRAM, "");
    check("", NULL, GW_LIBRARY_NONE, "");
}

static void test_c_functions(void **state)
{
    (void)state;
    check("/srv/app.py", "_json.Encoder.__call__", GW_LIBRARY_C, "_json");
    check("/srv/app.py", "numpy.random.mtrand.RandomState.random", GW_LIBRARY_C, "numpy");
    /* built in: they work for who calls them */
    check("/srv/app.py", "dict.get", GW_LIBRARY_PROGRAM, "");
    check("/srv/app.py", "isinstance", GW_LIBRARY_PROGRAM, "");
    check("/srv/app.py", "list_iterator.__next__", GW_LIBRARY_PROGRAM, "");
    check("/srv/app.py", "KeyError", GW_LIBRARY_PROGRAM, "");
    check("/srv/app.py", "KeyError.with_traceback", GW_LIBRARY_PROGRAM, "");
    check("/v/site-packages/yaml/reader.py", "str.encode", GW_LIBRARY_PACKAGE, "yaml");
}

static void test_name_without_end(void **state)
{
    char file[600] = "/v/site-packages/";
    (void)state;
    memset(file + strlen(file), 'x', 300);
    struct gw_libraries *libraries = libraries_of(file, NULL, NULL);
    assert_int_equal(libraries->n, 1);
    assert_int_equal(strlen(gw_strtab_text(libraries->names, libraries->rows[0].name)), 127);
    gw_libraries_free(libraries);
}

static void test_threads_that_are_shown(void **state)
{
    (void)state;
    struct gw_libraries *libraries = libraries_of("/srv/app.py", NULL, "waiter");
    assert_int_equal(libraries->n, 0);
    gw_libraries_free(libraries);
    libraries = libraries_of("/srv/app.py", NULL, "holder");
    assert_int_equal(libraries->n, 1);
    assert_int_equal(libraries->wait_ns, 10 * MS);
    gw_libraries_free(libraries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_c_functions),
        cmocka_unit_test(test_name_without_end),
        cmocka_unit_test(test_threads_that_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
