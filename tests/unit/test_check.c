/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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

static struct gw_check check(const char *rest, double max_gil_wait, uint64_t max_wait_ns,
                             uint64_t max_hold_ns)
{
    struct gw_model *model = read_capture(rest);
    struct gw_check_limits limits = {
        .max_gil_wait = max_gil_wait, .max_wait_ns = max_wait_ns, .max_hold_ns = max_hold_ns};
    struct gw_check check;

    assert_int_equal(gw_check_model(model, &limits, &check), 0);
    check.wait.longest = check.hold.longest = NULL; /* the model's */
    gw_model_free(model);
    return check;
}

static void test_groups_by_the_last_number(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t begin, end;
    } cases[] = {{"worker-12", 7, 9}, {"a1b2c", 3, 4}, {"7", 0, 1}, {"hog", 0, 0}, {"", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t begin, end;
        gw_check_group(cases[i].name, &begin, &end);
        assert_int_equal(begin, cases[i].begin);
        assert_int_equal(end, cases[i].end);
    }
}

static void test_share_of_a_group(void **state)
{
    (void)state;
    struct gw_check found = check(waits, 0.05, 0, 0);
    assert_int_equal(found.answer, GW_CHECK_FAIL);
    assert_int_equal(found.gil_wait.n_threads, 3); /* the worker of the other process is none */
    assert_int_equal(found.gil_wait.estimate.wait_ns, 300 * MS);
    assert_int_equal(found.gil_wait.estimate.wall_ns, 3000 * MS);
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

/* The worst answer is that of the whole. */
static void test_several_limits(void **state)
{
    (void)state;
    struct gw_check found = check(waits, 0.2, 98 * MS, 1000 * MS);
    assert_int_equal(found.gil_wait.answer, GW_CHECK_PASS);
    assert_int_equal(found.wait.answer, GW_CHECK_FAIL);
    assert_int_equal(found.hold.answer, GW_CHECK_PASS);
    assert_int_equal(found.answer, GW_CHECK_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_by_the_last_number),
        cmocka_unit_test(test_share_of_a_group),
        cmocka_unit_test(test_longest_wait),
        cmocka_unit_test(test_longest_hold_that_others_wait_for),
        cmocka_unit_test(test_what_is_too_short_to_be_seen),
        cmocka_unit_test(test_several_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
