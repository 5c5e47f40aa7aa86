/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of verdict, and the edges between them. The sentences of larger captures stand in
 * tests/golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/selection.h"
#include "summary.h"
#include "support/capture_text.h"

static const char preamble[] = "header rate=1000\nprocess 0 pid=1\n"
                               "thread 0 tid=1 name=hog\nthread 1 tid=2 name=w1\n"
                               "thread 2 tid=3 name=w2\nthread 3 tid=4 name=hog-2\ngil 0\n"
                               "function 1 run t.py 1\nfunction 2 spin h.py 10\n"
                               "function 3 inner h.py 20\nfunction 4 other h.py 30\n"
                               "stack 1 0 1 2\nstack 2 1 2 11\nstack 3 2 3 21\nstack 4 2 4 31\n"
                               "block start=0 ticks=1000 dt=1000000\n";

static void assert_summary(const char *rest, enum gw_losses_kind expected, const char *sentence)
{
    char text[4096];
    struct gw_model *model = NULL;

    snprintf(text, sizeof text, "%s%swrite\nend duration\n", preamble, rest);
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, NULL), 0);
    struct gw_losses *losses = gw_losses_new(model);
    assert_non_null(losses);
    char *got = gw_summary_text(model, losses);
    assert_non_null(got);
    assert_string_equal(got, sentence);
    assert_int_equal(losses->kind, expected);
    free(got);
    gw_losses_free(losses);
    gw_model_free(model);
}

/* The hog is in inner and other by turns, so spin below them is the place; its line is 11. */
static void test_one_culprit(void **state)
{
    (void)state;
    assert_summary("track 0 0:gil-running:3 250:gil-running:4\n"
                   "track 1 0:gil-wait:1 500:io-wait:1\ntrack 2 0:io-wait:1\n"
                   "holders 0 0:0\n",
                   GW_LOSSES_CULPRIT,
                   "1 of 3 threads lost 50.0 % ±0.1 of its time to the GIL; 100 % of it while "
                   "`hog` was in spin (h.py:11).");
}

/* The hog waits for its victims now and then: that does not make it one of them. */
static void test_a_culprit_that_waits_too(void **state)
{
    (void)state;
    assert_summary("track 0 0:gil-running:2 900:gil-wait:2\n"
                   "track 1 0:gil-wait:1 900:gil-running:1\n"
                   "track 2 0:gil-wait:1 900:io-wait:1\nholders 0 0:0 900:1\n",
                   GW_LOSSES_CULPRIT,
                   "2 of 3 threads lost 90.0 % ±0.1 of their time to the GIL; 100 % of it while "
                   "`hog` was in spin (h.py:11).");
}

static void test_two_culprits(void **state)
{
    (void)state;
    assert_summary("track 0 0:gil-running:2 500:gil-wait:2\n"
                   "track 3 0:gil-wait:2 500:gil-running:2\n"
                   "track 1 0:gil-wait:1\ntrack 2 0:gil-wait:1\nholders 0 0:0 500:3\n",
                   GW_LOSSES_CULPRIT,
                   "2 of 4 threads lost 100.0 % ±0.1 of their time to the GIL; 100 % of it while "
                   "`hog` or `hog-2` was in spin (h.py:11).");
}

static void test_in_turn(void **state)
{
    (void)state;
    assert_summary("track 0 0:gil-running:2 500:gil-wait:2\n"
                   "track 3 0:gil-wait:2 500:gil-running:2\n"
                   "track 1 0:io-wait:1\nholders 0 0:0 500:3\n",
                   GW_LOSSES_IN_TURN,
                   "2 of 3 threads lost 50.0 % ±0.1 of their time to the GIL; they hold it in "
                   "turn, mostly in spin (h.py:11), so there is no single culprit: threads gain "
                   "nothing here.");
}

static void test_innocent(void **state)
{
    (void)state;
    assert_summary("track 0 0:io-wait:1 900:gil-running:1\n"
                   "track 1 0:io-wait:1 900:gil-wait:1 940:io-wait:1\n"
                   "holders 0 0:nobody 900:0\n",
                   GW_LOSSES_INNOCENT,
                   "The GIL is not what these threads wait for: it was busy 10 % of the time and "
                   "cost them 2.0 % ±0.1 of theirs; they spend 93 % waiting on I/O.");
}

/* Two ticks of thirty, each alone, may be chance. */
static void test_what_may_be_chance_is_no_loss(void **state)
{
    (void)state;
    assert_summary("track 0 0:gil-running:1\ntrack 1 end=30 0:io-wait:1 10:gil-wait:1 11:io-wait:1 "
                   "12:gil-wait:1 13:io-wait:1\n"
                   "holders 0 0:0\n",
                   GW_LOSSES_INNOCENT,
                   "The GIL is not what these threads wait for: it was busy 100 % of the time and "
                   "cost them 0.2 % ±0.3 of theirs; they spend 97 % running.");
}

static void test_a_holder_that_nobody_saw(void **state)
{
    (void)state;
    assert_summary("track 1 0:gil-wait:1 500:io-wait:1\nholders 0 0:unknown\n", GW_LOSSES_CULPRIT,
                   "1 of 1 thread lost 50.0 % ±0.1 of its time to the GIL; who held it meanwhile "
                   "could not be told.");
}

static void test_nothing_and_no_gil(void **state)
{
    struct gw_model *model = NULL;
    struct gw_losses *losses;
    char *got;

    (void)state;
    assert_summary("", GW_LOSSES_NOTHING, "No thread was observed, so there is nothing to tell.");
    assert_int_equal(gw_model_read(capture_text_memfd("header\nprocess 0 pid=1 ft=1\n"
                                                      "thread 0 tid=1\n"
                                                      "block start=0 ticks=10 dt=1000000\n"
                                                      "track 0 0:python-running\nwrite\n"),
                                   "test", &model, NULL),
                     0);
    losses = gw_losses_new(model);
    assert_non_null(losses);
    got = gw_summary_text(model, losses);
    assert_string_equal(got, "No GIL is at work here; the threads were never seen to wait for one: "
                             "they spend 100 % running.");
    assert_int_equal(losses->kind, GW_LOSSES_NO_GIL);
    free(got);
    gw_losses_free(losses);
    gw_model_free(model);
}

static void test_some_threads_only(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *sentence;
    } cases[] = {
        {"w?",
         "2 of 4 threads match w?: they lost 50.0 % ±0.1 of their time to the GIL, 90 % of it "
         "while `hog` had it, and made other threads wait for 0.100 s."},
        {"hog",
         "1 of 4 threads matches hog: it lost 10.0 % ±0.1 of its time to the GIL, 100 % of it "
         "while `w1` had it, and made other threads wait for 0.900 s."},
        {"hog-2",
         "1 of 4 threads matches hog-2: it lost 0.0 % ±0.3 of its time to the GIL, and made "
         "other threads wait for 0.000 s."},
        {"*", "4 of 4 threads match *: they lost 27.5 % ±0.1 of their time to the GIL, 82 % of it "
              "while `hog` had it."},
    };
    char text[4096];

    snprintf(text, sizeof text,
             "%strack 0 0:gil-running:3 900:gil-wait:3\n"
             "track 1 0:gil-wait:1 500:io-wait:1 900:gil-running:1\n"
             "track 2 0:io-wait:1 400:gil-wait:1 700:io-wait:1 800:gil-wait:1\n"
             "track 3 0:io-wait:1\nholders 0 0:0 900:1\nwrite\nend duration\n",
             preamble);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct gw_selection selection = {.threads = {cases[i].pattern}, .n_threads = 1};
        struct gw_model *model = NULL;
        assert_int_equal(
            gw_selection_read(capture_text_memfd(text), "test", &selection, &model, NULL), 0);
        struct gw_losses *losses = gw_losses_new(model);
        char *got = gw_summary_text(model, losses);
        assert_string_equal(got, cases[i].sentence);
        free(got);
        gw_losses_free(losses);
        gw_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_culprit),
        cmocka_unit_test(test_a_culprit_that_waits_too),
        cmocka_unit_test(test_two_culprits),
        cmocka_unit_test(test_in_turn),
        cmocka_unit_test(test_innocent),
        cmocka_unit_test(test_what_may_be_chance_is_no_loss),
        cmocka_unit_test(test_a_holder_that_nobody_saw),
        cmocka_unit_test(test_nothing_and_no_gil),
        cmocka_unit_test(test_some_threads_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
