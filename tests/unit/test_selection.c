/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of recordings: held against captures that have the ticks of the part only, and against
 * figures that can be told by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/selection.h"
#include "support/capture_text.h"

#define MS 1000000ull
#define START_MS 1000u /* of the recordings below, on their clock */

static const char preamble[] = "header rate=1000 cpus=2\n"
                               "process 0 pid=100 python=3.12.1\n"
                               "thread 0 tid=100 name=hog\n"
                               "thread 1 tid=101 name=worker-1\n"
                               "thread 2 tid=102 ns_tid=7 name=worker-2\n"
                               "gil 0\n"
                               "function 1 build /srv/app/server.py 80\n"
                               "function 2 handle /srv/app/server.py 10\n"
                               "stack 1 0 1 86\nstack 2 0 2 12\nstack 3 0 2 14\n";

/* From one millisecond of the recording to another; -1: there is no such limit. */
static struct gw_selection between(int from_ms, int to_ms)
{
    struct gw_selection selection = {.from.given = from_ms >= 0, .to.given = to_ms >= 0};

    if (from_ms >= 0)
        selection.from.ns = (unsigned)from_ms * MS;
    if (to_ms >= 0)
        selection.to.ns = (unsigned)to_ms * MS;
    return selection;
}

static struct gw_model *read_part(const char *text, const struct gw_selection *selection)
{
    struct gw_model *model = NULL;
    struct gw_diag diag = {0};

    if (gw_selection_read(capture_text_memfd(text), "test", selection, &model, &diag) < 0)
        fail_msg("%s: %s", diag.what, diag.why);
    assert_int_equal(model->end.error, 0);
    if (gw_model_check(model, &diag) < 0)
        fail_msg("%s: %s", diag.what, diag.why);
    return model;
}

/* --- random recordings, tick by tick ------------------------------------------------------------
 */

#define THREADS 3u
#define TICKS 60u
#define BLOCK 16u /* ticks */
#define HOLDERS 5u

static const char *const state_names[] = {"gil-running", "gil-wait", "gil-handoff",
                                          "io-wait",     "stopped",  "unknown"};
static const char *const holder_names[HOLDERS] = {"0", "1", "2", "nobody", "unknown"};

struct recording {
    unsigned state[TICKS][THREADS]; /* of state_names; the number of them: not observed */
    unsigned stack[TICKS][THREADS];
    unsigned holder[TICKS]; /* of holder_names */
    bool gap[TICKS];
};

static const unsigned unobserved = sizeof state_names / sizeof state_names[0];

/* What was goes on for some ticks, so that waits and holds reach across blocks. A thread that is
 * lost sight of is not seen again in the same block, as in a capture. */
static void make_recording(struct recording *recording, unsigned seed)
{
    bool seen[THREADS] = {false};

    srand(seed);
    for (unsigned tick = 0; tick < TICKS; tick++) {
        bool fresh = tick == 0 || rand() % 40 == 0;
        recording->holder[tick] =
            fresh || rand() % 5 == 0 ? (unsigned)rand() % HOLDERS : recording->holder[tick - 1];
        recording->gap[tick] = rand() % 25 == 0;
        for (unsigned t = 0; t < THREADS; t++) {
            bool next = fresh || rand() % 6 == 0;
            bool lost = tick % BLOCK && seen[t] && recording->state[tick - 1][t] == unobserved;
            recording->state[tick][t] = lost   ? unobserved
                                        : next ? (unsigned)rand() % (unobserved + 1)
                                               : recording->state[tick - 1][t];
            recording->stack[tick][t] = next ? (unsigned)rand() % 4 : recording->stack[tick - 1][t];
            seen[t] = (tick % BLOCK && seen[t]) || recording->state[tick][t] != unobserved;
        }
    }
}

/* A thread that is not observed any more in a block ends there; the ids say who it is. */
static void put_track(FILE *out, const struct recording *recording, unsigned t, unsigned begin,
                      unsigned end)
{
    unsigned first = begin, last;

    while (first < end && recording->state[first][t] == unobserved)
        first++;
    for (last = first; last < end && recording->state[last][t] != unobserved;)
        last++;
    if (first == end)
        return;
    fprintf(out, "track %u", t);
    if (last < end)
        fprintf(out, " end=%u", last - begin);
    for (unsigned tick = first; tick < last; tick++)
        fprintf(out, " %u:%s:%u", tick - begin, state_names[recording->state[tick][t]],
                recording->stack[tick][t]);
    putc('\n', out);
}

static void put_block(FILE *out, const struct recording *recording, unsigned begin, unsigned end)
{
    fprintf(out, "block start=%llu ticks=%u dt=%llu\n", (START_MS + begin) * MS, end - begin, MS);
    for (unsigned tick = begin; tick < end; tick++)
        if (recording->gap[tick])
            fprintf(out, "gap %u 400000\n", tick - begin);
    for (unsigned t = 0; t < THREADS; t++)
        put_track(out, recording, t, begin, end);
    fputs("holders 0 interval=2000", out);
    for (unsigned tick = begin; tick < end; tick++)
        fprintf(out, " %u:%s", tick - begin, holder_names[recording->holder[tick]]);
    fputs("\nwrite\n", out);
}

/* The ticks [begin, end), in the blocks that the whole recording has. Free it. */
static char *recording_text(const struct recording *recording, unsigned begin, unsigned end)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    fputs(preamble, out);
    while (begin < end) {
        unsigned border = (begin / BLOCK + 1) * BLOCK;
        put_block(out, recording, begin, border < end ? border : end);
        begin = border < end ? border : end;
    }
    fputs("end duration\n", out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void compare_pairs(const struct gw_model *a, const struct gw_model *b)
{
    assert_int_equal(a->n_pairs, b->n_pairs);
    for (size_t i = 0; i < a->n_pairs; i++) {
        const struct gw_model_pair *one = &a->pairs[i], *other = &b->pairs[i];
        assert_int_equal(one->waiter, other->waiter);
        assert_int_equal(one->waiter_stack, other->waiter_stack);
        assert_int_equal(one->waiter_state, other->waiter_state);
        assert_int_equal(one->holder, other->holder);
        assert_int_equal(one->holder_stack, other->holder_stack);
        assert_int_equal(one->holder_state, other->holder_state);
        assert_int_equal(one->kind, other->kind);
        assert_int_equal(one->ns, other->ns);
    }
}

static void compare_episodes(const struct gw_episodes *a, const struct gw_episodes *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_cut, b->n_cut);
    assert_memory_equal(&a->lengths, &b->lengths, sizeof a->lengths);
    assert_int_equal(a->n_longest, b->n_longest);
    for (uint32_t i = 0; i < a->n_longest; i++) {
        const struct gw_episode *one = &a->longest[i], *other = &b->longest[i];
        assert_int_equal(one->thread, other->thread);
        assert_int_equal(one->stack, other->stack);
        assert_int_equal(one->cut, other->cut);
        assert_int_equal(one->end, other->end);
        assert_int_equal(one->other, other->other);
        assert_int_equal(one->other_stack, other->other_stack);
        assert_int_equal(one->n_others, other->n_others);
        assert_int_equal(one->begin_ns, other->begin_ns);
        assert_int_equal(one->ns, other->ns);
        assert_int_equal(one->uncertainty_ns, other->uncertainty_ns);
        assert_int_equal(one->other_ns, other->other_ns);
        assert_int_equal(one->others_ns, other->others_ns);
    }
}

static void compare_models(const struct gw_model *a, const struct gw_model *b)
{
    assert_int_equal(a->start_ns, b->start_ns);
    assert_int_equal(a->end_ns, b->end_ns);
    assert_int_equal(a->tick_ns, b->tick_ns);
    assert_int_equal(a->quality.ticks, b->quality.ticks);
    assert_int_equal(a->quality.gap_ns, b->quality.gap_ns);
    assert_int_equal(a->processes[0].ticks, b->processes[0].ticks);
    assert_int_equal(a->processes[0].live_ns, b->processes[0].live_ns);
    assert_int_equal(a->n_threads, b->n_threads);
    assert_memory_equal(a->threads, b->threads, a->n_threads * sizeof *a->threads);
    assert_memory_equal(a->gils, b->gils, a->n_gils * sizeof *a->gils);
    assert_int_equal(a->n_slices, b->n_slices);
    if (a->n_slices > 0)
        assert_memory_equal(a->slices, b->slices, a->n_slices * sizeof *a->slices);
    compare_pairs(a, b);
    compare_episodes(&a->waits, &b->waits);
    compare_episodes(&a->holds, &b->holds);
}

static void test_a_part_is_a_capture_of_its_ticks(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 300; seed++) {
        struct recording recording;
        make_recording(&recording, seed);
        unsigned begin = (unsigned)rand() % TICKS;
        unsigned end = begin + 1 + (unsigned)rand() % (TICKS - begin);
        char *whole = recording_text(&recording, 0, TICKS);
        char *ticks = recording_text(&recording, begin, end);
        struct gw_selection selection = between((int)begin, (int)end);
        struct gw_model *part = read_part(whole, &selection);
        struct gw_model *alone = read_part(ticks, &(struct gw_selection){0});
        compare_models(part, alone);
        gw_model_free(part);
        gw_model_free(alone);
        free(whole);
        free(ticks);
    }
}

static void test_two_parts_sum_to_the_whole(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 100; seed++) {
        struct recording recording;
        make_recording(&recording, seed);
        char *text = recording_text(&recording, 0, TICKS);
        int cut = 1 + rand() % (int)(TICKS - 1);
        struct gw_selection before = between(-1, cut), after = between(cut, -1);
        struct gw_model *all = read_part(text, &(struct gw_selection){0});
        struct gw_model *one = read_part(text, &before), *two = read_part(text, &after);
        assert_int_equal(one->end_ns, two->start_ns);
        for (size_t i = 0; i < THREADS; i++) {
            for (unsigned s = 0; s < GW_N_STATES; s++)
                assert_int_equal(one->threads[i].state_ns[s] + two->threads[i].state_ns[s],
                                 all->threads[i].state_ns[s]);
            assert_int_equal(one->threads[i].wait_ns + two->threads[i].wait_ns,
                             all->threads[i].wait_ns);
        }
        assert_int_equal(one->gils[0].held_ns + two->gils[0].held_ns, all->gils[0].held_ns);
        assert_int_equal(one->quality.gap_ns + two->quality.gap_ns, all->quality.gap_ns);
        gw_model_free(all);
        gw_model_free(one);
        gw_model_free(two);
        free(text);
    }
}

/* --- by hand ------------------------------------------------------------------------------------
 */

/* Three blocks of 10 ms. hog computes all the time; worker-1 in the second block only; worker-2 is
 * first seen in the third. */
static const char exact_text[] =
    "%sblock start=1000000000 ticks=10 dt=1000000\n"
    "track 0 cpu=9000000 queue=100 0:gil-running:1\ntrack 1 cpu=5000 queue=7 0:io-wait:2\n"
    "holders 0 switches=7 0:0\n"
    "quality late=3 torn=5 dropped=7 displacing=9 stops=11 stopped=13 own_cpu=1000\nwrite\n"
    "block start=1010000000 ticks=10 dt=1000000\n"
    "track 0 cpu=18500000 queue=300 0:gil-running:1\n"
    "track 1 cpu=405000 queue=17 0:io-wait:2 3:native:2 4:io-wait:2\nholders 0 0:0\nwrite\n"
    "block start=1020000000 ticks=10 dt=1000000\n"
    "track 0 cpu=28000000 queue=600 0:gil-running:1\ntrack 1 cpu=405000 queue=17 0:io-wait:2\n"
    "track 2 cpu=2000 queue=20 4:native:2 6:io-wait:2\nholders 0 0:0\nwrite\nend duration\n";

static struct gw_model *read_exact(int from_ms, int to_ms)
{
    char text[4096];
    struct gw_selection selection = between(from_ms, to_ms);

    snprintf(text, sizeof text, exact_text, preamble);
    return read_part(text, &selection);
}

static void assert_exact(const struct gw_model *model, uint32_t thread, uint64_t cpu_ns,
                         uint64_t queue_ns)
{
    assert_true(model->threads[thread].exact);
    assert_int_equal(model->threads[thread].cpu_ns, cpu_ns);
    assert_int_equal(model->threads[thread].run_queue_ns, queue_ns);
}

static void test_exact_times_between_blocks(void **state)
{
    (void)state;
    struct gw_model *model = read_exact(10, 20);
    assert_exact(model, 0, 9500000, 200);
    assert_exact(model, 1, 400000, 10);
    assert_false(model->part.blocks_cut);
    gw_model_free(model);

    model = read_exact(20, -1);
    assert_exact(model, 0, 9500000, 300);
    assert_exact(model, 1, 0, 0);
    assert_exact(model, 2, 2000, 20);
    gw_model_free(model);
}

static void test_exact_times_within_a_block_are_not_known(void **state)
{
    (void)state;
    struct gw_model *model = read_exact(10, 25);
    assert_false(model->threads[0].exact);
    assert_int_equal(model->threads[0].cpu_ns, 0);
    assert_exact(model, 1, 400000, 10); /* it did not run in the block that is cut */
    assert_false(model->threads[2].exact);
    assert_true(model->part.blocks_cut);
    gw_model_free(model);

    model = read_exact(15, -1);
    assert_false(model->threads[0].exact);
    assert_false(model->threads[1].exact);
    assert_exact(model, 2, 2000, 20); /* all of it is in the part */
    gw_model_free(model);

    model = read_exact(13, -1); /* where worker-1 begins to compute */
    assert_false(model->threads[1].exact);
    gw_model_free(model);
}

static void test_exact_times_need_those_of_before(void **state)
{
    (void)state;
    struct gw_selection selection = between(10, -1);
    char text[4096];

    snprintf(text, sizeof text,
             "%sblock start=0 ticks=10 dt=1000000\ntrack 0 0:native:1\nwrite\n"
             "block start=10000000 ticks=10 dt=1000000\ntrack 0 cpu=9000000 0:native:1\nwrite\n"
             "end duration\n",
             preamble);
    struct gw_model *model = read_part(text, &selection);
    assert_false(model->threads[0].exact);
    gw_model_free(model);
}

static void test_counts_are_shared_out(void **state)
{
    (void)state;
    uint64_t sums[8] = {0};

    for (int from = 0; from < 10; from += 2) {
        struct gw_model *model = read_exact(from, from + 2);
        const struct gw_model_quality *quality = &model->quality;
        const uint64_t counts[8] = {model->gils[0].switches, quality->late,       quality->torn,
                                    quality->dropped,        quality->displacing, quality->stops,
                                    quality->stopped_ns,     quality->own_cpu_ns};
        for (size_t i = 0; i < 8; i++)
            sums[i] += counts[i];
        assert_in_range(counts[7], 199, 201);
        gw_model_free(model);
    }
    const uint64_t wholes[8] = {7, 3, 5, 7, 9, 11, 13, 1000};
    assert_memory_equal(sums, wholes, sizeof wholes);
}

static void test_a_part_knows_its_recording(void **state)
{
    (void)state;
    struct gw_model *model = read_exact(5, 12);
    assert_true(model->part.given);
    assert_int_equal(model->part.from_ns, START_MS * MS);
    assert_int_equal(model->part.to_ns, (START_MS + 30) * MS);
    assert_int_equal(model->start_ns, (START_MS + 5) * MS);
    assert_int_equal(model->end_ns, (START_MS + 12) * MS);
    gw_model_free(model);

    model = read_exact(0, 99000);
    assert_false(model->part.given);
    assert_int_equal(model->part.to_ns, (START_MS + 30) * MS);
    assert_int_equal(model->quality.ticks, 30);
    gw_model_free(model);
}

static void test_times_from_the_end(void **state)
{
    (void)state;
    char text[4096];
    struct gw_selection last = {.from = {.given = true, .from_end = true, .ns = 8 * MS}};
    struct gw_selection inner = {.from = {.given = true, .from_end = true, .ns = 99000 * MS},
                                 .to = {.given = true, .from_end = true, .ns = 26 * MS}};

    snprintf(text, sizeof text, exact_text, preamble);
    struct gw_model *model = read_part(text, &last);
    assert_int_equal(model->start_ns, (START_MS + 22) * MS);
    assert_int_equal(model->end_ns, (START_MS + 30) * MS);
    gw_model_free(model);
    model = read_part(text, &inner);
    assert_int_equal(model->start_ns, START_MS * MS);
    assert_int_equal(model->end_ns, (START_MS + 4) * MS);
    gw_model_free(model);
}

static void test_a_tick_belongs_where_its_instant_is(void **state)
{
    (void)state;
    struct gw_selection selection = {.from = {.given = true, .ns = 5 * MS - 1},
                                     .to = {.given = true, .ns = 7 * MS - 1}};
    char text[4096];

    snprintf(text, sizeof text, exact_text, preamble);
    struct gw_model *model = read_part(text, &selection);
    assert_int_equal(model->quality.ticks, 2); /* those at 5 and 6 ms */
    assert_int_equal(model->start_ns, (START_MS + 4) * MS);
    gw_model_free(model);
}

static void test_nothing_there_is_an_error(void **state)
{
    (void)state;
    static const int parts[][2] = {{30, -1}, {99, 100}, {7, 7}, {9, 3}, {-1, 0}};
    char text[4096];

    snprintf(text, sizeof text, exact_text, preamble);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct gw_selection selection = between(parts[i][0], parts[i][1]);
        struct gw_model *model;
        struct gw_diag diag = {0};
        assert_int_equal(
            gw_selection_read(capture_text_memfd(text), "x.gilwait", &selection, &model, &diag),
            -GW_E_NOT_FOUND);
        assert_non_null(strstr(diag.what, "x.gilwait"));
        assert_non_null(strstr(diag.why, "0.030 s long"));
        assert_non_null(strstr(diag.fix, "--from"));
    }
}

static void test_a_stream_is_read_twice(void **state)
{
    (void)state;
    char text[4096];
    int ends[2];
    struct gw_selection selection = between(-1, 4);
    struct gw_model *model = NULL;

    snprintf(text, sizeof text, exact_text, preamble);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(capture_text_write(text, ends[1]), 0);
    assert_int_equal(gw_selection_read(ends[0], "pipe", &selection, &model, NULL), 0);
    assert_int_equal(model->quality.ticks, 4);
    gw_model_free(model);
}

/* --- threads ------------------------------------------------------------------------------------
 */

static struct gw_selection only(const char *one, const char *other)
{
    return (struct gw_selection){.threads = {one, other}, .n_threads = other ? 2 : 1};
}

static void test_threads_by_name_and_tid(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other, *shown;
        bool hidden[3];
    } cases[] = {
        {"worker-*", NULL, "worker-*", {true, false, false}},
        {"hog", NULL, "hog", {false, true, true}},
        {"101", NULL, "101", {true, false, true}},
        {"7", NULL, "7", {true, true, false}},
        {"h?g", "102", "h?g, 102", {false, true, false}},
        {"*", NULL, "*", {false, false, false}},
    };
    char text[4096];

    snprintf(text, sizeof text, exact_text, preamble);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gw_selection selection = only(cases[i].one, cases[i].other);
        struct gw_model *model = read_part(text, &selection);
        for (size_t t = 0; t < 3; t++)
            assert_int_equal(model->threads[t].hidden, cases[i].hidden[t]);
        assert_string_equal(gw_model_text(model, model->shown), cases[i].shown);
        assert_true(gw_model_filtered(model));
        assert_false(model->part.given);
        gw_model_free(model);
    }
}

/* Hidden threads are in all sums, but of single waits and holds there are those of the others. */
static void test_what_is_hidden_is_still_counted(void **state)
{
    (void)state;
    static const char *const tids[THREADS] = {"100", "101", "102"};

    for (unsigned seed = 1; seed <= 50; seed++) {
        struct recording recording;
        make_recording(&recording, seed);
        char *text = recording_text(&recording, 0, TICKS);
        struct gw_model *all = read_part(text, &(struct gw_selection){0});
        uint64_t n_waits = 0, n_holds = 0, n_ends = 0;
        for (uint32_t t = 0; t < THREADS; t++) {
            struct gw_selection selection = only(tids[t], NULL);
            struct gw_model *one = read_part(text, &selection);
            assert_int_equal(gw_model_total_wait_ns(one), gw_model_total_wait_ns(all));
            compare_pairs(one, all);
            for (uint32_t i = 0; i < one->waits.n_longest; i++)
                assert_int_equal(one->waits.longest[i].thread, t);
            for (uint32_t i = 0; i < one->holds.n_longest; i++)
                assert_int_equal(one->holds.longest[i].thread, t);
            struct gw_hold_ends ends = gw_model_hold_ends(one);
            n_waits += one->waits.n;
            n_holds += one->holds.n;
            n_ends += gw_hold_ends_count(&ends);
            gw_model_free(one);
        }
        struct gw_hold_ends ends = gw_model_hold_ends(all);
        assert_int_equal(n_waits, all->waits.n);
        assert_int_equal(n_holds, all->holds.n);
        assert_int_equal(n_ends, gw_hold_ends_count(&ends));
        gw_model_free(all);
        free(text);
    }
}

static void test_some_threads_of_a_part(void **state)
{
    (void)state;
    struct gw_selection selection = between(10, 20);
    char text[4096];

    selection.threads[selection.n_threads++] = "hog";
    snprintf(text, sizeof text, exact_text, preamble);
    struct gw_model *model = read_part(text, &selection);
    assert_true(model->part.given);
    assert_false(model->threads[0].hidden);
    assert_true(model->threads[1].hidden);
    assert_exact(model, 0, 9500000, 200);
    gw_model_free(model);
}

static void test_each_pattern_has_to_match(void **state)
{
    (void)state;
    struct gw_selection selection = only("hog", "wrker-*");
    struct gw_model *model;
    struct gw_diag diag = {0};
    char text[4096];

    snprintf(text, sizeof text, exact_text, preamble);
    assert_int_equal(
        gw_selection_read(capture_text_memfd(text), "x.gilwait", &selection, &model, &diag),
        -GW_E_NOT_FOUND);
    assert_non_null(strstr(diag.what, "'wrker-*'"));
    assert_non_null(strstr(diag.why, "hog, worker-1, worker-2"));
}

static void test_an_error_names_some_threads(void **state)
{
    (void)state;
    struct gw_selection selection = only("x", NULL);
    struct gw_model *model;
    struct gw_diag diag = {0};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fputs("header\nprocess 0 pid=1\n", out);
    for (unsigned i = 0; i < 12; i++)
        fprintf(out, "thread %u tid=%u name=\"%s\\x1b%u\"\n", i, i + 1, "t", i / 2 * 2);
    fputs("write\nend duration\n", out);
    fclose(out);
    assert_int_equal(gw_selection_read(capture_text_memfd(text), "x", &selection, &model, &diag),
                     -GW_E_NOT_FOUND);
    assert_string_equal(diag.why, "its threads are t\\x1b0, t\\x1b2, t\\x1b4, t\\x1b6, t\\x1b8, "
                                  "t\\x1b10 and 6 more");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_part_is_a_capture_of_its_ticks),
        cmocka_unit_test(test_two_parts_sum_to_the_whole),
        cmocka_unit_test(test_exact_times_between_blocks),
        cmocka_unit_test(test_exact_times_within_a_block_are_not_known),
        cmocka_unit_test(test_exact_times_need_those_of_before),
        cmocka_unit_test(test_counts_are_shared_out),
        cmocka_unit_test(test_a_part_knows_its_recording),
        cmocka_unit_test(test_times_from_the_end),
        cmocka_unit_test(test_a_tick_belongs_where_its_instant_is),
        cmocka_unit_test(test_nothing_there_is_an_error),
        cmocka_unit_test(test_a_stream_is_read_twice),
        cmocka_unit_test(test_threads_by_name_and_tid),
        cmocka_unit_test(test_what_is_hidden_is_still_counted),
        cmocka_unit_test(test_some_threads_of_a_part),
        cmocka_unit_test(test_each_pattern_has_to_match),
        cmocka_unit_test(test_an_error_names_some_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
