/* SPDX-License-Identifier: Apache-2.0 */
/* Each finding from a capture made for it, the bound by hand, and the words. Verdicts on larger
 * captures stand in tests/golden. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/capture_text.h"
#include "verdict.h"
#include "verdict_words.h"

/* A second of four threads on two CPUs. */
static const char preamble[] =
    "header rate=1000 cpus=2\nprocess 0 pid=1\n"
    "thread 0 tid=1 name=hog\nthread 1 tid=2 name=w1\n"
    "thread 2 tid=3 name=w2\nthread 3 tid=4 name=w3\ngil 0\n"
    "function 1 run /srv/t.py 1\nfunction 2 spin /srv/h.py 10\nfunction 3 post /srv/bank.py 5\n"
    "function 4 Condition.wait /usr/lib/python3.12/threading.py 300\n"
    "stack 1 0 1 2\nstack 2 1 2 11\nstack 3 1 3 7\nstack 4 1 4 355\n"
    "block start=0 ticks=1000 dt=1000000\n";

struct world {
    struct gw_model *model;
    struct gw_losses *losses;
    struct gw_verdict verdict;
    struct gw_verdict_words words;
};

static void judge_model(struct world *world)
{
    world->losses = gw_losses_new(world->model);
    assert_non_null(world->losses);
    assert_int_equal(gw_verdict_find(world->model, world->losses, &world->verdict), 0);
    assert_int_equal(
        gw_verdict_words_init(&world->words, world->model, world->losses, &world->verdict), 0);
}

static struct world judge(const char *rest)
{
    struct world world = {0};
    char text[20480];

    snprintf(text, sizeof text, "%s%swrite\nend duration\n", preamble, rest);
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &world.model, NULL), 0);
    judge_model(&world);
    return world;
}

static void drop(struct world *world)
{
    gw_verdict_words_fini(&world->words);
    gw_losses_free(world->losses);
    gw_model_free(world->model);
}

static void assert_line(const struct gw_verdict_lines *lines, const char *expected)
{
    for (size_t i = 0; i < lines->n; i++)
        if (strcmp(lines->text[i], expected) == 0)
            return;
    for (size_t i = 0; i < lines->n; i++)
        print_error("  %s\n", lines->text[i]);
    fail_msg("no such line: %s", expected);
}

/* The finding and the sentence, and one line of evidence and of remedies where they are given. */
static void assert_verdict(const char *rest, const char *finding, const char *sentence,
                           const char *evidence, const char *remedy)
{
    struct world world = judge(rest);

    assert_string_equal(gw_finding_name(world.verdict.finding), finding);
    assert_string_equal(world.words.sentence, sentence);
    if (evidence)
        assert_line(&world.words.evidence, evidence);
    if (remedy)
        assert_line(&world.words.remedies, remedy);
    drop(&world);
}

static void test_culprit(void **state)
{
    (void)state;
    assert_verdict("track 0 0:gil-running:2\ntrack 1 0:gil-wait:1 500:io-wait:1\n"
                   "track 2 0:io-wait:1\nholders 0 interval=5000 0:0\n",
                   "culprit", "The GIL is the problem: 1 thread waits for it while `hog` has it.",
                   "`hog` had the GIL for 100 % of its time and waited for it for 0.0 %; of 1 time "
                   "that it was seen to let go, 1 was forced.",
                   "Move spin (srv/h.py:11) to a process, or make it release the GIL: it causes "
                   "0.500 s of the 0.500 s lost.");
}

/* `turns` times: w1 wants the GIL for `wait` ticks, has it for one, and does I/O for `io` ticks;
 * the hog has it all the other time and wants it back at once. */
static char *write_convoy(unsigned turns, unsigned wait, unsigned io)
{
    static char text[16384];
    static const char *const tracks[] = {"track 0 0:gil-running:2", "track 1",
                                         "holders 0 switches=40 interval=5000 0:0"};
    size_t len = 0;

    for (unsigned track = 0; track < 3; track++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", tracks[track]);
        for (unsigned i = 0; i < turns; i++) {
            unsigned begin = i * (wait + 1 + io), has = begin + wait, end = has + 1;
            if (track == 0)
                len += (size_t)snprintf(text + len, sizeof text - len,
                                        " %u:gil-wait:2 %u:gil-running:2", has, end);
            else if (track == 1)
                len += (size_t)snprintf(text + len, sizeof text - len,
                                        " %u:gil-wait:1 %u:gil-running:1 %u:io-wait:1", begin, has,
                                        end);
            else
                len += (size_t)snprintf(text + len, sizeof text - len, " %u:1 %u:0", has, end);
        }
        len += (size_t)snprintf(text + len, sizeof text - len, "\n");
    }
    return text;
}

static void test_convoy(void **state)
{
    struct world world = judge(write_convoy(20, 5, 14));

    (void)state;
    assert_string_equal(
        world.words.sentence,
        "The GIL is part of the problem, in a convoy: 1 I/O thread pays 5.0 ms per call "
        "because `hog` never lets go by itself.");
    assert_string_equal(gw_finding_name(world.verdict.finding), "convoy");
    assert_line(&world.words.evidence,
                "`hog` had the GIL for 98 % of its time and waited for it for 2.0 %; of 20 times "
                "that it was seen to let go, 20 were forced.");
    assert_line(&world.words.evidence,
                "20 waits were seen, of 5.0 ms on average; the switch interval is 5.0 ms.");
    /* Of 1000 ms it waits 100, which become 20: in 920 ms it does the same. */
    assert_line(
        &world.words.remedies,
        "sys.setswitchinterval(0.001): each wait takes about 1.0 ms instead of 5.0 ms, and "
        "they lose at best 2.2 % of their time instead of 10 %. It computes nothing faster: "
        "the GIL changes hands about 43 times a second instead of 40.");
    drop(&world);
}

/* Waits of six switch intervals: the holder is asked to let go, and does not. */
static void test_a_holder_that_does_not_hear(void **state)
{
    struct world world = judge(write_convoy(10, 30, 69));

    (void)state;
    assert_string_equal(gw_finding_name(world.verdict.finding), "culprit");
    assert_line(&world.words.remedies,
                "A smaller switch interval gains nothing: the holder does not let go when it is "
                "asked, as C code that keeps the GIL.");
    drop(&world);
}

/* Waits much shorter than the interval: nobody was made to let go. */
static void test_short_waits_are_no_convoy(void **state)
{
    struct world world = judge(write_convoy(40, 2, 22));

    (void)state;
    assert_string_equal(gw_finding_name(world.verdict.finding), "culprit");
    assert_int_equal(world.verdict.latency.effect, GW_LATENCY_UNTOLD);
    drop(&world);
}

static void test_a_small_loss_is_part_of_the_problem(void **state)
{
    (void)state;
    assert_verdict("track 0 0:gil-running:2\ntrack 1 0:gil-wait:1 100:io-wait:1\nholders 0 0:0\n",
                   "culprit",
                   "The GIL is part of the problem: 1 thread waits for it while `hog` has it.",
                   "Their time: 90 % waiting on I/O, 10 % waiting for the GIL.", NULL);
}

static void test_in_turn(void **state)
{
    (void)state;
    assert_verdict("track 0 0:gil-running:2 500:gil-wait:2\n"
                   "track 1 0:gil-wait:2 500:gil-running:2\nholders 0 0:0 500:1\n",
                   "in-turn",
                   "The GIL is the problem: 2 threads want to run Python code at once, and it "
                   "lets one.",
                   "The GIL was busy 100 % of the time; on average 1.0 threads waited for it.",
                   "Move spin (srv/h.py:11) to a pool of processes, or make it release the GIL: "
                   "threads cannot run it side by side.");
}

static void test_blocked_holder(void **state)
{
    struct world world = judge("track 0 0:gil-blocked:3 900:gil-running:2\n"
                               "track 1 0:gil-wait:1\nholders 0 0:0\n");

    (void)state;
    assert_string_equal(world.words.sentence,
                        "The GIL is the problem: `hog` sleeps with it in post (srv/bank.py:7), "
                        "which is almost always a bug.");
    assert_line(&world.words.evidence, "While they waited, its holder ran 10 %, slept 90 % of the "
                                       "time.");
    assert_false(gw_verdict_has_bound(&world.verdict));
    drop(&world);
}

static void test_a_holder_that_nobody_saw(void **state)
{
    (void)state;
    assert_verdict("track 1 0:gil-wait:1 500:io-wait:1\nholders 0 0:unknown\n", "holder-unknown",
                   "The GIL is the problem: threads wait for it, but who held it meanwhile could "
                   "not be told.",
                   NULL, NULL);
}

static void test_a_holder_without_a_cpu(void **state)
{
    (void)state;
    assert_verdict("track 0 cpu=300000000 queue=700000000 0:gil-running:2 300:gil-queued:2\n"
                   "track 1 cpu=0 queue=0 0:gil-wait:1\nholders 0 0:0\n",
                   "starved",
                   "The GIL is not the first problem: its holder itself waits for a CPU while the "
                   "others wait for the GIL. The machine or the container is short of CPUs.",
                   "All threads together used 0.30 of 2 CPUs, and were queued for one for 70 % of "
                   "the time they wanted one.",
                   NULL);
}

static void test_starved_without_gil_wait(void **state)
{
    (void)state;
    assert_verdict("track 0 cpu=400000000 queue=600000000 0:native:2 400:cpu-wait:2\n"
                   "track 1 0:io-wait:1\nholders 0 0:nobody\n",
                   "starved",
                   "The GIL is not your problem: the threads wait for a CPU. The machine or the "
                   "container is short of them.",
                   NULL, NULL);
}

static void test_one_hot_thread(void **state)
{
    (void)state;
    assert_verdict("track 0 cpu=990000000 queue=0 0:gil-running:2\ntrack 1 0:lock-wait:4\n"
                   "track 2 0:io-wait:1\nholders 0 0:0\n",
                   "hot-thread",
                   "The GIL is not your problem: one thread, `hog`, keeps one CPU busy, and no "
                   "other wants to run meanwhile.",
                   "`hog` was on a CPU or queued for one for 99 % of its time.", NULL);
}

static void test_all_cpus(void **state)
{
    (void)state;
    assert_verdict("track 0 cpu=990000000 queue=0 0:native:2\n"
                   "track 1 cpu=990000000 queue=0 0:native:2\nholders 0 0:nobody\n",
                   "all-cpus", "The GIL is not your problem: the threads keep all CPUs busy.",
                   "All threads together used 1.98 of 2 CPUs.", NULL);
}

static void test_lock(void **state)
{
    (void)state;
    assert_verdict("track 0 0:sleep:3\ntrack 1 0:lock-wait:3\ntrack 2 0:lock-wait:3\n"
                   "track 3 0:lock-wait:4\nholders 0 0:nobody\n",
                   "lock",
                   "The GIL is not your problem: the threads wait for a lock of the program's own.",
                   "Waits for a lock: 100 % of them in post (srv/bank.py:7).",
                   "Hold the lock for a shorter time, or have more than one of them.");
}

/* Threads that wait for work wait for a lock too, as the kernel sees it. */
static void test_idle(void **state)
{
    (void)state;
    assert_verdict("track 0 0:sleep:1\ntrack 1 0:lock-wait:4\ntrack 2 0:lock-wait:4\n"
                   "holders 0 0:nobody\n",
                   "idle", "The GIL is not your problem: the threads have nothing to do.", NULL,
                   NULL);
}

static void test_io(void **state)
{
    (void)state;
    assert_verdict("track 0 cpu=50000000 queue=0 0:io-wait:1 950:gil-running:1\n"
                   "track 1 0:io-wait:1\ntrack 2 0:lock-wait:4\nholders 0 0:nobody 950:0\n",
                   "io", "The GIL is not your problem: the threads wait for I/O.",
                   "Waits for I/O: 100 % of them in run (srv/t.py:2).", NULL);
    assert_verdict("track 1 0:io-wait:1\nholders 0 0:nobody\n", "io",
                   "The GIL is not your problem: the threads wait for I/O, or for somebody to ask "
                   "something of them.",
                   NULL, NULL);
}

static void test_nothing_stands_out(void **state)
{
    (void)state;
    assert_verdict("track 0 0:io-wait:1 400:gil-running:2\ntrack 1 0:unknown:1\n"
                   "holders 0 0:nobody 400:0\n",
                   "innocent",
                   "The GIL is not your problem: little time is lost to it, and nothing else "
                   "stands out.",
                   NULL, NULL);
}

static void test_nothing_and_no_gil(void **state)
{
    (void)state;
    assert_verdict("", "nothing-sampled", "There is nothing to tell: no thread was observed.", NULL,
                   NULL);
    struct gw_model *model = NULL;
    struct gw_verdict verdict;
    assert_int_equal(gw_model_read(capture_text_memfd("header cpus=2\nprocess 0 pid=1 ft=1\n"
                                                      "thread 0 tid=1\n"
                                                      "block start=0 ticks=10 dt=1000000\n"
                                                      "track 0 0:python-running\nwrite\n"),
                                   "test", &model, NULL),
                     0);
    struct gw_losses *losses = gw_losses_new(model);
    assert_non_null(losses);
    assert_int_equal(gw_verdict_find(model, losses, &verdict), 0);
    assert_int_equal(verdict.finding, GW_FINDING_NO_GIL);
    assert_false(gw_verdict_has_bound(&verdict));
    gw_losses_free(losses);
    gw_model_free(model);
}

static void assert_bound(const char *rest, double speed_up, double demand_s)
{
    struct world world = judge(rest);

    /* The upper end of the waits' 95 % intervals makes it a little more. */
    if (fabs(world.verdict.bound.speed_up - speed_up) > 0.01 ||
        fabs(world.verdict.bound.demand_ns / 1e9 - demand_s) > 0.01)
        fail_msg("speed up %g, demand %g", world.verdict.bound.speed_up,
                 world.verdict.bound.demand_ns / 1e9);
    drop(&world);
}

static void test_bound(void **state)
{
    (void)state;
    /* One alone gains nothing, however much it waits for other things. */
    assert_bound("track 0 cpu=500000000 queue=0 0:gil-running:2 500:io-wait:1\n"
                 "holders 0 0:0 500:nobody\n",
                 1, 0.5);
    /* Two that take turns would both run all the time: 2 CPUs' worth, and there are 2. */
    assert_bound("track 0 cpu=500000000 queue=0 0:gil-running:2 500:gil-wait:2\n"
                 "track 1 cpu=500000000 queue=0 0:gil-wait:2 500:gil-running:2\n"
                 "holders 0 0:0 500:1\n",
                 2, 2);
    /* Four would fill four CPUs, but there are 2. */
    assert_bound("track 0 cpu=250000000 queue=0 0:gil-running:2 250:gil-wait:2\n"
                 "track 1 cpu=250000000 queue=0 0:gil-wait:2 250:gil-running:2 500:gil-wait:2\n"
                 "track 2 cpu=250000000 queue=0 0:gil-wait:2 500:gil-running:2 750:gil-wait:2\n"
                 "track 3 cpu=250000000 queue=0 0:gil-wait:2 750:gil-running:2\n"
                 "holders 0 0:0 250:1 500:2 750:3\n",
                 2, 4);
    /* Of these, half of each turn goes by before the next one has the GIL: 2 CPUs instead of a half. */
    assert_bound("track 0 cpu=125000000 queue=0 0:gil-running:2 125:gil-wait:2\n"
                 "track 1 cpu=125000000 queue=0 0:gil-wait:2 250:gil-running:2 375:gil-wait:2\n"
                 "track 2 cpu=125000000 queue=0 0:gil-wait:2 500:gil-running:2 625:gil-wait:2\n"
                 "track 3 cpu=125000000 queue=0 0:gil-wait:2 750:gil-running:2 875:gil-wait:2\n"
                 "holders 0 0:0 125:nobody 250:1 375:nobody 500:2 625:nobody 750:3 875:nobody\n",
                 4, 4);
    /* A hog that never waits does no more; the thread that loses half its time does twice as much
     * of its tenth of a CPU: 1 + 0.2 of 1.1. */
    assert_bound("track 0 cpu=1000000000 queue=0 0:gil-running:2\n"
                 "track 1 cpu=100000000 queue=0 0:gil-wait:1 500:io-wait:1 900:native:1\n"
                 "holders 0 0:0\n",
                 1.2 / 1.1, 1.2);
    /* Two threads one after the other in time, each with its own half second. */
    assert_bound("track 0 cpu=500000000 queue=0 end=500 0:gil-running:2\n"
                 "track 1 cpu=250000000 queue=0 500:gil-wait:1 750:gil-running:1\n"
                 "holders 0 0:0 500:nobody 750:1\n",
                 1.0 / 0.75, 1.0);
}

/* No process, no thread, no CPU. */
static void test_empty_capture(void **state)
{
    struct world world = {0};

    (void)state;
    assert_int_equal(
        gw_model_read(capture_text_memfd("header rate=1000\nwrite\n"), "test", &world.model, NULL),
        0);
    judge_model(&world);
    assert_string_equal(gw_finding_name(world.verdict.finding), "nothing-sampled");
    assert_int_equal(world.words.evidence.n, 0);
    assert_int_equal(world.words.remedies.n, 0);
    assert_true(world.verdict.bound.speed_up == 1);
    drop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_culprit),
        cmocka_unit_test(test_convoy),
        cmocka_unit_test(test_a_holder_that_does_not_hear),
        cmocka_unit_test(test_short_waits_are_no_convoy),
        cmocka_unit_test(test_a_small_loss_is_part_of_the_problem),
        cmocka_unit_test(test_in_turn),
        cmocka_unit_test(test_blocked_holder),
        cmocka_unit_test(test_a_holder_that_nobody_saw),
        cmocka_unit_test(test_a_holder_without_a_cpu),
        cmocka_unit_test(test_starved_without_gil_wait),
        cmocka_unit_test(test_one_hot_thread),
        cmocka_unit_test(test_all_cpus),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_io),
        cmocka_unit_test(test_nothing_stands_out),
        cmocka_unit_test(test_nothing_and_no_gil),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_empty_capture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
