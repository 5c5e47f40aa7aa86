/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that scripts build on, and the law of blame in what is written. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/selection.h"
#include "report_json.h"
#include "support/capture_text.h"

static const char capture[] =
    "header rate=1000\nprocess 0 pid=42 python=3.12.1\n"
    "thread 0 tid=42 name=hog\nthread 1 tid=43 ns_tid=7 name=\"a\\xffb\\n\"\ngil 0\n"
    "function 1 f /srv/app/f.py 3\nstack 1 0 1 5\nstack 2 0 1 6\n"
    "block start=0 ticks=10 dt=1000000\n"
    "track 0 cpu=9000000 queue=1000 0:gil-running:1 4:gil-running:2\n"
    "track 1 0:gil-wait:1 8:stopped:1\nholders 0 switches=3 interval=5000 0:0 7:nobody\n"
    "quality torn=2 own_cpu=1000000 rss=4096\nwrite\nend duration\n";

static struct gw_model *read_capture(const char *text)
{
    struct gw_model *model = NULL;

    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, NULL), 0);
    return model;
}

/* The value at a path of keys and indices, as "threads/0/name". */
static const json_t *at(const json_t *json, const char *path)
{
    char part[64];

    while (json && *path) {
        size_t len = strcspn(path, "/");
        snprintf(part, sizeof part, "%.*s", (int)len, path);
        json = json_is_array(json) ? json_array_get(json, strtoul(part, NULL, 10))
                                   : json_object_get(json, part);
        path += len + (path[len] == '/');
    }
    return json;
}

static void assert_number(const json_t *report, const char *path, double expected)
{
    const json_t *value = at(report, path);

    if (!json_is_number(value) || fabs(json_number_value(value) - expected) > 1e-12)
        fail_msg("%s is %g", path, json_number_value(value));
}

static void assert_text(const json_t *report, const char *path, const char *expected)
{
    const json_t *value = at(report, path);

    if (!json_is_string(value))
        fail_msg("%s is no text", path);
    assert_string_equal(json_string_value(value), expected);
}

static void test_keys_of_schema_version_1(void **state)
{
    struct gw_model *model = read_capture(capture);
    json_t *report = gw_report_json(model, 0);

    (void)state;
    assert_number(report, "schema_version", 1);
    assert_number(report, "target/pid", 42);
    assert_text(report, "target/python", "3.12.1");
    assert_true(json_is_false(at(report, "target/free_threaded")));
    assert_number(report, "duration_s", 0.01);
    assert_number(report, "quality/ticks", 10);
    assert_number(report, "quality/late", 0);
    assert_number(report, "quality/torn", 2);
    assert_number(report, "quality/unknown_s", 0);
    assert_number(report, "quality/cpu_s", 0.001);
    assert_number(report, "quality/max_rss_bytes", 4096);
    assert_number(report, "gil/busy_share", 0.875);
    assert_number(report, "gil/switches", 3);
    assert_number(report, "gil/switch_interval_s", 0.005);
    assert_text(report, "verdict/finding", "culprit");
    json_decref(report);
    gw_model_free(model);
}

static void test_threads_and_blame(void **state)
{
    struct gw_model *model = read_capture(capture);
    json_t *report = gw_report_json(model, 0);
    double blame = 0;

    (void)state;
    assert_number(report, "threads/0/pid", 42);
    assert_number(report, "threads/0/tid", 43);
    assert_number(report, "threads/0/ns_tid", 7);
    assert_text(report, "threads/0/name", "a\\xffb\n");
    assert_number(report, "threads/0/wall_s", 0.008);
    assert_number(report, "threads/0/states/gil-wait", 0.008);
    assert_number(report, "threads/0/states/stopped", 0.002);
    assert_number(report, "threads/0/gil_wait_s", 0.008);
    assert_true(json_is_null(at(report, "threads/0/cpu_s")));
    assert_number(report, "threads/0/gil_wait_ci95_s/0", 0.005);
    assert_number(report, "threads/0/gil_wait_ci95_s/1", 0.008);
    assert_number(report, "threads/1/cpu_s", 0.009);
    assert_number(report, "threads/1/run_queue_s", 0.000001);
    assert_null(at(report, "threads/1/ns_tid"));
    for (size_t i = 0; i < json_array_size(at(report, "blame")); i++)
        blame +=
            json_number_value(json_object_get(json_array_get(at(report, "blame"), i), "seconds"));
    assert_true(fabs(blame - 0.008) < 1e-12);
    assert_text(report, "blame/0/waiter/function", "f");
    assert_number(report, "blame/0/waiter/line", 5);
    assert_text(report, "blame/0/holder/file", "/srv/app/f.py");
    assert_number(report, "blame/0/holder/tid", 42);
    assert_text(report, "blame/0/kind", "held");
    assert_text(report, "blame/2/kind", "handoff");
    assert_true(json_is_null(at(report, "blame/2/holder")));
    assert_number(report, "functions_suffered/0/self_s", 0.008);
    assert_number(report, "functions_caused/0/total_s", 0.007);
    json_decref(report);
    gw_model_free(model);
}

static void test_single_waits_and_holds(void **state)
{
    static const char text[] =
        "header rate=1000\nprocess 0 pid=42\nthread 0 tid=42 name=hog\n"
        "thread 1 tid=43 name=w\ngil 0\nfunction 1 main /srv/app/m.py 1\n"
        "function 2 f /srv/app/m.py 3\nstack 1 0 1 2\nstack 2 1 2 5\nstack 3 1 2 6\n"
        "block start=7000000 ticks=20 dt=1000000\n"
        "track 0 0:sleep:1 1:gil-running:2 11:gil-wait:2 14:gil-running:2 15:io-wait:2\n"
        "track 1 0:io-wait:3 3:gil-wait:3 11:gil-running:3 14:sleep:3\n"
        "holders 0 interval=5000 0:nobody 1:0 11:1 14:0 15:nobody\nwrite\nend duration\n";
    struct gw_model *model = read_capture(text);
    json_t *report = gw_report_json(model, 0);

    (void)state;
    assert_number(report, "waits/count", 2);
    assert_number(report, "waits/cut", 0);
    assert_number(report, "waits/resolution_s", 0.001);
    assert_number(report, "waits/median_s", 0.003);
    assert_number(report, "waits/p99_s", 0.008);
    assert_number(report, "waits/max_s", 0.008);
    assert_number(report, "waits/longest/0/start_s", 0.003);
    assert_number(report, "waits/longest/0/seconds", 0.008);
    assert_number(report, "waits/longest/0/uncertainty_s", 0.001);
    assert_number(report, "waits/longest/0/waiter/line", 6);
    assert_text(report, "waits/longest/0/waiter_stack/1/function", "main");
    assert_number(report, "waits/longest/0/holder/tid", 42);
    assert_number(report, "waits/longest/0/holder_stack/0/line", 5);
    assert_number(report, "waits/longest/0/holder_s", 0.008);
    assert_number(report, "waits/longest/0/holders", 1);
    assert_number(report, "holds/longest/0/seconds", 0.01);
    assert_text(report, "holds/longest/0/ended", "forced");
    assert_text(report, "holds/longest/0/waiter/name", "w");
    assert_number(report, "holds/longest/0/waited_s", 0.008);
    assert_true(json_is_null(at(report, "holds/longest/2/waiter")));
    assert_number(report, "holds/ended/forced", 1);
    assert_number(report, "holds/ended/released", 2);
    assert_number(report, "holds/ended_mean_s/forced", 0.01);
    assert_true(json_is_null(at(report, "holds/ended_mean_s/unknown")));
    assert_number(report, "holds/threads/0/ended/forced", 1);
    assert_number(report, "holds/threads/1/ended/released", 1);
    json_decref(report);
    gw_model_free(model);
}

static void test_top_says_what_it_leaves_out(void **state)
{
    struct gw_model *model = read_capture(capture);
    json_t *report = gw_report_json(model, 1);

    (void)state;
    assert_int_equal(json_array_size(at(report, "blame")), 1);
    assert_number(report, "blame/0/seconds", 0.004);
    assert_number(report, "blame_omitted_s", 0.004);
    json_decref(report);
    gw_model_free(model);
}

/* Numbers of a hostile header are none that JSON cannot say. */
static void test_empty_and_odd_captures(void **state)
{
    struct gw_model *model = read_capture("header rate=nan max_cpu=inf\nwrite\n");
    json_t *report = gw_report_json(model, 0);

    (void)state;
    assert_non_null(report);
    assert_true(json_is_null(at(report, "target")));
    assert_true(json_is_null(at(report, "gil")));
    assert_true(json_is_false(at(report, "end/complete")));
    assert_number(report, "quality/asked_rate_hz", 0);
    json_decref(report);
    gw_model_free(model);
}

static void test_some_threads_of_a_part(void **state)
{
    const struct gw_selection selection = {
        .from = {.given = true, .ns = 2000000}, .threads = {"hog"}, .n_threads = 1};
    struct gw_model *model = NULL;

    (void)state;
    assert_int_equal(
        gw_selection_read(capture_text_memfd(capture), "test", &selection, &model, NULL), 0);
    json_t *report = gw_report_json(model, 0);
    assert_number(report, "part/from_s", 0.002);
    assert_number(report, "part/to_s", 0.01);
    assert_number(report, "part/recording_s", 0.01);
    assert_true(json_is_true(at(report, "part/counts_shared")));
    assert_number(report, "recorded/start_monotonic_s", 0.002);
    assert_number(report, "duration_s", 0.008);
    assert_text(report, "shown/match", "hog");
    assert_number(report, "shown/threads", 1);
    assert_number(report, "shown/of", 2);
    assert_number(report, "shown/all_wall_s", 0.014);
    assert_number(report, "shown/all_gil_wait_s", 0.006);
    assert_int_equal(json_array_size(at(report, "threads")), 1);
    assert_number(report, "threads/0/tid", 42);
    assert_true(json_is_null(at(report, "threads/0/cpu_s")));
    assert_int_equal(json_array_size(at(report, "blame")), 2); /* lines 5 and 6; no hand-off */
    assert_int_equal(json_array_size(at(report, "functions_suffered")), 0);
    assert_int_equal(json_array_size(at(report, "functions_caused")), 1);
    assert_number(report, "waits/count", 0);
    assert_number(report, "holds/count", 1);
    assert_number(report, "holds/longest/0/start_s", 0.002);
    assert_int_equal(json_array_size(at(report, "holds/threads")), 1);
    json_decref(report);
    gw_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_of_schema_version_1),
        cmocka_unit_test(test_threads_and_blame),
        cmocka_unit_test(test_single_waits_and_holds),
        cmocka_unit_test(test_top_says_what_it_leaves_out),
        cmocka_unit_test(test_empty_and_odd_captures),
        cmocka_unit_test(test_some_threads_of_a_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
