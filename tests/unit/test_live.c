/* SPDX-License-Identifier: Apache-2.0 */
/* Captures written as text, taken in chunk by chunk; windows whose sums can be told by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/live.h"
#include "support/capture_text.h"

#define MS 1000000ull
#define BLOCK_NS (100 * MS)

#define DEFINITIONS                                                                                \
    "process 0 pid=100 python=3.12.1\nthread 0 tid=100 name=hog\nthread 1 tid=101 name=worker\n"   \
    "gil 0\nfunction 1 build s.py 80\nfunction 2 handle s.py 10\nstack 1 0 1 86\nstack 2 0 2 12\n"

/* The n-th block of 100 ms: the worker waits for n of its 10 ticks, from the first on. */
static void put_block(FILE *out, unsigned n)
{
    fprintf(out,
            "block start=%llu ticks=10 dt=10000000\ntrack 0 0:gil-running:1\n"
            "track 1 0:gil-wait:2 %u:io-wait:1\nholders 0 switches=3 0:0\n"
            "quality own_cpu=1000000\nwrite\n",
            (unsigned long long)(n * BLOCK_NS), n);
}

static struct gw_live *take(const char *text, uint64_t keep_ns)
{
    struct gw_capture_reader *reader;
    struct gw_chunk chunk;
    struct gw_live *live;

    assert_int_equal(gw_capture_reader_new(capture_text_memfd(text), &reader), 0);
    assert_int_equal(gw_live_new(keep_ns, &live), 0);
    while (gw_capture_reader_next(reader, &chunk) > 0)
        assert_int_equal(gw_live_take(live, &chunk), 0);
    gw_capture_reader_free(reader);
    return live;
}

/* Blocks first to last, with more text between the two halves. */
static struct gw_live *take_blocks(unsigned first, unsigned last, const char *between,
                                   uint64_t keep_ns)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fputs("header rate=100\n" DEFINITIONS, out);
    for (unsigned n = first; n <= last; n++) {
        put_block(out, n);
        if (n == (first + last) / 2)
            fputs(between, out);
    }
    fclose(out);
    struct gw_live *live = take(text, keep_ns);
    free(text);
    return live;
}

static const struct gw_model *window(struct gw_live *live, uint64_t ns)
{
    const struct gw_model *model;
    struct gw_diag diag = {0};

    assert_int_equal(gw_live_window(live, ns, &model), 0);
    if (gw_model_check(model, &diag) < 0)
        fail_msg("%s: %s", diag.what, diag.why);
    return model;
}

static void test_window_is_the_last_blocks(void **state)
{
    (void)state;
    struct gw_live *live = take_blocks(1, 8, "", 1000 * MS);
    const struct gw_model *model = window(live, 200 * MS);

    assert_int_equal(model->start_ns, 7 * BLOCK_NS);
    assert_int_equal(model->end_ns, 9 * BLOCK_NS);
    assert_int_equal(model->threads[1].wait_ns, (7 + 8) * 10 * MS);
    assert_int_equal(model->threads[1].wall_ns, 2 * BLOCK_NS);
    assert_int_equal(model->gils[0].wait_ns, (7 + 8) * 10 * MS);
    assert_int_equal(model->gils[0].held_ns, 2 * BLOCK_NS);
    assert_int_equal(model->gils[0].switches, 6);
    assert_int_equal(model->processes[0].live_ns, 2 * BLOCK_NS);
    assert_int_equal(model->quality.ticks, 20);
    assert_int_equal(model->quality.own_cpu_ns, 2 * MS);
    gw_live_free(live);
}

/* A block that is only partly in the window is in it as a whole. */
static void test_windows_do_not_add_up(void **state)
{
    (void)state;
    struct gw_live *live = take_blocks(1, 8, "", 1000 * MS);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(window(live, 100 * MS)->threads[1].wait_ns, 80 * MS);
        assert_int_equal(window(live, 101 * MS)->threads[1].wait_ns, (7 + 8) * 10 * MS);
        assert_int_equal(window(live, UINT64_MAX)->threads[1].wait_ns, 36 * 10 * MS);
        assert_int_equal(window(live, UINT64_MAX)->n_pairs, 1);
    }
    gw_live_free(live);
}

static void test_only_what_is_to_be_kept_is_kept(void **state)
{
    (void)state;
    struct gw_live *live = take_blocks(1, 8, "", 300 * MS);

    assert_int_equal(window(live, UINT64_MAX)->threads[1].wait_ns, (6 + 7 + 8) * 10 * MS);
    assert_int_equal(window(live, UINT64_MAX)->start_ns, 6 * BLOCK_NS);
    gw_live_free(live);
}

static void test_what_a_thread_does_now(void **state)
{
    (void)state;
    struct gw_live *live = take_blocks(1, 8, "", 1000 * MS);

    window(live, 100 * MS);
    struct gw_live_now hog = gw_live_now(live, 0), worker = gw_live_now(live, 1);
    assert_true(hog.known);
    assert_int_equal(hog.state, GW_STATE_GIL_RUNNING);
    assert_int_equal(worker.state, GW_STATE_IO_WAIT);
    assert_int_equal(worker.stack, 1);
    assert_false(gw_live_now(live, 2).known);
    gw_live_free(live);
}

/* A thread that is not in the newest block is not there now. */
static void test_an_ended_thread_is_nowhere(void **state)
{
    (void)state;
    struct gw_live *live = take("header rate=100\n" DEFINITIONS
                                "block start=0 ticks=10 dt=10000000\ntrack 0 0:gil-running:1\n"
                                "track 1 0:io-wait:1\nwrite\n"
                                "block start=100000000 ticks=10 dt=10000000\n"
                                "track 0 0:gil-running:1\nwrite\n",
                                1000 * MS);

    assert_int_equal(window(live, UINT64_MAX)->threads[1].wall_ns, BLOCK_NS);
    assert_true(gw_live_now(live, 0).known);
    assert_false(gw_live_now(live, 1).known);
    gw_live_free(live);
}

static void test_restart_begins_the_window_anew(void **state)
{
    (void)state;
    struct gw_live *live = take_blocks(1, 4, "", 1000 * MS);

    gw_live_restart(live);
    const struct gw_model *model = window(live, UINT64_MAX);
    assert_int_equal(model->start_ns, model->end_ns);
    assert_int_equal(model->n_pairs, 0);
    assert_int_equal(model->threads[1].wall_ns, 0);
    gw_live_free(live);
}

/* Ids mean other things afterwards: what was kept of them must not be read with the new ones. */
static void test_new_ids_begin_it_anew(void **state)
{
    (void)state;
    struct gw_live *live = take("header rate=100\n" DEFINITIONS
                                "block start=0 ticks=10 dt=10000000\ntrack 0 0:gil-running:1\n"
                                "write\nreset\n"
                                "process 0 pid=100 python=3.12.1\nthread 0 tid=200 name=other\n"
                                "block start=100000000 ticks=10 dt=10000000\n"
                                "track 0 0:io-wait\nwrite\nend duration\n",
                                1000 * MS);
    const struct gw_model *model = window(live, UINT64_MAX);

    assert_int_equal(model->n_threads, 1);
    assert_int_equal(model->threads[0].tid, 200);
    assert_int_equal(model->threads[0].wall_ns, BLOCK_NS);
    assert_int_equal(model->n_functions, 1);
    assert_true(model->end.seen);
    gw_live_free(live);
}

static void test_a_keyframe_changes_nothing(void **state)
{
    (void)state;
    struct gw_live *live = take_blocks(1, 8, "keyframe\n", 1000 * MS);

    assert_int_equal(window(live, UINT64_MAX)->threads[1].wait_ns, 36 * 10 * MS);
    gw_live_free(live);
}

/* What is newer than what was seen before is a window too: every block is in one of them. */
static void test_what_is_newer(void **state)
{
    (void)state;
    struct gw_live *live = take_blocks(1, 8, "", 1000 * MS);
    uint64_t newest_ns = gw_live_newest_ns(live);

    assert_int_equal(newest_ns, 9 * BLOCK_NS);
    assert_int_equal(window(live, newest_ns - 6 * BLOCK_NS)->threads[1].wait_ns, 21 * 10 * MS);
    gw_live_free(live);
    assert_int_equal(gw_live_new(1000 * MS, &live), 0);
    assert_int_equal(gw_live_newest_ns(live), 0);
    gw_live_free(live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_is_the_last_blocks),
        cmocka_unit_test(test_windows_do_not_add_up),
        cmocka_unit_test(test_only_what_is_to_be_kept_is_kept),
        cmocka_unit_test(test_what_a_thread_does_now),
        cmocka_unit_test(test_an_ended_thread_is_nowhere),
        cmocka_unit_test(test_restart_begins_the_window_anew),
        cmocka_unit_test(test_new_ids_begin_it_anew),
        cmocka_unit_test(test_a_keyframe_changes_nothing),
        cmocka_unit_test(test_what_is_newer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
