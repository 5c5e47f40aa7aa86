/* SPDX-License-Identifier: Apache-2.0 */
/* Captures written as text whose single waits and holds can be told by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"
#include "support/capture_text.h"

#define MS 1000000ull

/* Stack 1 is build:86, 2 is handle:12, 3 is handle:14, 4 is spin:3. Ticks of 1 ms. */
static const char preamble[] = "header rate=1000 cpus=2\n"
                               "process 0 pid=100 python=3.12.1\n"
                               "thread 0 tid=100 name=hog\n"
                               "thread 1 tid=101 name=worker-1\n"
                               "thread 2 tid=102 name=worker-2\n"
                               "gil 0\n"
                               "gil 1 interpreter=1\n"
                               "function 1 build /srv/app/server.py 80\n"
                               "function 2 handle /srv/app/server.py 10\n"
                               "function 3 spin /srv/app/server.py 2\n"
                               "stack 1 0 1 86\nstack 2 0 2 12\nstack 3 0 2 14\nstack 4 0 3 3\n";

static struct gw_model *read_blocks(const char *blocks)
{
    struct gw_model *model = NULL;
    struct gw_diag diag = {0};
    char text[16384];

    snprintf(text, sizeof text, "%s%swrite\nend duration\n", preamble, blocks);
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, &diag), 0);
    assert_int_equal(model->end.error, 0);
    if (gw_model_check(model, &diag) < 0)
        fail_msg("%s: %s", diag.what, diag.why);
    return model;
}

static void check_episode(const struct gw_episode *episode, uint32_t thread, uint64_t begin_ms,
                          uint64_t ms, bool cut)
{
    assert_int_equal(episode->thread, thread);
    assert_int_equal(episode->begin_ns, begin_ms * MS);
    assert_int_equal(episode->ns, ms * MS);
    assert_int_equal(episode->cut, cut);
    assert_int_equal(episode->uncertainty_ns, 1 * MS);
}

static void check_ends(const struct gw_model *model, uint32_t thread, uint64_t forced,
                       uint64_t released, uint64_t unknown)
{
    const struct gw_hold_ends *ends = &model->threads[thread].hold_ends;

    assert_int_equal(ends->n[GW_HOLD_END_FORCED], forced);
    assert_int_equal(ends->n[GW_HOLD_END_RELEASED], released);
    assert_int_equal(ends->n[GW_HOLD_END_UNKNOWN], unknown);
}

/* A wait of both kinds behind two holders, 7 ms and 3 ms of it. */
static void test_a_wait_has_its_main_holder(void **state)
{
    (void)state;
    struct gw_model *model =
        read_blocks("block start=0 ticks=20 dt=1000000\n"
                    "track 0 0:gil-running:1 11:gil-wait:1\n"
                    "track 1 0:io-wait:2 4:gil-wait:2 12:gil-handoff:2 14:gil-running:3\n"
                    "track 2 0:gil-wait:3 11:gil-running:4 14:io-wait:4\n"
                    "holders 0 switches=2 interval=5000 0:0 11:2 14:1\n");

    assert_int_equal(model->waits.n, 3);
    assert_int_equal(model->waits.n_longest, 3);
    check_episode(&model->waits.longest[0], 2, 0, 11, true);
    const struct gw_episode *wait = &model->waits.longest[1];
    check_episode(wait, 1, 4, 10, false);
    assert_int_equal(wait->stack, 2);
    assert_int_equal(wait->other_kind, GW_BLAME_HELD);
    assert_int_equal(wait->other, 0);
    assert_int_equal(wait->other_stack, 1);
    assert_int_equal(wait->other_ns, 7 * MS);
    assert_int_equal(wait->n_others, 2);
    check_episode(&model->waits.longest[2], 0, 11, 9, true);
    assert_int_equal(model->threads[1].n_waits, 1);
    assert_int_equal(model->tick_ns, MS);
    gw_model_free(model);
}

static void test_a_hold_has_its_waiters(void **state)
{
    (void)state;
    struct gw_model *model =
        read_blocks("block start=0 ticks=20 dt=1000000\n"
                    "track 0 0:io-wait:2 2:gil-running:4 4:gil-running:1 12:io-wait:2\n"
                    "track 1 0:io-wait:2 8:gil-wait:3 12:gil-running:3 13:io-wait:2\n"
                    "track 2 0:io-wait:2 6:gil-wait:2 13:gil-running:2 14:io-wait:2\n"
                    "holders 0 switches=2 interval=5000 0:nobody 2:0 12:1 13:2 14:nobody\n");

    assert_int_equal(model->holds.n, 3);
    const struct gw_episode *hold = &model->holds.longest[0];
    check_episode(hold, 0, 2, 10, false);
    assert_int_equal(hold->stack, 1); /* 8 of its 10 ms */
    assert_int_equal(hold->n_others, 2);
    assert_int_equal(hold->other, 2);
    assert_int_equal(hold->other_stack, 2);
    assert_int_equal(hold->other_ns, 6 * MS);
    assert_int_equal(hold->others_ns, 10 * MS);
    assert_int_equal(hold->end, GW_HOLD_END_RELEASED);
    assert_int_equal(model->holds.longest[2].other, GW_NO_THREAD);
    gw_model_free(model);
}

/* Three ends of the hog's holds: forced after 6 ms, let go for a call of less than a tick after
 * 2 ms, let go for I/O after 8 ms. The worker lets go for I/O each time. */
static void test_forced_and_released(void **state)
{
    (void)state;
    struct gw_model *model = read_blocks(
        "block start=0 ticks=30 dt=1000000\n"
        "track 0 0:sleep:1 1:gil-running:1 7:gil-wait:1 9:gil-running:1 11:gil-wait:1 "
        "12:gil-running:1 20:io-wait:1\n"
        "track 1 0:io-wait:2 2:gil-wait:2 7:gil-running:3 9:gil-wait:2 11:gil-running:3 "
        "12:io-wait:2\n"
        "track 2 0:io-wait:2\n"
        "holders 0 switches=4 interval=5000 0:nobody 1:0 7:1 9:0 11:1 12:0 20:nobody\n");

    check_ends(model, 0, 1, 2, 0);
    check_ends(model, 1, 0, 2, 0);
    assert_int_equal(model->threads[0].hold_ends.ns[GW_HOLD_END_FORCED], 6 * MS);
    assert_int_equal(model->threads[0].hold_ends.ns[GW_HOLD_END_RELEASED], 10 * MS);
    assert_int_equal(model->holds.n, 5);
    assert_int_equal(model->holds.n_cut, 0);
    gw_model_free(model);
}

/* The hog keeps the GIL for 20 ms, of which the worker waits for the last 2 only: it lets go of
 * its own, though it wants the GIL back at once. */
static void test_a_short_wait_forces_nobody(void **state)
{
    (void)state;
    struct gw_model *model = read_blocks("block start=0 ticks=30 dt=1000000\n"
                                         "track 0 0:sleep:1 1:gil-running:1 21:gil-wait:1\n"
                                         "track 1 0:io-wait:2 19:gil-wait:2 21:gil-running:3\n"
                                         "holders 0 interval=5000 0:nobody 1:0 21:1\n");

    check_ends(model, 0, 0, 1, 0);
    check_ends(model, 1, 0, 0, 0); /* held to the end of the recording */
    assert_int_equal(model->holds.n, 2);
    assert_int_equal(model->holds.n_cut, 1);
    gw_model_free(model);
}

/* Both sides of a block border, and an end exactly at one. */
static void test_blocks_are_seamless(void **state)
{
    (void)state;
    struct gw_model *model = read_blocks("block start=0 ticks=10 dt=1000000\n"
                                         "track 0 0:sleep:1 4:gil-running:4\n"
                                         "track 1 0:io-wait:2 6:gil-wait:2\n"
                                         "holders 0 interval=5000 0:nobody 4:0\n"
                                         "block start=10000000 ticks=10 dt=1000000\n"
                                         "track 0 0:gil-running:1\n"
                                         "track 1 0:gil-wait:2\n"
                                         "holders 0 interval=5000 0:0\n"
                                         "block start=20000000 ticks=10 dt=1000000\n"
                                         "track 0 0:gil-wait:1 2:gil-running:1\n"
                                         "track 1 0:gil-running:2 2:io-wait:2\n"
                                         "holders 0 interval=5000 0:1 2:0\n");

    const struct gw_episode *hold = &model->holds.longest[0];
    check_episode(hold, 0, 4, 16, false);
    assert_int_equal(hold->stack, 1);
    assert_int_equal(hold->other, 1);
    assert_int_equal(hold->other_ns, 14 * MS);
    assert_int_equal(hold->n_others, 1);
    assert_int_equal(hold->end, GW_HOLD_END_FORCED);
    const struct gw_episode *wait = &model->waits.longest[0];
    check_episode(wait, 1, 6, 14, false);
    assert_int_equal(wait->other, 0);
    assert_int_equal(wait->other_ns, 14 * MS);
    assert_int_equal(wait->n_others, 1);
    assert_int_equal(model->waits.n, 2);
    check_ends(model, 0, 1, 0, 0);
    check_ends(model, 1, 0, 1, 0);
    gw_model_free(model);
}

/* A hole between blocks, in which nobody looked: two waits, two holds, all cut. */
static void test_a_hole_cuts(void **state)
{
    (void)state;
    struct gw_model *model = read_blocks("block start=0 ticks=10 dt=1000000\n"
                                         "track 0 0:sleep:1 4:gil-running:1\n"
                                         "track 1 0:io-wait:2 6:gil-wait:2\n"
                                         "holders 0 interval=5000 0:nobody 4:0\n"
                                         "block start=50000000 ticks=10 dt=1000000\n"
                                         "track 0 0:gil-running:1 8:io-wait:1\n"
                                         "track 1 0:gil-wait:2 8:gil-running:2\n"
                                         "holders 0 interval=5000 0:0 8:1\n");

    assert_int_equal(model->waits.n, 2);
    assert_int_equal(model->waits.n_cut, 2);
    assert_int_equal(model->holds.n, 3);
    assert_int_equal(model->holds.n_cut, 3);
    check_ends(model, 0, 0, 1, 1);
    gw_model_free(model);
}

/* The gap and the stop are no part of the lengths, and nobody says what happened in them. */
static void test_gaps_and_stops_cut_and_do_not_end(void **state)
{
    (void)state;
    struct gw_model *model =
        read_blocks("block start=0 ticks=40 dt=1000000\n"
                    "gap 8 500000\n"
                    "track 0 0:sleep:1 2:gil-running:1 14:gil-wait:1 16:gil-running:1 "
                    "24:stopped:1 34:gil-running:1 38:gil-wait:1\n"
                    "track 1 0:io-wait:2 4:gil-wait:2 14:gil-running:2 16:gil-wait:2 24:stopped:2 "
                    "34:gil-wait:2 38:gil-running:2\n"
                    "holders 0 interval=5000 0:nobody 2:0 14:1 16:0 38:1\n");

    assert_int_equal(model->waits.n, 4);
    assert_int_equal(model->waits.longest[0].ns, 12 * MS); /* with 10 ms stopped between */
    assert_true(model->waits.longest[0].cut);
    assert_int_equal(model->waits.longest[1].ns, 10 * MS - MS / 2);
    assert_true(model->waits.longest[1].cut);
    check_ends(model, 0, 0, 0, 2);
    check_ends(model, 1, 0, 1, 0);
    gw_model_free(model);
}

/* A waiter on another line the next tick had the GIL in between: two waits. A stack that could not
 * be read ends nothing. */
static void test_another_stack_is_another_wait(void **state)
{
    (void)state;
    struct gw_model *model = read_blocks("block start=0 ticks=20 dt=1000000\n"
                                         "track 0 0:gil-running:1\n"
                                         "track 1 0:io-wait:2 2:gil-wait:2 9:gil-wait:0 "
                                         "10:gil-wait:2 12:gil-wait:3 17:io-wait:3\n"
                                         "holders 0 interval=5000 0:0\n");

    assert_int_equal(model->waits.n, 2);
    check_episode(&model->waits.longest[0], 1, 2, 10, false);
    check_episode(&model->waits.longest[1], 1, 12, 5, false);
    assert_int_equal(model->waits.longest[0].stack, 2);
    assert_int_equal(model->waits.longest[1].stack, 3);
    gw_model_free(model);
}

/* What is not known, and threads that come and go, leave the ends of episodes open. */
static void test_unknown_and_unobserved_ends_are_cut(void **state)
{
    (void)state;
    struct gw_model *model =
        read_blocks("block start=0 ticks=30 dt=1000000\n"
                    "track 0 end=20 0:sleep:1 2:gil-running:1\n"
                    "track 1 end=12 4:gil-wait:2\n"
                    "track 2 0:io-wait:2 3:unknown:2 4:gil-wait:2 8:unknown:2 20:gil-running:2 "
                    "26:gil-running:2\n"
                    "holders 0 interval=5000 0:nobody 2:0 20:2 24:unknown 27:2\n");

    assert_int_equal(model->waits.n, 2);
    assert_int_equal(model->waits.n_cut, 2);
    check_ends(model, 0, 0, 1, 0); /* it ended: nobody forces a thread that is gone */
    check_ends(model, 2, 0, 0, 1);
    assert_int_equal(model->holds.n, 3);
    assert_int_equal(model->holds.n_cut, 2);
    gw_model_free(model);
}

/* The same thread holds one GIL, then wants another: it let the first go. Waits for one GIL are no
 * waits for the other. */
static void test_every_gil_is_on_its_own(void **state)
{
    (void)state;
    struct gw_model *model =
        read_blocks("block start=0 ticks=30 dt=1000000\n"
                    "track 0 0:sleep:1 2:gil-running:1:0 12:gil-wait:1:1 20:gil-running:1:1 "
                    "24:sleep:1\n"
                    "track 1 0:sleep:2 3:gil-wait:2:0 12:gil-running:2:0 14:sleep:2\n"
                    "track 2 0:sleep:4 10:gil-running:4:1 20:gil-wait:4:1 24:sleep:4\n"
                    "holders 0 interval=5000 0:nobody 2:0 12:1 14:nobody\n"
                    "holders 1 interval=5000 0:nobody 10:2 20:0 24:nobody\n");

    assert_int_equal(model->waits.n, 3);
    assert_int_equal(model->waits.n_cut, 0);
    assert_int_equal(model->holds.n, 4);
    assert_int_equal(model->holds.n_cut, 0);
    check_episode(&model->waits.longest[0], 1, 3, 9, false);
    assert_int_equal(model->waits.longest[0].gil, 0);
    check_episode(&model->waits.longest[1], 0, 12, 8, false);
    assert_int_equal(model->waits.longest[1].gil, 1);
    assert_int_equal(model->waits.longest[1].other, 2);
    check_ends(model, 0, 0, 2, 0);
    check_ends(model, 2, 1, 0, 0);
    gw_model_free(model);
}

/* The hog has the GIL at every tick, but the worker cannot have stopped waiting without it: three
 * holds, of which the first two were forced after 6 ms and after 7 ms, across a block border. */
static void test_a_convoy_is_seen_by_its_waits(void **state)
{
    (void)state;
    struct gw_model *model =
        read_blocks("block start=0 ticks=14 dt=1000000\n"
                    "track 0 0:sleep:1 1:gil-running:1\n"
                    "track 1 0:io-wait:2 2:gil-wait:2 8:io-wait:3 9:gil-wait:2\n"
                    "holders 0 switches=3 interval=5000 0:nobody 1:0\n"
                    "block start=14000000 ticks=10 dt=1000000\n"
                    "track 0 0:gil-running:1 9:io-wait:1\n"
                    "track 1 0:gil-wait:2 1:gil-wait:3 3:io-wait:3\n"
                    "holders 0 switches=4 interval=5000 0:0 9:nobody\n");

    assert_int_equal(model->waits.n, 3);
    assert_int_equal(model->holds.n, 4);
    assert_int_equal(model->holds.n_cut, 0);
    check_episode(&model->holds.longest[0], 0, 1, 7, false);
    check_episode(&model->holds.longest[1], 0, 8, 7, false);
    check_episode(&model->holds.longest[2], 0, 17, 6, false);
    check_episode(&model->holds.longest[3], 0, 15, 2, false);
    assert_int_equal(model->holds.longest[1].other_ns, 6 * MS);
    check_ends(model, 0, 2, 2, 0); /* a wait of 2 ms, and I/O */
    gw_model_free(model);
}

/* The same with the end of the wait exactly at the border. */
static void test_a_hand_over_at_a_block_border(void **state)
{
    (void)state;
    struct gw_model *model = read_blocks("block start=0 ticks=14 dt=1000000\n"
                                         "track 0 0:sleep:1 1:gil-running:1\n"
                                         "track 1 0:io-wait:2 2:gil-wait:2\n"
                                         "holders 0 interval=5000 0:nobody 1:0\n"
                                         "block start=14000000 ticks=10 dt=1000000\n"
                                         "track 0 0:gil-running:1 9:io-wait:1\n"
                                         "track 1 0:io-wait:2\n"
                                         "holders 0 interval=5000 0:0 9:nobody\n");

    assert_int_equal(model->holds.n, 2);
    check_episode(&model->holds.longest[0], 0, 1, 13, false);
    check_episode(&model->holds.longest[1], 0, 14, 9, false);
    check_ends(model, 0, 1, 1, 0);
    gw_model_free(model);
}

/* Only so many are kept, the longest, and only so many holders are told apart. */
static void test_lists_are_bounded(void **state)
{
    char text[16384] = "header rate=1000\nprocess 0 pid=1\ngil 0\n";
    struct gw_model *model = NULL;
    size_t len = strlen(text);

    (void)state;
    for (unsigned i = 0; i < 40; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "thread %u tid=%u\n", i, i + 1);
    len += (size_t)snprintf(text + len, sizeof text - len,
                            "block start=0 ticks=1000 dt=1000000\ntrack 0 0:io-wait 1:gil-wait\n");
    for (unsigned i = 1; i < 40; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "track %u 0:sleep %u:gil-wait %u:sleep\n", i, i, 2 * i);
    len += (size_t)snprintf(text + len, sizeof text - len, "holders 0 0:nobody");
    for (unsigned i = 1; i < 40; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, " %u:%u", 10 * i, i);
    snprintf(text + len, sizeof text - len, "\nwrite\nend duration\n");
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, NULL), 0);
    assert_int_equal(gw_model_check(model, NULL), 0);

    assert_int_equal(model->waits.n, 40);
    assert_int_equal(model->waits.n_longest, GW_LONGEST_EPISODES);
    assert_int_equal(model->waits.longest[0].thread, 0);
    assert_int_equal(model->waits.longest[0].other, 39);
    assert_int_equal(model->waits.longest[0].other_ns, 610 * MS);
    assert_int_equal(model->waits.longest[0].n_others, GW_MAX_EPISODE_HOLDERS);
    for (unsigned i = 1; i < GW_LONGEST_EPISODES; i++)
        check_episode(&model->waits.longest[i], 40 - i, 40 - i, 40 - i, false);
    gw_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wait_has_its_main_holder),
        cmocka_unit_test(test_a_hold_has_its_waiters),
        cmocka_unit_test(test_forced_and_released),
        cmocka_unit_test(test_a_short_wait_forces_nobody),
        cmocka_unit_test(test_blocks_are_seamless),
        cmocka_unit_test(test_a_hole_cuts),
        cmocka_unit_test(test_gaps_and_stops_cut_and_do_not_end),
        cmocka_unit_test(test_another_stack_is_another_wait),
        cmocka_unit_test(test_unknown_and_unobserved_ends_are_cut),
        cmocka_unit_test(test_every_gil_is_on_its_own),
        cmocka_unit_test(test_a_convoy_is_seen_by_its_waits),
        cmocka_unit_test(test_a_hand_over_at_a_block_border),
        cmocka_unit_test(test_lists_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
