/* SPDX-License-Identifier: Apache-2.0 */
/* Captures written as text, and the spans that they have to become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"
#include "model/selection.h"
#include "model/timeline.h"
#include "support/capture_text.h"

#define MS 1000000ull

/* Stack 1 is build:86, 2 is handle:12, 3 is handle:14. Ticks of 1 ms, from 1 s on. */
static const char preamble[] = "header rate=1000 cpus=2\n"
                               "process 0 pid=100\n"
                               "thread 0 tid=100 name=hog\n"
                               "thread 1 tid=101 name=worker\n"
                               "gil 0\n"
                               "function 1 build /srv/app/server.py 80\n"
                               "function 2 handle /srv/app/server.py 10\n"
                               "stack 1 0 1 86\nstack 2 0 2 12\nstack 3 0 2 14\n";

struct world {
    struct gw_timeline timeline;
    struct gw_model *model;
};

static struct world read_blocks(const char *blocks)
{
    struct world world = {0};
    struct gw_diag diag = {0};
    char text[8192];

    snprintf(text, sizeof text, "%s%swrite\nend duration\n", preamble, blocks);
    const struct gw_selection all = {.timeline = &world.timeline};
    assert_int_equal(gw_selection_read(capture_text_memfd(text), "test", &all, &world.model, &diag),
                     0);
    assert_int_equal(world.model->end.error, 0);
    assert_int_equal(gw_timeline_finish(&world.timeline), 0);
    return world;
}

static void close_world(struct world *world)
{
    gw_timeline_fini(&world->timeline);
    gw_model_free(world->model);
}

/* Span number n of a thread, or of the GIL. */
static const struct gw_timeline_span *span_of(const struct world *world, uint32_t thread, size_t n)
{
    for (size_t i = 0; i < world->timeline.n; i++)
        if (world->timeline.spans[i].thread == thread && n-- == 0)
            return &world->timeline.spans[i];
    return NULL;
}

/* Times in ms since the first second. */
static void check_times(const struct gw_timeline_span *span, uint64_t begin, uint64_t end)
{
    assert_non_null(span);
    assert_int_equal(span->begin_ns, 1000 * MS + begin * MS);
    assert_int_equal(span->end_ns, 1000 * MS + end * MS);
}

static void check_holder(const struct gw_timeline_span *span, unsigned kind, uint32_t holder,
                         uint32_t stack)
{
    assert_int_equal(span->kind, kind);
    assert_int_equal(span->holder, holder);
    assert_int_equal(span->holder_stack, stack);
}

static void test_equal_ticks_are_one_span_beyond_blocks(void **state)
{
    (void)state;
    struct world world = read_blocks("block start=1000000000 ticks=10 dt=1000000\n"
                                     "track 0 0:io-wait:1 6:native:1\n"
                                     "block start=1010000000 ticks=10 dt=1000000\n"
                                     "track 0 0:native:1 4:native:2\n");

    assert_int_equal(world.timeline.n, 3);
    check_times(span_of(&world, 0, 0), 0, 6);
    check_times(span_of(&world, 0, 1), 6, 14);
    check_times(span_of(&world, 0, 2), 14, 20);
    assert_int_equal(span_of(&world, 0, 1)->state, GW_STATE_NATIVE);
    assert_int_equal(span_of(&world, 0, 2)->stack, 2);
    close_world(&world);
}

/* The gap is the first 3 of the 5 ms before a tick. */
static void test_a_gap_is_in_no_span(void **state)
{
    (void)state;
    struct world world = read_blocks("block start=1000000000 ticks=4 dt=5000000\n"
                                     "gap 2 3000000\n"
                                     "track 0 0:native:1\n");

    assert_int_equal(world.timeline.n, 2);
    check_times(span_of(&world, 0, 0), 0, 10);
    check_times(span_of(&world, 0, 1), 13, 20);
    close_world(&world);
}

static void test_a_thread_that_was_away_begins_anew(void **state)
{
    (void)state;
    struct world world = read_blocks("block start=1000000000 ticks=10 dt=1000000\n"
                                     "track 0 end=5 0:native:1\n"
                                     "block start=1010000000 ticks=10 dt=1000000\n"
                                     "track 0 2:native:1\n");

    assert_int_equal(world.timeline.n, 2);
    check_times(span_of(&world, 0, 0), 0, 5);
    check_times(span_of(&world, 0, 1), 12, 20);
    close_world(&world);
}

/* Of the hold that goes on, build:86 is the place for 3 ticks of 5. */
static void test_a_wait_is_cut_by_holders(void **state)
{
    (void)state;
    struct world world =
        read_blocks("block start=1000000000 ticks=10 dt=1000000\n"
                    "track 0 0:gil-running:2 2:gil-running:1 5:native:1\n"
                    "track 1 0:gil-wait:3\n"
                    "holders 0 switches=1 interval=5000 0:0 5:nobody 7:unknown 8:1\n");

    check_times(span_of(&world, 1, 0), 0, 5);
    check_holder(span_of(&world, 1, 0), GW_BLAME_HELD, 0, 1);
    assert_true(span_of(&world, 1, 0)->holder_seen);
    check_times(span_of(&world, 1, 1), 5, 7);
    check_holder(span_of(&world, 1, 1), GW_BLAME_HANDOFF, GW_NO_THREAD, 0);
    /* The waiter cannot be the holder. */
    check_times(span_of(&world, 1, 2), 7, 10);
    check_holder(span_of(&world, 1, 2), GW_BLAME_UNKNOWN, GW_NO_THREAD, 0);
    assert_false(span_of(&world, 1, 2)->holder_seen);
    assert_null(span_of(&world, 1, 3));

    check_times(span_of(&world, GW_NO_THREAD, 0), 0, 5);
    check_holder(span_of(&world, GW_NO_THREAD, 0), GW_BLAME_HELD, 0, 1);
    check_times(span_of(&world, GW_NO_THREAD, 3), 8, 10);
    check_holder(span_of(&world, GW_NO_THREAD, 3), GW_BLAME_HELD, 1, 3);
    close_world(&world);
}

/* The holder is named before its track begins: where it was then is not known. */
static void test_a_holder_that_was_not_observed(void **state)
{
    (void)state;
    struct world world = read_blocks("block start=1000000000 ticks=10 dt=1000000\n"
                                     "track 0 8:gil-running:1\n"
                                     "track 1 0:gil-wait:3\n"
                                     "holders 0 switches=0 interval=5000 0:0\n");

    check_times(span_of(&world, 1, 0), 0, 10);
    check_holder(span_of(&world, 1, 0), GW_BLAME_HELD, 0, 0);
    assert_false(span_of(&world, 1, 0)->holder_seen);
    close_world(&world);
}

static void test_stopped_time_is_in_no_hold(void **state)
{
    (void)state;
    struct world world = read_blocks("block start=1000000000 ticks=10 dt=1000000\n"
                                     "track 0 0:gil-running:1 4:stopped:1 6:gil-running:1\n"
                                     "holders 0 switches=0 interval=5000 0:0\n");

    check_times(span_of(&world, 0, 1), 4, 6);
    assert_int_equal(span_of(&world, 0, 1)->state, GW_STATE_STOPPED);
    check_times(span_of(&world, GW_NO_THREAD, 0), 0, 4);
    check_times(span_of(&world, GW_NO_THREAD, 1), 6, 10);
    close_world(&world);
}

static void test_nothing_is_a_timeline_too(void **state)
{
    (void)state;
    struct world world = read_blocks("");

    assert_int_equal(world.timeline.n, 0);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_ticks_are_one_span_beyond_blocks),
        cmocka_unit_test(test_a_gap_is_in_no_span),
        cmocka_unit_test(test_a_thread_that_was_away_begins_anew),
        cmocka_unit_test(test_a_wait_is_cut_by_holders),
        cmocka_unit_test(test_a_holder_that_was_not_observed),
        cmocka_unit_test(test_stopped_time_is_in_no_hold),
        cmocka_unit_test(test_nothing_is_a_timeline_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
