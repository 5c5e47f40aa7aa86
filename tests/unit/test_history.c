/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/random.h"
#include "sample/history.h"

#define MS 1000000ull
#define START (1000 * MS)

/* One thread, looked at once a millisecond. */
struct world {
    struct gw_history *history;
    struct gw_track track;
};

static void start(struct world *world, size_t n_ticks)
{
    *world = (struct world){.history = gw_history_new(n_ticks)};
    assert_non_null(world->history);
}

static void finish(struct world *world)
{
    gw_history_free(world->history);
}

static void tick(struct world *world)
{
    uint64_t n = gw_history_end(world->history);
    struct gw_tick at = {.at_ns = START + n * MS, .dt_ns = MS};
    assert_int_equal(gw_history_add_tick(world->history, at), n);
}

static void add(struct world *world, enum gw_state on_cpu, enum gw_state queued, unsigned flags)
{
    struct gw_entry entry = {
        .on_cpu = (uint8_t)on_cpu, .queued = (uint8_t)queued, .flags = (uint8_t)flags};
    assert_true(gw_track_add(world->history, &world->track, entry));
}

/* n ticks at which the thread was runnable and had no entry in the run queue to show for it. */
static void runnable_for(struct world *world, unsigned n, enum gw_state queued, unsigned flags)
{
    for (unsigned i = 0; i < n; i++) {
        tick(world);
        add(world, GW_STATE_NATIVE, queued, GW_ENTRY_DOUBT | flags);
    }
}

/* A tick that finds the line changed; the thread is runnable again, or still. */
static void line_changes(struct world *world, uint64_t queue_ns)
{
    tick(world);
    gw_track_settle(world->history, &world->track, queue_ns, 0);
    add(world, GW_STATE_NATIVE, GW_STATE_GIL_HANDOFF, GW_ENTRY_DOUBT | GW_ENTRY_SOFT);
}

static enum gw_state state_at(const struct world *world, uint64_t at)
{
    const struct gw_entry *entry = gw_track_at(&world->track, at);
    assert_non_null(entry);
    assert_false(entry->flags & GW_ENTRY_DOUBT);
    return gw_entry_state(entry);
}

static unsigned count(const struct world *world, uint64_t begin, uint64_t end, enum gw_state state)
{
    unsigned n = 0;
    for (; begin < end; begin++)
        n += state_at(world, begin) == state;
    return n;
}

/* On a CPU, then queued: the line changes in between, and again when there is a CPU. */
static void stretch_of_some_ticks(void **state)
{
    (void)state;
    static const double parts[] = {0.001, 0.25, 0.5, 0.999};
    for (unsigned queued = 2; queued <= 10; queued++) {
        for (int i = 0; i < 16; i++) {
            struct world world;
            start(&world, 100);
            runnable_for(&world, 10 - queued, GW_STATE_CPU_WAIT, 0);
            assert_int_equal(gw_track_first_doubt(&world.track), queued < 10 ? 0 : UINT64_MAX);
            tick(&world);
            gw_track_settle(world.history, &world.track, 0, parts[i % 4]);
            add(&world, GW_STATE_NATIVE, GW_STATE_CPU_WAIT, GW_ENTRY_DOUBT);
            runnable_for(&world, queued - 1, GW_STATE_CPU_WAIT, 0);
            tick(&world);
            /* It began at some time before the first of these ticks, ended after the last. */
            double length = queued - 1 + 2 * parts[i / 4];
            gw_track_settle(world.history, &world.track, (uint64_t)(length * (double)MS),
                            parts[i % 4]);
            assert_int_equal(gw_track_first_doubt(&world.track), UINT64_MAX);
            assert_int_equal(count(&world, 0, 10 - queued, GW_STATE_NATIVE), 10 - queued);
            assert_int_equal(count(&world, 10 - queued, 10, GW_STATE_CPU_WAIT), queued);
            finish(&world);
        }
    }
}

/* A part of a period counts as often as it is long. */
static void stretch_shorter_than_a_period(void **state)
{
    (void)state;
    static const double lengths[] = {0.01, 0.3, 0.5, 0.9};
    enum { N = 200 };
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        unsigned n_queued = 0;
        for (unsigned i = 0; i < N; i++) {
            struct world world;
            start(&world, 100);
            runnable_for(&world, 10, GW_STATE_CPU_WAIT, 0);
            tick(&world);
            gw_track_settle(world.history, &world.track, (uint64_t)(lengths[l] * (double)MS),
                            (double)i / N);
            assert_int_equal(count(&world, 0, 9, GW_STATE_NATIVE), 9);
            n_queued += count(&world, 9, 10, GW_STATE_CPU_WAIT);
            finish(&world);
        }
        assert_true(fabs((double)n_queued / N - lengths[l]) < 0.006);
    }
}

/* It slept, woke and stood in the queue before it was looked at again. */
static void asleep_and_woken(void **state)
{
    (void)state;
    static const struct {
        uint64_t queue_ns;
        uint64_t from; /* first tick that was queued; 10: none */
    } cases[] = {{0, 10}, {MS / 2, 10}, {MS, 9}, {3 * MS, 7}, {9 * MS, 1}, {50 * MS, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        start(&world, 100);
        tick(&world);
        add(&world, GW_STATE_GIL_WAIT, GW_STATE_GIL_HANDOFF, 0);
        for (int t = 1; t <= 10; t++)
            tick(&world);
        gw_track_settle(world.history, &world.track, cases[i].queue_ns, 0);
        add(&world, GW_STATE_GIL_RUNNING, GW_STATE_GIL_QUEUED, 0);
        assert_int_equal(count(&world, 0, 10, GW_STATE_GIL_WAIT), cases[i].from);
        assert_int_equal(count(&world, cases[i].from, 10, GW_STATE_GIL_HANDOFF),
                         10 - cases[i].from);
        assert_int_equal(state_at(&world, 10), GW_STATE_GIL_RUNNING);
        finish(&world);
    }
}

/* That a run began with the GIL counts until it is seen to run without. */
static void native_run_ends_the_credit(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100);
    runnable_for(&world, 5, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT);
    line_changes(&world, 5 * MS); /* at tick 5: it was queued */
    assert_int_equal(count(&world, 0, 5, GW_STATE_GIL_HANDOFF), 5);
    runnable_for(&world, 3, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT);
    line_changes(&world, 0); /* at tick 9: it ran, and lost its CPU */
    assert_int_equal(count(&world, 5, 9, GW_STATE_NATIVE), 4);
    runnable_for(&world, 3, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT);
    tick(&world); /* what is proven on its own stands */
    add(&world, GW_STATE_GIL_HANDOFF, GW_STATE_GIL_HANDOFF, GW_ENTRY_DOUBT);
    line_changes(&world, 5 * MS);
    assert_int_equal(count(&world, 9, 13, GW_STATE_CPU_WAIT), 4);
    assert_int_equal(state_at(&world, 13), GW_STATE_GIL_HANDOFF);
    finish(&world);
}

/* Once it slept, or held the GIL again, it is another run with a credit of its own. */
static void another_run_has_its_own_credit(void **state)
{
    (void)state;
    static const struct gw_entry between[] = {
        {.on_cpu = GW_STATE_IO_WAIT, .queued = GW_STATE_CPU_WAIT},
        {.on_cpu = GW_STATE_GIL_RUNNING, .queued = GW_STATE_GIL_QUEUED, .flags = GW_ENTRY_DOUBT},
    };
    for (int i = 0; i < 2; i++) {
        struct world world;
        start(&world, 100);
        runnable_for(&world, 3, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT);
        tick(&world);
        gw_track_settle(world.history, &world.track, 0, 0);
        assert_true(gw_track_add(world.history, &world.track, between[i]));
        line_changes(&world, 0);
        line_changes(&world, 2 * MS);
        assert_int_equal(state_at(&world, 4), GW_STATE_GIL_HANDOFF);
        finish(&world);
    }
}

static void what_never_got_a_cpu(void **state)
{
    (void)state;
    struct world world;
    start(&world, 200);
    runnable_for(&world, 100, GW_STATE_CPU_WAIT, 0);
    gw_track_give_up(&world.track, 49);
    assert_int_equal(count(&world, 0, 50, GW_STATE_CPU_WAIT), 50);
    assert_int_equal(gw_track_first_doubt(&world.track), 50);
    tick(&world);
    gw_track_settle(world.history, &world.track, 0, 0);
    assert_int_equal(count(&world, 0, 50, GW_STATE_CPU_WAIT), 50); /* settled for good */
    assert_int_equal(count(&world, 50, 100, GW_STATE_NATIVE), 50);
    finish(&world);
}

/* A thread whose true schedule is known: it runs and queues for random times, and its line is that
 * of the kernel: queue time is added when it gets a CPU, CPU time when it loses it. */
static void known_schedule(void **state)
{
    (void)state;
    struct world world;
    uint64_t random = 1, clock = START, true_queued = 0, change = START;
    uint64_t cpu = 0, queue = 0, seen_cpu = 0, seen_queue = 0, length = 0;
    bool queued = false;
    unsigned n_queued = 0;
    enum { N = 100000 };
    start(&world, N + 10);
    for (unsigned t = 0; t < N; t++, clock += MS) {
        for (; change <= clock; change += length) {
            if (queued)
                queue += length;
            else
                cpu += length;
            true_queued += queued ? length : 0;
            queued = !queued;
            length = 1 + (uint64_t)(gw_random_unit(&random) * (queued ? 3.0 : 7.0) * (double)MS);
        }
        tick(&world);
        if (cpu != seen_cpu || queue != seen_queue)
            gw_track_settle(world.history, &world.track, queue - seen_queue,
                            gw_random_unit(&random));
        seen_cpu = cpu;
        seen_queue = queue;
        add(&world, GW_STATE_NATIVE, GW_STATE_CPU_WAIT, GW_ENTRY_DOUBT);
    }
    gw_track_settle(world.history, &world.track, 0, 0);
    struct gw_track_cursor cursor = {0};
    for (const struct gw_entry *entry; (entry = gw_track_next(&world.track, &cursor));)
        n_queued += gw_entry_state(entry) == GW_STATE_CPU_WAIT;
    double expected = (double)true_queued / (double)MS;
    assert_true(expected > 0.2 * N);
    assert_true(fabs(n_queued - expected) < 0.005 * expected);
    finish(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stretch_of_some_ticks),
        cmocka_unit_test(stretch_shorter_than_a_period),
        cmocka_unit_test(asleep_and_woken),
        cmocka_unit_test(native_run_ends_the_credit),
        cmocka_unit_test(another_run_has_its_own_credit),
        cmocka_unit_test(what_never_got_a_cpu),
        cmocka_unit_test(known_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
