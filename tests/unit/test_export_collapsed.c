/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "export/export.h"
#include "model/selection.h"
#include "support/capture_text.h"

/* A builder holds the GIL, then nobody, then nobody knows; two workers wait, one without a name. */
static const char preamble[] = "header rate=1000 cpus=2\n"
                               "process 0 pid=100 python=3.12.1\n"
                               "thread 0 tid=100 name=builder\n"
                               "thread 1 tid=101 name=\"a;b\\nc\"\n"
                               "thread 2 tid=102\n"
                               "gil 0\n"
                               "function 1 run /srv/app/main.py 1\n"
                               "function 2 \"x;y\" \"/srv/app/odd;name.py\" 80\n"
                               "stack 1 0 1 5\nstack 2 1 2 86\n";

static struct gw_model *model_of(const char *rest)
{
    char text[4096];
    struct gw_model *model = NULL;
    struct gw_diag diag = {0};

    snprintf(text, sizeof text, "%s%s", preamble, rest);
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, &diag), 0);
    return model;
}

static const char waits[] = "block start=1000 ticks=10 dt=1000000\n"
                            "track 0 0:gil-running:2\n"
                            "track 1 0:gil-wait:2 4:gil-handoff:2 6:io-wait:1\n"
                            "track 2 0:io-wait:0 7:gil-wait:0\n"
                            "holders 0 switches=1 interval=5000 0:0 3:nobody 5:0 8:unknown\n"
                            "write\nend duration\n";

static char *collapsed(const struct gw_model *model, enum gw_export_view view)
{
    const struct gw_exporter *exporter = gw_exporter_find("collapsed");
    const struct gw_export_options options = {.view = view};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(exporter);
    assert_non_null(out);
    assert_int_equal(exporter->write(model, &options, out), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

#define WORKER "process 100/a\\x3bb\\nc;run (app/main.py:5);x\\x3by (app/odd\\x3bname.py:86)"
#define NAMELESS "process 100/thread 102;(no Python frame)"
#define BUILDER "process 100/builder;run (app/main.py:5);x\\x3by (app/odd\\x3bname.py:86)"

/* In any order. */
static void assert_lines(const char *text, const char *const *lines, size_t n)
{
    size_t expected = 0;

    for (size_t i = 0; i < n; i++) {
        const char *found = strstr(text, lines[i]);
        if (!found || (found > text && found[-1] != '\n'))
            fail_msg("no line %s in:\n%s", lines[i], text);
        expected += strlen(lines[i]);
    }
    assert_int_equal(strlen(text), expected);
}

static void test_waiters(void **state)
{
    (void)state;
    struct gw_model *model = model_of(waits);
    GW_AUTO_FREE char *text = collapsed(model, GW_EXPORT_VICTIMS);
    const char *const lines[] = {WORKER " 6000\n", NAMELESS " 3000\n"};

    assert_lines(text, lines, 2);
    gw_model_free(model);
}

static void test_holders(void **state)
{
    (void)state;
    struct gw_model *model = model_of(waits);
    GW_AUTO_FREE char *text = collapsed(model, GW_EXPORT_BLAME);
    const char *const lines[] = {BUILDER " 5000\n", "no holder (handoff) 2000\n", "unknown 2000\n"};

    assert_lines(text, lines, 3);
    gw_model_free(model);
}

static void test_pairs(void **state)
{
    (void)state;
    struct gw_model *model = model_of(waits);
    GW_AUTO_FREE char *text = collapsed(model, GW_EXPORT_PAIRS);
    const char *const lines[] = {
        WORKER ";waiting for GIL;" BUILDER " 4000\n",
        WORKER ";waiting for GIL;no holder (handoff) 2000\n",
        NAMELESS ";waiting for GIL;" BUILDER " 1000\n",
        NAMELESS ";waiting for GIL;unknown 2000\n",
    };

    assert_lines(text, lines, 4);
    gw_model_free(model);
}

/* 1499 ns are 1 us, 1500 ns are 2 us, and what rounds to nothing is left out. */
/* Each view has the stacks of the threads that are shown on its own side. */
static void test_some_threads_only(void **state)
{
    (void)state;
    const struct gw_selection selection = {.threads = {"builder"}, .n_threads = 1};
    static const char *const blamed[] = {BUILDER " 5000\n"};
    struct gw_model *model = NULL;
    char capture[4096];

    snprintf(capture, sizeof capture, "%s%s", preamble, waits);
    assert_int_equal(
        gw_selection_read(capture_text_memfd(capture), "test", &selection, &model, NULL), 0);
    GW_AUTO_FREE char *victims = collapsed(model, GW_EXPORT_VICTIMS);
    GW_AUTO_FREE char *blame = collapsed(model, GW_EXPORT_BLAME);
    GW_AUTO_FREE char *pairs = collapsed(model, GW_EXPORT_PAIRS);
    assert_string_equal(victims, "");
    assert_lines(blame, blamed, 1);
    assert_non_null(strstr(pairs, WORKER ";waiting for GIL;" BUILDER));
    assert_non_null(strstr(pairs, NAMELESS ";waiting for GIL;" BUILDER));
    assert_null(strstr(pairs, "no holder"));
    assert_null(strstr(pairs, "unknown"));
    gw_model_free(model);
}

static void test_times_are_rounded(void **state)
{
    (void)state;
    static const struct {
        unsigned ns;
        const char *end;
    } rows[] = {{1499, " 1\n"}, {1500, " 2\n"}, {500, " 1\n"}, {499, NULL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char rest[256];
        snprintf(rest, sizeof rest,
                 "block start=1000 ticks=1 dt=%u\ntrack 1 0:gil-wait:1\n"
                 "holders 0 switches=1 interval=5000 0:nobody\nwrite\nend duration\n",
                 rows[i].ns);
        struct gw_model *model = model_of(rest);
        GW_AUTO_FREE char *text = collapsed(model, GW_EXPORT_VICTIMS);
        if (rows[i].end)
            assert_string_equal(strrchr(text, ' '), rows[i].end);
        else
            assert_string_equal(text, "");
        gw_model_free(model);
    }
}

static void test_a_failing_output_is_told(void **state)
{
    (void)state;
    struct gw_model *model = model_of(waits);
    const struct gw_timeline timeline = {0};
    const struct gw_export_options options = {.timeline = &timeline};
    size_t n;
    const struct gw_exporter *const *exporters = gw_exporter_list(&n);

    assert_int_equal(n, 6);
    for (size_t i = 0; i < n; i++) {
        FILE *out = fopen("/dev/full", "w");
        assert_non_null(out);
        setvbuf(out, NULL, _IONBF, 0);
        assert_int_equal(exporters[i]->write(model, &options, out), -ENOSPC);
        fclose(out);
        assert_ptr_equal(gw_exporter_find(exporters[i]->name), exporters[i]);
    }
    assert_null(gw_exporter_find("nonsense"));
    gw_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiters),
        cmocka_unit_test(test_holders),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_some_threads_only),
        cmocka_unit_test(test_times_are_rounded),
        cmocka_unit_test(test_a_failing_output_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
