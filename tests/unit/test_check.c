/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/capture_text.h"

#define MS 1000000u

/* A second of three workers and of one more thread, in one process, and of a worker in another. */
static const char preamble[] =
    "header rate=1000 cpus=2\nprocess 0 pid=1\nprocess 1 pid=2\n"
    "thread 0 tid=1 name=hog\nthread 1 tid=2 name=worker-1\nthread 2 tid=3 name=worker-22\n"
    "thread 3 tid=4 name=worker-3\nthread 4 tid=5 process=1 name=worker-1\n"
    "gil 0\ngil 1 process=1\nfunction 1 spin /srv/h.py 10\nstack 1 0 1 11\n";

static struct gw_model *read_capture(const char *rest)
{
    struct gw_model *model;
    char text[4096];

    snprintf(text, sizeof text, "%s%swrite\nend duration\n", preamble, rest);
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, NULL), 0);
    return model;
}

/* One of the workers waits three times for 100 ms behind the hog: 30 % of its time, 10 % of that of
 * its group. */
static const char waits[] = "block start=0 ticks=1000 dt=1000000\n"
                            "track 0 0:gil-running:1 900:sleep:0\n"
                            "track 1 0:io-wait:0 100:gil-wait:1 200:io-wait:0 500:gil-wait:1 "
                            "600:io-wait:0 800:gil-wait:1 900:io-wait:0\n"
                            "track 2 0:io-wait:0\ntrack 3 0:io-wait:0\n"
                            "holders 0 interval=5000 0:0 900:nobody\n";

/* What is asked of a check, with nothing of the models in it. */
struct found {
    enum gw_check_answer answer;
    size_t n, n_threads[8];
    struct gw_check_result results[8];
};

static struct found hold(const struct gw_model *model, const struct gw_model *baseline,
                         const struct gw_check_limits *limits)
{
    struct gw_check *check = gw_check_new(model, baseline, limits);
    struct found found;

    assert_non_null(check);
    assert_in_range(check->n, 1, 8);
    found.answer = check->answer;
    found.n = check->n;
    for (size_t i = 0; i < check->n; i++) {
        found.results[i] = check->results[i];
        found.n_threads[i] = check->results[i].group ? check->results[i].group->n : 0;
    }
    assert_int_equal(check->count[GW_CHECK_PASS] + check->count[GW_CHECK_UNSURE] +
                         check->count[GW_CHECK_FAIL],
                     check->n);
    gw_check_free(check);
    return found;
}

static struct found check(const char *rest, double max_gil_wait, uint64_t max_wait_ns,
                          uint64_t max_hold_ns)
{
    struct gw_model *model = read_capture(rest);
    struct gw_check_limits limits = {.max_gil_wait = max_gil_wait,
                                     .max_wait_ns = max_wait_ns,
                                     .max_hold_ns = max_hold_ns,
                                     .max_increase = -1};
    struct found found = hold(model, NULL, &limits);

    gw_model_free(model);
    return found;
}

/* Against a baseline; below 0 and 0 are not asked. */
static struct found compare(const char *before, const char *after, double max_increase,
                            uint64_t max_longer_ns)
{
    struct gw_model *baseline = read_capture(before), *model = read_capture(after);
    struct gw_check_limits limits = {
        .max_gil_wait = -1, .max_increase = max_increase, .max_longer_ns = max_longer_ns};
    struct found found = hold(model, baseline, &limits);

    gw_model_free(baseline);
    gw_model_free(model);
    return found;
}

static void test_share_of_a_group(void **state)
{
    (void)state;
    struct found found = check(waits, 0.05, 0, 0);
    assert_int_equal(found.answer, GW_CHECK_FAIL);
    assert_int_equal(found.n, 2); /* the workers, then the hog that waits for nobody */
    assert_int_equal(found.n_threads[0], 3);
    assert_float_equal(found.results[0].share.value, 0.1, 1e-9);
    assert_int_equal(found.results[1].answer, GW_CHECK_PASS);
    assert_int_equal(check(waits, 0.1, 0, 0).answer, GW_CHECK_UNSURE);
    assert_int_equal(check(waits, 0.2, 0, 0).answer, GW_CHECK_PASS);
}

static void test_longest_wait(void **state)
{
    (void)state;
    assert_int_equal(check(waits, -1, 98 * MS, 0).answer, GW_CHECK_FAIL);
    assert_int_equal(check(waits, -1, 100 * MS, 0).answer, GW_CHECK_UNSURE);
    assert_int_equal(check(waits, -1, 102 * MS, 0).answer, GW_CHECK_PASS);
    assert_int_equal(check(waits, -1, MS / 2, 0).answer, GW_CHECK_FAIL);
}

/* A worker that waits no more has had the GIL, so the hog held it for 200, 400 and 300 ms. */
static void test_longest_hold_that_others_wait_for(void **state)
{
    (void)state;
    static const char nobody_waits[] = "block start=0 ticks=1000 dt=1000000\n"
                                       "track 0 0:gil-running:1\n"
                                       "track 1 0:io-wait:0\nholders 0 interval=5000 0:0\n";
    assert_int_equal(check(waits, -1, 0, 390 * MS).answer, GW_CHECK_FAIL);
    assert_int_equal(check(waits, -1, 0, 410 * MS).answer, GW_CHECK_PASS);
    assert_int_equal(check(nobody_waits, -1, 0, 10 * MS).answer, GW_CHECK_PASS);
}

static void test_what_is_too_short_to_be_seen(void **state)
{
    (void)state;
    static const char idle[] = "block start=0 ticks=1000 dt=1000000\ntrack 0 0:io-wait:0\n"
                               "holders 0 interval=5000 0:nobody\n";
    assert_int_equal(check(idle, -1, MS / 2, 0).answer, GW_CHECK_UNSURE);
    assert_int_equal(check(idle, -1, 2 * MS, 0).answer, GW_CHECK_PASS);
    assert_int_equal(check(idle, 0.1, 0, 0).answer, GW_CHECK_PASS);
    assert_int_equal(check("", 0.1, 0, 0).answer, GW_CHECK_UNSURE); /* nothing was seen at all */
    assert_int_equal(check("", -1, MS, MS).answer, GW_CHECK_UNSURE);
}

/* Processes are held against a limit one by one. */
static void test_groups_of_each_process(void **state)
{
    (void)state;
    static const char both[] = "block start=0 ticks=1000 dt=1000000\ntrack 1 0:gil-wait:1\n"
                               "block process=1 start=0 ticks=1000 dt=1000000\n"
                               "track 4 0:io-wait:0\n";
    struct found found = check(both, 0.5, 0, 0);
    assert_int_equal(found.n, 2);
    assert_int_equal(found.results[0].answer, GW_CHECK_FAIL);
    assert_int_equal(found.results[1].answer, GW_CHECK_PASS);
    assert_int_equal(compare(both, both, 0.05, 0).n, 1); /* but not against a baseline */
}

/* The worst answer is that of the whole. */
static void test_several_limits(void **state)
{
    (void)state;
    struct found found = check(waits, 0.2, 98 * MS, 1000 * MS);
    assert_int_equal(found.n, 4);
    assert_int_equal(found.results[0].answer, GW_CHECK_PASS);
    assert_int_equal(found.results[2].limit, GW_CHECK_WAIT);
    assert_int_equal(found.results[2].answer, GW_CHECK_FAIL);
    assert_int_equal(found.results[3].limit, GW_CHECK_HOLD);
    assert_int_equal(found.results[3].answer, GW_CHECK_PASS);
    assert_int_equal(found.answer, GW_CHECK_FAIL);
}

/* --- against a baseline --------------------------------------------------------------------------
 */

/* Worker 1 waits once, from tick 100 on. */
#define WAIT_UNTIL(end)                                                                            \
    "block start=0 ticks=1000 dt=1000000\ntrack 0 0:gil-running:1\n"                               \
    "track 1 0:io-wait:0 100:gil-wait:1 " end ":io-wait:0\n"                                       \
    "holders 0 interval=5000 0:0\n"
static const char wait_100[] = WAIT_UNTIL("200");
static const char wait_200[] = WAIT_UNTIL("300");
static const char idle[] = "block start=0 ticks=1000 dt=1000000\ntrack 0 0:io-wait:0\n"
                           "track 1 0:io-wait:0\nholders 0 interval=5000 0:nobody\n";

/* Both shares have two boundaries of D^2/6: +-1.96 sqrt(2/6) ms of a second, 0.00113; of their
 * difference 0.0016. */
static void test_rise_of_the_share(void **state)
{
    (void)state;
    struct found found = compare(wait_100, wait_200, 0.05, 0);
    assert_int_equal(found.n, 2);
    assert_int_equal(found.answer, GW_CHECK_FAIL);
    assert_true(found.results[0].in_baseline);
    assert_float_equal(found.results[0].share.value, 0.2, 1e-9);
    assert_float_equal(found.results[0].share_there.value, 0.1, 1e-9);
    assert_float_equal(found.results[0].share_there.margin, 0.00113, 1e-5);
    assert_int_equal(compare(wait_100, wait_200, 0.098, 0).answer, GW_CHECK_FAIL);
    assert_int_equal(compare(wait_100, wait_200, 0.0985, 0).answer, GW_CHECK_UNSURE);
    assert_int_equal(compare(wait_100, wait_200, 0.1015, 0).answer, GW_CHECK_UNSURE);
    assert_int_equal(compare(wait_100, wait_200, 0.102, 0).answer, GW_CHECK_PASS);
    assert_int_equal(compare(wait_200, wait_100, 0, 0).results[1].answer, GW_CHECK_PASS); /* fell */
    assert_int_equal(compare(wait_100, wait_100, 0, 0).answer, GW_CHECK_UNSURE);
}

/* Nothing is known of how a group waited that is not in the baseline. */
static void test_new_group(void **state)
{
    (void)state;
    static const char alone[] = "block start=0 ticks=1000 dt=1000000\ntrack 0 0:io-wait:0\n";
    struct found found = compare(alone, wait_100, 0.05, 0);
    assert_int_equal(found.answer, GW_CHECK_UNSURE);
    assert_false(found.results[0].in_baseline);
    assert_int_equal(compare(alone, wait_100, 0.11, 0).answer, GW_CHECK_PASS);
    assert_int_equal(compare(wait_100, alone, 0.05, 0).answer, GW_CHECK_PASS);
}

/* The lengths are known to a period of 1 ms each, their difference to 1.4 ms. */
static void test_longer_wait(void **state)
{
    (void)state;
    struct found found = compare(wait_100, wait_200, -1, 98 * MS);
    assert_int_equal(found.n, 2);
    assert_int_equal(found.results[0].limit, GW_CHECK_WAIT_INCREASE);
    assert_int_equal(found.results[0].answer, GW_CHECK_FAIL);
    assert_int_equal(compare(wait_100, wait_200, -1, 99 * MS).answer, GW_CHECK_UNSURE);
    assert_int_equal(compare(wait_100, wait_200, -1, 101 * MS).answer, GW_CHECK_UNSURE);
    assert_int_equal(compare(wait_200, wait_100, -1, MS).results[0].answer, GW_CHECK_PASS);
    assert_int_equal(compare(idle, wait_100, -1, 98 * MS).answer, GW_CHECK_FAIL);
    assert_int_equal(compare(idle, idle, -1, MS).answer, GW_CHECK_UNSURE); /* one of 1 ms? */
    assert_int_equal(compare(idle, idle, -1, 2 * MS).answer, GW_CHECK_PASS);
}

/* One that the end of the baseline cut off may have been as long as the one of now. */
static void test_cut_in_the_baseline(void **state)
{
    (void)state;
    static const char cut[] = "block start=0 ticks=200 dt=1000000\ntrack 0 0:gil-running:1\n"
                              "track 1 0:io-wait:0 100:gil-wait:1\n"
                              "holders 0 interval=5000 0:0\n";
    assert_int_equal(compare(cut, wait_200, -1, 50 * MS).results[0].answer, GW_CHECK_UNSURE);
    assert_int_equal(compare(cut, wait_200, -1, 150 * MS).results[0].answer, GW_CHECK_PASS);
}

static void test_longer_hold(void **state)
{
    (void)state;
    static const char with_waiter[] = "block start=0 ticks=1000 dt=1000000\n"
                                      "track 0 0:io-wait:0 100:gil-running:1 500:io-wait:0\n"
                                      "track 1 0:io-wait:0 200:gil-wait:1 500:io-wait:0\n"
                                      "holders 0 interval=5000 0:nobody 100:0 500:nobody\n";
    struct found found = compare(idle, with_waiter, -1, 350 * MS);
    assert_int_equal(found.results[1].limit, GW_CHECK_HOLD_INCREASE);
    assert_int_equal(found.results[1].answer, GW_CHECK_FAIL);
    assert_int_equal(found.results[0].answer, GW_CHECK_PASS); /* the wait: 300 ms */
}

/* Twelve holds of 50 ms that nobody waits for: of the shorter ones, somebody may have waited for.
 */
static void test_holds_that_are_not_known(void **state)
{
    (void)state;
    char text[1024] = "block start=0 ticks=720 dt=1000000\ntrack 0";
    size_t len = strlen(text);
    for (int i = 0; i < 12; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, " %d:gil-running:1 %d:io-wait:0",
                                60 * i, 60 * i + 50);
    len += (size_t)snprintf(text + len, sizeof text - len, "\nholders 0");
    for (int i = 0; i < 12; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, " %d:0 %d:nobody", 60 * i, 60 * i + 50);
    snprintf(text + len, sizeof text - len, "\n");
    assert_int_equal(compare(idle, text, -1, 20 * MS).results[1].answer, GW_CHECK_UNSURE);
    assert_int_equal(compare(idle, text, -1, 60 * MS).results[1].answer, GW_CHECK_PASS);
    assert_int_equal(check(text, -1, 0, 20 * MS).answer, GW_CHECK_UNSURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share_of_a_group),
        cmocka_unit_test(test_longest_wait),
        cmocka_unit_test(test_longest_hold_that_others_wait_for),
        cmocka_unit_test(test_what_is_too_short_to_be_seen),
        cmocka_unit_test(test_groups_of_each_process),
        cmocka_unit_test(test_several_limits),
        cmocka_unit_test(test_rise_of_the_share),
        cmocka_unit_test(test_new_group),
        cmocka_unit_test(test_longer_wait),
        cmocka_unit_test(test_cut_in_the_baseline),
        cmocka_unit_test(test_longer_hold),
        cmocka_unit_test(test_holds_that_are_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
