/* SPDX-License-Identifier: Apache-2.0 */
#include "diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/capture_text.h"

/* Of a tick: 1.96 ms, per second of recording. */
#define TICK_MARGIN 0.00196

static const char preamble[] =
    "header rate=1000 cpus=2\nprocess 0 pid=1 python=3.12.1\n"
    "thread 0 tid=1 name=hog\nthread 1 tid=2 name=worker-1\nthread 2 tid=3 name=worker-22\n"
    "gil 0\nfunction 1 spin /srv/v1/app/h.py 10\nfunction 2 load /srv/v1/app/h.py 20\n"
    "function 3 zlib.crc32 \"\" 0 kind=1\n"
    "stack 1 0 1 11\nstack 2 0 2 21\nstack 3 1 3 0\n";

static struct gw_model *read_capture(const char *head, const char *rest)
{
    struct gw_model *model;
    char text[4096];

    snprintf(text, sizeof text, "%s%swrite\nend duration\n", head, rest);
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, NULL), 0);
    return model;
}

static struct gw_diff *compare_models(struct gw_model *before, struct gw_model *after)
{
    struct gw_diff *diff = gw_diff_new(before, after);

    assert_non_null(diff);
    gw_model_free(before);
    gw_model_free(after);
    return diff;
}

static struct gw_diff *compare(const char *before, const char *after)
{
    return compare_models(read_capture(preamble, before), read_capture(preamble, after));
}

static const struct gw_diff_row *find(const struct gw_diff *diff, enum gw_diff_table table,
                                      const char *label)
{
    for (size_t i = 0; i < diff->tables[table].n; i++)
        if (strcmp(gw_diff_label(diff, &diff->tables[table].rows[i]), label) == 0)
            return &diff->tables[table].rows[i];
    return NULL;
}

static void assert_figure(struct gw_figure figure, double value, double margin)
{
    assert_float_equal(figure.value, value, 1e-9);
    assert_float_equal(figure.margin, margin, 1e-5);
}

/* A second: worker 1 waits in load for 100 ms behind spin of the hog. */
static const char wait_100[] = "block start=0 ticks=1000 dt=1000000\n"
                               "track 0 cpu=100000000 queue=0 0:gil-running:1 100:sleep:0\n"
                               "track 1 cpu=1000000 queue=0 0:gil-wait:2 100:io-wait:2\n"
                               "holders 0 0:0 100:nobody\n";
/* Two seconds: the same for 800 ms, and worker 22 for 400 ms of it. */
static const char wait_1200[] = "block start=0 ticks=2000 dt=1000000\n"
                                "track 0 cpu=800000000 queue=0 0:gil-running:1 800:sleep:0\n"
                                "track 1 cpu=1000000 queue=0 0:gil-wait:2 800:io-wait:2\n"
                                "track 2 cpu=1000000 queue=0 0:gil-wait:2 400:io-wait:2\n"
                                "holders 0 0:0 800:nobody\n";

static void groups_per_second_of_recording(void **state)
{
    (void)state;
    struct gw_diff *diff = compare(wait_100, wait_1200);
    const struct gw_diff_row *workers = find(diff, GW_DIFF_GIL_WAIT, "worker-*");
    const struct gw_diff_row *hog = find(diff, GW_DIFF_CPU, "hog");

    assert_non_null(workers);
    assert_int_equal(workers->n_threads[GW_DIFF_BEFORE], 1);
    assert_int_equal(workers->n_threads[GW_DIFF_AFTER], 2);
    /* One boundary before, two in twice the time after: see model/estimate.h. */
    assert_figure(workers->side[GW_DIFF_BEFORE], 0.1, 0.0008);
    assert_figure(workers->side[GW_DIFF_AFTER], 0.6, 0.000566);
    assert_float_equal(workers->change.difference, 0.5, 1e-9);
    assert_true(workers->significant);
    assert_null(find(diff, GW_DIFF_GIL_WAIT, "hog")); /* never waited */
    assert_figure(hog->side[GW_DIFF_BEFORE], 0.1, 0);
    assert_figure(hog->side[GW_DIFF_AFTER], 0.4, 0);
    assert_false(hog->significant);
    assert_figure(diff->total.side[GW_DIFF_AFTER], 0.6, 0.000566);
    assert_true(diff->total.significant);
    gw_diff_free(diff);
}

/* n ticks of one waiter: 1.96 sqrt(n) ticks; waiters add up. */
static void margins_of_blame(void **state)
{
    (void)state;
    struct gw_diff *diff = compare(wait_100, wait_1200);
    static const struct {
        enum gw_diff_table table;
        const char *label;
    } rows[] = {{GW_DIFF_CAUSED, "hog"},
                {GW_DIFF_SUFFERED, "load (app/h.py)"},
                {GW_DIFF_CAUSED_BY, "spin (app/h.py)"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct gw_diff_row *row = find(diff, rows[i].table, rows[i].label);
        assert_non_null(row);
        assert_figure(row->side[GW_DIFF_BEFORE], 0.1, TICK_MARGIN * 10);
        assert_figure(row->side[GW_DIFF_AFTER], 0.6, TICK_MARGIN * (sqrt(800) + 20) / 2);
        assert_true(row->significant);
    }
    gw_diff_free(diff);
}

/* The doubt of hand-overs: 15 % of the time in them. */
static void doubt_goes_with_its_part(void **state)
{
    (void)state;
    static const char handoffs[] = "block start=0 ticks=1000 dt=1000000\n"
                                   "track 0 0:gil-running:1\n"
                                   "track 1 0:gil-handoff:2 200:gil-handoff:1 800:io-wait:2\n"
                                   "holders 0 0:0\n";
    struct gw_diff *diff = compare(handoffs, handoffs);
    const struct gw_diff_row *row = find(diff, GW_DIFF_SUFFERED, "load (app/h.py)");

    assert_figure(row->side[GW_DIFF_BEFORE], 0.2, hypot(TICK_MARGIN * sqrt(200), 0.15 * 0.2));
    gw_diff_free(diff);
}

static void none_is_up_to_three_ticks(void **state)
{
    (void)state;
    static const char idle[] = "block start=0 ticks=1000 dt=1000000\ntrack 0 0:sleep:0\n"
                               "track 1 0:io-wait:2\nholders 0 0:nobody\n";
    struct gw_diff *diff = compare(idle, wait_100);
    const struct gw_diff_row *load = find(diff, GW_DIFF_SUFFERED, "load (app/h.py)");

    assert_figure(load->side[GW_DIFF_BEFORE], 0, 0.003);
    assert_figure(find(diff, GW_DIFF_GIL_WAIT, "worker-*")->side[GW_DIFF_BEFORE], 0, 0.003);
    assert_null(find(diff, GW_DIFF_CPU, "hog")); /* not known before */
    gw_diff_free(diff);
}

/* load rises from 400 to 430 ms, which chance explains, zlib.crc32 from 1 to 20, which it does not;
 * spin stays. */
static void significant_first_then_by_size(void **state)
{
    (void)state;
    static const char before[] =
        "block start=0 ticks=1000 dt=1000000\ntrack 0 0:gil-running:1\n"
        "track 1 0:gil-wait:2 400:gil-wait:3 401:gil-wait:1 402:io-wait:1\nholders 0 0:0\n";
    static const char after[] =
        "block start=0 ticks=1000 dt=1000000\ntrack 0 0:gil-running:1\n"
        "track 1 0:gil-wait:2 430:gil-wait:3 450:gil-wait:1 451:io-wait:1\nholders 0 0:0\n";
    struct gw_diff *diff = compare(before, after);
    const struct gw_diff_list *list = &diff->tables[GW_DIFF_SUFFERED];

    assert_int_equal(list->n, 3);
    assert_string_equal(gw_diff_label(diff, &list->rows[0]), "zlib.crc32 [C]");
    assert_true(list->rows[0].significant);
    assert_string_equal(gw_diff_label(diff, &list->rows[1]), "load (app/h.py)");
    assert_false(list->rows[1].significant);
    assert_string_equal(gw_diff_label(diff, &list->rows[2]), "spin (app/h.py)");
    gw_diff_free(diff);
}

/* What all threads wait for is caused by somebody, by nobody or not known by whom. */
static void caused_sums_to_the_wait(void **state)
{
    (void)state;
    static const char mixed[] = "block start=0 ticks=1000 dt=1000000\ntrack 0 0:gil-running:1\n"
                                "track 1 0:gil-wait:2 900:io-wait:2\n"
                                "track 2 500:gil-wait:2\n"
                                "holders 0 0:0 300:nobody 400:unknown 700:0\n";
    struct gw_diff *diff = compare(wait_100, mixed);
    const struct gw_diff_list *list = &diff->tables[GW_DIFF_CAUSED];
    double sum = 0;

    for (size_t i = 0; i < list->n; i++)
        sum += list->rows[i].side[GW_DIFF_AFTER].value;
    assert_float_equal(sum, diff->total.side[GW_DIFF_AFTER].value, 1e-9);
    assert_float_equal(find(diff, GW_DIFF_CAUSED, "nobody (handoff)")->side[GW_DIFF_AFTER].value,
                       0.1, 1e-9);
    assert_float_equal(
        find(diff, GW_DIFF_CAUSED, "a holder that could not be told")->side[GW_DIFF_AFTER].value,
        0.5, 1e-9);
    gw_diff_free(diff);
}

/* Another folder of the release, another line, other ids. */
static void functions_are_found_again(void **state)
{
    (void)state;
    static const char moved[] = "header rate=1000 cpus=2\nprocess 0 pid=7 python=3.12.3\n"
                                "thread 0 tid=8 name=hog\nthread 1 tid=9 name=worker-7\n"
                                "thread 2 tid=10 name=worker-8\n"
                                "gil 0\nfunction 1 spin /srv/v2/app/h.py 99\n"
                                "function 2 load /srv/v2/app/h.py 120\n"
                                "stack 1 0 1 100\nstack 2 0 2 121\n";
    struct gw_diff *diff =
        compare_models(read_capture(preamble, wait_100), read_capture(moved, wait_100));

    assert_int_equal(diff->tables[GW_DIFF_SUFFERED].n, 1);
    assert_int_equal(diff->tables[GW_DIFF_CAUSED_BY].n, 1);
    assert_float_equal(diff->tables[GW_DIFF_CAUSED_BY].rows[0].change.difference, 0, 1e-9);
    gw_diff_free(diff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_per_second_of_recording),
        cmocka_unit_test(margins_of_blame),
        cmocka_unit_test(doubt_goes_with_its_part),
        cmocka_unit_test(none_is_up_to_three_ticks),
        cmocka_unit_test(significant_first_then_by_size),
        cmocka_unit_test(caused_sums_to_the_wait),
        cmocka_unit_test(functions_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
