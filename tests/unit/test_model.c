/* SPDX-License-Identifier: Apache-2.0 */
/* Captures written as text, read into a model whose sums can be told by hand; and random ones,
 * summed tick by tick in the plainest way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/estimate.h"
#include "model/model.h"
#include "support/capture_text.h"

#define MS 1000000ull

/* Two workers and a hog in one process; stack 1 is build:86, 2 is handle:12, 3 is handle:14. */
static const char preamble[] = "header rate=1000 cpus=2\n"
                               "process 0 pid=100 python=3.12.1\n"
                               "thread 0 tid=100 name=hog\n"
                               "thread 1 tid=101 name=worker-1\n"
                               "thread 2 tid=102 name=worker-2\n"
                               "gil 0\n"
                               "function 1 build /srv/app/server.py 80\n"
                               "function 2 handle /srv/app/server.py 10\n"
                               "stack 1 0 1 86\nstack 2 0 2 12\nstack 3 0 2 14\n";

static struct gw_model *read_checked(const char *text)
{
    struct gw_model *model = NULL;
    struct gw_diag diag = {0};

    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, &diag), 0);
    if (gw_model_check(model, &diag) < 0)
        fail_msg("%s: %s", diag.what, diag.why);
    return model;
}

static struct gw_model *read_with_preamble(const char *rest)
{
    char text[8192];

    snprintf(text, sizeof text, "%s%s", preamble, rest);
    return read_checked(text);
}

/* Blame of a waiter on a holder in a stack's line; a line of 0 counts all. */
static uint64_t blame_ns(const struct gw_model *model, uint32_t waiter, uint32_t holder,
                         uint32_t line, unsigned kind)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (pair->waiter == waiter && pair->holder == holder && pair->kind == kind &&
            (line == 0 || model->stacks[pair->holder_stack].line == line))
            sum += pair->ns;
    }
    return sum;
}

static void test_wait_goes_to_who_holds_now(void **state)
{
    (void)state;
    struct gw_model *model =
        read_with_preamble("block start=1000 ticks=20 dt=1000000\n"
                           "track 0 0:gil-running:1 12:gil-wait:1\n"
                           "track 1 0:io-wait:2 2:gil-wait:2 12:gil-running:3\n"
                           "track 2 0:gil-wait:2 5:gil-wait:3\n"
                           "holders 0 switches=1 interval=5000 0:0 12:1 18:nobody 19:unknown\n"
                           "write\nend duration\n");

    assert_int_equal(model->n_threads, 3);
    assert_int_equal(model->threads[0].wait_ns, 8 * MS);
    assert_int_equal(model->threads[1].wait_ns, 10 * MS);
    assert_int_equal(model->threads[2].wait_ns, 20 * MS);
    assert_int_equal(blame_ns(model, 1, 0, 86, GW_BLAME_HELD), 10 * MS);
    assert_int_equal(blame_ns(model, 2, 0, 86, GW_BLAME_HELD), 12 * MS);
    assert_int_equal(blame_ns(model, 2, 1, 14, GW_BLAME_HELD), 6 * MS);
    assert_int_equal(blame_ns(model, 2, GW_NO_THREAD, 0, GW_BLAME_HANDOFF), 1 * MS);
    assert_int_equal(blame_ns(model, 2, GW_NO_THREAD, 0, GW_BLAME_UNKNOWN), 1 * MS);
    assert_int_equal(blame_ns(model, 0, 1, 14, GW_BLAME_HELD), 6 * MS);
    assert_int_equal(model->gils[0].held_ns, 18 * MS);
    assert_int_equal(model->gils[0].free_ns, 1 * MS);
    assert_int_equal(model->gils[0].unknown_ns, 1 * MS);
    assert_int_equal(model->gils[0].wait_ns, 38 * MS);
    assert_int_equal(model->gils[0].switches, 1);
    assert_int_equal(model->gils[0].switch_interval_us, 5000);
    assert_false(gw_model_incomplete(model));
    assert_int_equal(model->start_ns, 1000);
    assert_int_equal(model->end_ns, 1000 + 20 * MS);
    gw_model_free(model);
}

static void test_wait_behind_three_in_turn_is_split(void **state)
{
    (void)state;
    struct gw_model *model = read_checked("header rate=1000\nprocess 0 pid=1\n"
                                          "thread 0 tid=1\nthread 1 tid=2\nthread 2 tid=3\n"
                                          "thread 3 tid=4\ngil 0\n"
                                          "block start=0 ticks=15 dt=1000000\n"
                                          "track 0 0:gil-wait\n"
                                          "track 1 0:gil-running 5:gil-wait\n"
                                          "track 2 0:gil-wait 5:gil-running 10:gil-wait\n"
                                          "track 3 0:gil-wait 10:gil-running\n"
                                          "holders 0 0:1 5:2 10:3\nwrite\nend duration\n");

    for (uint32_t holder = 1; holder <= 3; holder++)
        assert_int_equal(blame_ns(model, 0, holder, 0, GW_BLAME_HELD), 5 * MS);
    gw_model_free(model);
}

static void test_a_waiter_is_never_its_own_holder(void **state)
{
    (void)state;
    struct gw_model *model = read_with_preamble("block start=0 ticks=4 dt=1000000\n"
                                                "track 1 0:gil-wait:2\n"
                                                "track 2 0:gil-handoff:2\n"
                                                "holders 0 0:1\nwrite\nend duration\n");

    assert_int_equal(blame_ns(model, 1, GW_NO_THREAD, 0, GW_BLAME_UNKNOWN), 4 * MS);
    assert_int_equal(blame_ns(model, 2, 1, 0, GW_BLAME_HELD), 4 * MS);
    gw_model_free(model);
}

static void test_holder_that_is_not_observed_has_no_stack(void **state)
{
    (void)state;
    struct gw_model *model = read_with_preamble("block start=0 ticks=10 dt=1000000\n"
                                                "track 0 end=6 3:gil-running:1\n"
                                                "track 1 0:gil-wait:2\n"
                                                "holders 0 1:0\nwrite\nend duration\n");

    assert_int_equal(blame_ns(model, 1, GW_NO_THREAD, 0, GW_BLAME_UNKNOWN), 1 * MS);
    assert_int_equal(blame_ns(model, 1, 0, 0, GW_BLAME_HELD), 9 * MS);
    assert_int_equal(blame_ns(model, 1, 0, 86, GW_BLAME_HELD), 3 * MS);
    assert_int_equal(model->threads[0].wall_ns, 3 * MS);
    gw_model_free(model);
}

static void test_without_holders_all_is_unknown(void **state)
{
    (void)state;
    struct gw_model *model = read_with_preamble("block start=0 ticks=4 dt=1000000\n"
                                                "track 1 0:gil-wait:2\nwrite\nend duration\n");

    assert_int_equal(blame_ns(model, 1, GW_NO_THREAD, 0, GW_BLAME_UNKNOWN), 4 * MS);
    gw_model_free(model);
}

static double variance_with(const char *quality)
{
    char text[256];
    snprintf(text, sizeof text,
             "block start=0 ticks=8 dt=1000000\n"
             "track 1 0:gil-wait:2 3:sleep:2\n"
             "holders 0 0:0\nquality %s\nwrite\nend duration\n",
             quality);
    struct gw_model *model = read_with_preamble(text);
    double variance = model->threads[1].wait_variance;
    gw_model_free(model);
    return variance;
}

static void test_a_disturbed_target_widens_the_interval(void **state)
{
    (void)state;
    double undisturbed = variance_with("displacing=7");
    assert_true(undisturbed > 0);
    assert_true(variance_with("displacing=8") == 2.25 * undisturbed);
}

static void test_gaps_and_stops_have_no_weight(void **state)
{
    (void)state;
    struct gw_model *model =
        read_with_preamble("block start=0 ticks=10 dt=1000000\n"
                           "gap 2 400000\n"
                           "track 0 0:gil-running:1 4:stopped:1 8:gil-running:1\n"
                           "track 1 0:gil-wait:2 4:stopped:2 8:gil-wait:2\n"
                           "holders 0 0:0\n"
                           "quality late=3 torn=4 dropped=5 displacing=8 stops=9 stopped=5000 "
                           "own_cpu=6000 rss=7000 rate=998.5\n"
                           "write\nend duration\n");

    assert_int_equal(model->threads[1].wait_ns, 6 * MS - 400000);
    assert_int_equal(model->threads[1].wall_ns, 6 * MS - 400000);
    assert_int_equal(model->threads[1].state_ns[GW_STATE_STOPPED], 4 * MS);
    assert_int_equal(model->threads[1].ticks, 6);
    assert_int_equal(model->gils[0].held_ns, 6 * MS - 400000);
    assert_int_equal(model->processes[0].live_ns, 6 * MS - 400000);
    assert_int_equal(model->quality.gap_ns, 400000);
    assert_int_equal(model->quality.ticks, 10);
    assert_int_equal(model->quality.late, 3);
    assert_int_equal(model->quality.torn, 4);
    assert_int_equal(model->quality.dropped, 5);
    assert_int_equal(model->quality.displacing, 8);
    assert_int_equal(model->quality.stops, 9);
    assert_int_equal(model->quality.stopped_ns, 5000);
    assert_int_equal(model->quality.own_cpu_ns, 6000);
    assert_int_equal(model->quality.max_rss_bytes, 7000);
    assert_true(model->quality.rate_hz > 998 && model->quality.rate_hz < 999);
    gw_model_free(model);
}

static void test_names_change_and_exact_figures_are_the_last(void **state)
{
    (void)state;
    struct gw_model *model = read_with_preamble("block start=0 ticks=4 dt=1000000\n"
                                                "track 1 cpu=1000 queue=20 0:native:2\nwrite\n"
                                                "thread 1 tid=101 name=renamed\n"
                                                "block start=4000000 ticks=4 dt=1000000\n"
                                                "track 1 cpu=3000 queue=50 0:native:2\nwrite\n"
                                                "end duration\n");

    assert_int_equal(model->n_threads, 3);
    assert_string_equal(gw_model_text(model, model->threads[1].name), "renamed");
    assert_true(model->threads[1].exact);
    assert_false(model->threads[0].exact);
    assert_int_equal(model->threads[1].cpu_ns, 3000);
    assert_int_equal(model->threads[1].run_queue_ns, 50);
    assert_int_equal(model->threads[1].state_ns[GW_STATE_NATIVE], 8 * MS);
    gw_model_free(model);
}

/* A keyframe repeats what is known; after a reset the same things have other ids. */
static void test_the_same_things_under_new_ids(void **state)
{
    (void)state;
    struct gw_model *model = read_with_preamble(
        "block start=0 ticks=4 dt=1000000\n"
        "track 0 0:gil-running:1\ntrack 1 0:gil-wait:2\nholders 0 0:0\nwrite\n"
        "process 0 pid=100 python=3.12.1\nthread 0 tid=100 name=hog\n"
        "thread 1 tid=101 name=worker-1\nthread 2 tid=102 name=worker-2\n"
        "gil 0\nfunction 1 build /srv/app/server.py 80\n"
        "function 2 handle /srv/app/server.py 10\n"
        "stack 1 0 1 86\nstack 2 0 2 12\nstack 3 0 2 14\nkeyframe\n"
        "reset\nprocess 0 pid=100 python=3.12.1\n"
        "function 1 handle /srv/app/server.py 10\nfunction 2 build /srv/app/server.py 80\n"
        "stack 1 0 1 12\nstack 2 0 2 86\n"
        "thread 0 tid=101 name=worker-1\nthread 1 tid=100 name=hog\ngil 5\n"
        "block start=4000000 ticks=6 dt=1000000\n"
        "track 1 0:gil-running:2:5\ntrack 0 0:gil-wait:1:5\nholders 5 0:1\nwrite\n"
        "end duration\n");

    assert_int_equal(model->n_threads, 3);
    assert_int_equal(model->n_gils, 1);
    assert_int_equal(model->n_stacks, 4);
    assert_int_equal(model->n_functions, 3);
    assert_int_equal(model->n_pairs, 1);
    assert_int_equal(blame_ns(model, 1, 0, 86, GW_BLAME_HELD), 10 * MS);
    assert_false(gw_model_incomplete(model));
    gw_model_free(model);
}

static void test_several_processes_and_gils(void **state)
{
    (void)state;
    struct gw_model *model = read_checked("header rate=1000\n"
                                          "process 0 pid=1\nprocess 1 pid=2 ppid=1\n"
                                          "process 2 pid=3 skipped=\"no Python\"\n"
                                          "thread 0 tid=1\nthread 1 process=1 tid=2\n"
                                          "thread 2 process=1 tid=3\nthread 3 process=1 tid=4\n"
                                          "gil 0\ngil 1 process=1\ngil 2 process=1 interpreter=1\n"
                                          "block process=0 start=0 ticks=5 dt=1000000\n"
                                          "track 0 0:gil-running\nholders 0 0:0\n"
                                          "block process=1 start=0 ticks=5 dt=1000000\n"
                                          "track 1 0:gil-running:0:1\ntrack 2 0:gil-wait:0:2\n"
                                          "track 3 0:gil-wait:0:1 2:gil-running:0:2\n"
                                          "holders 1 0:1\nholders 2 0:nobody 2:3\n"
                                          "write\nend duration\n");

    assert_int_equal(model->n_processes, 3);
    assert_true(model->processes[2].skipped);
    assert_int_equal(blame_ns(model, 3, 1, 0, GW_BLAME_HELD), 2 * MS);
    assert_int_equal(blame_ns(model, 2, 3, 0, GW_BLAME_HELD), 3 * MS);
    assert_int_equal(blame_ns(model, 2, GW_NO_THREAD, 0, GW_BLAME_HANDOFF), 2 * MS);
    assert_int_equal(model->gils[0].wait_ns, 0);
    assert_int_equal(model->gils[1].wait_ns, 2 * MS);
    assert_int_equal(model->gils[2].wait_ns, 5 * MS);
    gw_model_free(model);
}

/* What is wrong ends the reading there; what was before it stays. */
static void test_nonsense_is_refused_and_the_rest_kept(void **state)
{
    static const char *const nonsense[] = {
        "block start=4000000 ticks=4 dt=1000000\ntrack 9 0:gil-running:1\n",
        "block start=4000000 ticks=4 dt=1000000\ntrack 1 0:io-wait:77\n",
        "block start=4000000 ticks=4 dt=1000000\ntrack 1 0:gil-wait:1:3\n",
        "block start=4000000 ticks=4 dt=1000000\ntrack 1 4:io-wait:1\n",
        "block start=4000000 ticks=4 dt=1000000\ntrack 1 end=5 0:io-wait:1\n",
        "block start=4000000 ticks=4 dt=1000000\ntrack 1 end=2 2:io-wait:1\n",
        "block start=4000000 ticks=4 dt=1000000\ntrack 1 1:io-wait:1 1:gil-wait:1\n",
        "block start=4000000 ticks=4 dt=1000000\ntrack 1 0:io-wait:1\ntrack 1 0:io-wait:1\n",
        "block start=4000000 ticks=4 dt=1000000\nholders 0 0:9\n",
        "block start=4000000 ticks=4 dt=1000000\nholders 3 0:nobody\n",
        "block start=4000000 ticks=4 dt=1000000\nholders 0 0:1\nholders 0 0:1\n",
        "block start=4000000 ticks=4 dt=1000000\nholders 0 4:1\n",
        "block start=4000000 ticks=4 dt=1000000\ngap 4 1\n",
        "block start=4000000 ticks=4 dt=1000000\ngap 3 1000001\n",
        "block start=4000000 ticks=4 dt=0x7fffffffffffffff\n",
        "block start=3999999 ticks=4 dt=1000000\n",
        "block process=1 start=4000000 ticks=4 dt=1000000\n",
        "stack 5 0 1 1\n",
        "stack 4 4 1 1\n",
        "stack 4 0 9 1\n",
        "stack 0 0 1 1\n",
        "stack 3 0 2 15\n",
        "function 4 a b 1\n",
        "thread 1 tid=999\n",
        "thread 3 process=7 tid=103\n",
        "thread 0x7fffffff tid=103\n",
        "gil 1 process=7\n",
        "header rate=1000\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        char rest[1024];
        snprintf(rest, sizeof rest,
                 "block start=0 ticks=4 dt=1000000\ntrack 0 0:gil-running:1\n"
                 "track 1 0:gil-wait:2\nholders 0 0:0\nwrite\n%swrite\nend duration\n",
                 nonsense[i]);
        struct gw_model *model = read_with_preamble(rest);
        if (model->end.error != -GW_E_BAD_DATA || !gw_model_incomplete(model))
            fail_msg("taken: %s", nonsense[i]);
        assert_int_equal(model->threads[1].wait_ns, 4 * MS);
        assert_true(model->end.good_bytes > 16);
        gw_model_free(model);
    }
}

static void test_a_stack_too_deep_is_refused(void **state)
{
    static char text[GW_MODEL_MAX_DEPTH * 32];
    struct gw_model *model = NULL;
    size_t len = (size_t)snprintf(text, sizeof text, "header\nfunction 1 f f.py 1\n");

    (void)state;
    for (unsigned i = 1; i <= GW_MODEL_MAX_DEPTH; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "stack %u %u 1 1\n", i, i - 1);
    snprintf(text + len, sizeof text - len, "write\nend duration\n");
    model = read_checked(text);
    assert_int_equal(model->end.error, 0);
    assert_int_equal(model->stacks[GW_MODEL_MAX_DEPTH].depth, GW_MODEL_MAX_DEPTH);
    gw_model_free(model);

    snprintf(text + len, sizeof text - len, "stack %u %u 1 1\nwrite\nend duration\n",
             GW_MODEL_MAX_DEPTH + 1, GW_MODEL_MAX_DEPTH);
    model = read_checked(text);
    assert_int_equal(model->end.error, -GW_E_BAD_DATA);
    gw_model_free(model);
}

static void test_unknown_states_count_as_unknown(void **state)
{
    (void)state;
    struct gw_model *model =
        read_with_preamble("block start=0 ticks=4 dt=1000000\n"
                           "track 1 0:77:2 3:io-wait:2\nwrite\nend duration\n");

    assert_int_equal(model->threads[1].state_ns[GW_STATE_UNKNOWN], 3 * MS);
    assert_int_equal(model->threads[1].wall_ns, 4 * MS);
    gw_model_free(model);
}

static void test_without_end_it_is_incomplete(void **state)
{
    (void)state;
    struct gw_model *model = read_with_preamble("block start=0 ticks=4 dt=1000000\nwrite\n");

    assert_true(gw_model_incomplete(model));
    assert_int_equal(model->end.error, 0);
    gw_model_free(model);
}

static void test_what_is_no_capture_is_said_in_words(void **state)
{
    struct gw_model *model = NULL;
    struct gw_diag diag = {0};

    (void)state;
    assert_int_equal(gw_model_open("/nonexistent/x.gilwait", &model, &diag), -2);
    assert_string_equal(diag.what, "cannot open /nonexistent/x.gilwait");
    assert_int_equal(gw_model_open("/dev/null", &model, &diag), -GW_E_TRUNCATED);
    assert_non_null(strstr(diag.why, "empty"));
    assert_int_equal(gw_model_open("/proc/version", &model, &diag), -GW_E_NOT_CAPTURE);
    assert_int_equal(gw_model_read(capture_text_memfd(""), "x", &model, &diag), -GW_E_TRUNCATED);
    assert_int_equal(gw_model_read(capture_text_memfd("write\n"), "x", &model, &diag),
                     -GW_E_BAD_DATA);
    assert_null(model);
    gw_model_free(NULL);
}

/* ---- random captures against the plainest sum ------------------------------------------------ */

#define N_THREADS 5u
#define N_TICKS 40u
#define N_BLOCKS 4u
#define N_PLACES 4u

/* What each thread did and who held the GIL, tick by tick; thread N_THREADS: nobody, + 1: unknown.
 */
struct ticks {
    unsigned state[N_THREADS][N_TICKS];
    unsigned stack[N_THREADS][N_TICKS];
    unsigned holder[N_TICKS];
};

static unsigned random_below(uint64_t *seed, unsigned n)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(*seed >> 33) % n;
}

/* Changes are rare or frequent, so that runs of all lengths come up. */
static void roll(struct ticks *ticks, uint64_t *seed)
{
    unsigned stay = 1 + random_below(seed, 6);

    for (unsigned t = 0; t < N_TICKS; t++) {
        for (unsigned i = 0; i < N_THREADS; i++) {
            bool keep = t > 0 && random_below(seed, stay) != 0;
            ticks->state[i][t] = keep ? ticks->state[i][t - 1] : random_below(seed, GW_N_STATES);
            ticks->stack[i][t] = keep ? ticks->stack[i][t - 1] : random_below(seed, N_PLACES);
        }
        bool keep = t > 0 && random_below(seed, stay) != 0;
        ticks->holder[t] = keep ? ticks->holder[t - 1] : random_below(seed, N_THREADS + 2);
    }
}

static void print_block(FILE *out, const struct ticks *ticks, unsigned block)
{
    fprintf(out, "block start=%llu ticks=%u dt=1000000\n", block * N_TICKS * MS, N_TICKS);
    for (unsigned i = 0; i < N_THREADS; i++) {
        fprintf(out, "track %u", i);
        for (unsigned t = 0; t < N_TICKS; t++)
            if (t == 0 || ticks->state[i][t] != ticks->state[i][t - 1] ||
                ticks->stack[i][t] != ticks->stack[i][t - 1])
                fprintf(out, " %u:%s:%u", t, gw_state_name(ticks->state[i][t]), ticks->stack[i][t]);
        fprintf(out, "\n");
    }
    fprintf(out, "holders 0");
    for (unsigned t = 0; t < N_TICKS; t++) {
        if (t > 0 && ticks->holder[t] == ticks->holder[t - 1])
            continue;
        if (ticks->holder[t] < N_THREADS)
            fprintf(out, " %u:%u", t, ticks->holder[t]);
        else
            fprintf(out, " %u:%s", t, ticks->holder[t] == N_THREADS ? "nobody" : "unknown");
    }
    fprintf(out, "\nwrite\n");
}

/* By waiter, its stack and state; holder, its stack and state. */
struct plain_sums {
    uint64_t slice[N_THREADS][N_PLACES][GW_N_STATES];
    uint64_t held[N_THREADS][N_PLACES][GW_N_STATES][N_THREADS][N_PLACES][GW_N_STATES];
    uint64_t other[N_THREADS][N_PLACES][GW_N_STATES][GW_N_BLAME_KINDS];
};

static void sum_plainly(const struct ticks *ticks, struct plain_sums *sums)
{
    for (unsigned t = 0; t < N_TICKS; t++) {
        unsigned h = ticks->holder[t];
        for (unsigned i = 0; i < N_THREADS; i++) {
            unsigned state = ticks->state[i][t], stack = ticks->stack[i][t];
            sums->slice[i][stack][state] += MS;
            if (!gw_state_wants_gil(state))
                continue;
            if (h < N_THREADS && h != i)
                sums->held[i][stack][state][h][ticks->stack[h][t]][ticks->state[h][t]] += MS;
            else
                sums->other[i][stack][state]
                           [h == N_THREADS ? GW_BLAME_HANDOFF : GW_BLAME_UNKNOWN] += MS;
        }
    }
}

static void compare(const struct gw_model *model, struct plain_sums *sums)
{
    for (size_t i = 0; i < model->n_slices; i++) {
        const struct gw_model_slice *slice = &model->slices[i];
        uint64_t *plain = &sums->slice[slice->thread][slice->stack][slice->state];
        assert_int_equal(slice->ns, *plain);
        assert_int_equal(slice->ticks, *plain / MS);
        *plain = 0;
    }
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        uint64_t *plain =
            pair->kind == GW_BLAME_HELD
                ? &sums->held[pair->waiter][pair->waiter_stack][pair->waiter_state][pair->holder]
                             [pair->holder_stack][pair->holder_state]
                : &sums->other[pair->waiter][pair->waiter_stack][pair->waiter_state][pair->kind];
        assert_int_equal(pair->ns, *plain);
        *plain = 0;
    }
    /* All of it was met once. */
    for (size_t i = 0; i < sizeof *sums; i++)
        assert_int_equal(((const char *)sums)[i], 0);
}

static void test_random_captures_sum_as_tick_by_tick(void **state)
{
    static struct plain_sums sums;
    uint64_t seed = 20261123;

    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        fprintf(out, "header rate=1000\nprocess 0 pid=1\ngil 0\nfunction 1 f f.py 1\n"
                     "stack 1 0 1 1\nstack 2 1 1 2\nstack 3 2 1 3\n");
        for (unsigned i = 0; i < N_THREADS; i++)
            fprintf(out, "thread %u tid=%u\n", i, i + 1);
        memset(&sums, 0, sizeof sums);
        for (unsigned block = 0; block < N_BLOCKS; block++) {
            struct ticks ticks;
            roll(&ticks, &seed);
            print_block(out, &ticks, block);
            sum_plainly(&ticks, &sums);
        }
        fprintf(out, "end duration\n");
        fclose(out);
        struct gw_model *model = read_checked(text);
        compare(model, &sums);
        gw_model_free(model);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_goes_to_who_holds_now),
        cmocka_unit_test(test_wait_behind_three_in_turn_is_split),
        cmocka_unit_test(test_a_waiter_is_never_its_own_holder),
        cmocka_unit_test(test_holder_that_is_not_observed_has_no_stack),
        cmocka_unit_test(test_without_holders_all_is_unknown),
        cmocka_unit_test(test_a_disturbed_target_widens_the_interval),
        cmocka_unit_test(test_gaps_and_stops_have_no_weight),
        cmocka_unit_test(test_names_change_and_exact_figures_are_the_last),
        cmocka_unit_test(test_the_same_things_under_new_ids),
        cmocka_unit_test(test_several_processes_and_gils),
        cmocka_unit_test(test_nonsense_is_refused_and_the_rest_kept),
        cmocka_unit_test(test_a_stack_too_deep_is_refused),
        cmocka_unit_test(test_unknown_states_count_as_unknown),
        cmocka_unit_test(test_without_end_it_is_incomplete),
        cmocka_unit_test(test_what_is_no_capture_is_said_in_words),
        cmocka_unit_test(test_random_captures_sum_as_tick_by_tick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
