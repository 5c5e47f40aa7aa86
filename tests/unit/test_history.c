/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/random.h"
#include "sample/history.h"

#define US 1000ull
#define MS (1000 * US)
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

/* n ticks at which the thread was runnable, without the GIL. */
static void runnable_for(struct world *world, unsigned n, enum gw_state queued, unsigned flags)
{
    for (unsigned i = 0; i < n; i++) {
        tick(world);
        add(world, GW_STATE_NATIVE, queued, GW_ENTRY_DOUBT | flags);
    }
}

/* How the line grows when a thread gets a CPU, and when it loses it. */
static struct gw_growth got_cpu(uint64_t queued_ns)
{
    return (struct gw_growth){.queued_ns = queued_ns, .slices = 1};
}

static struct gw_growth lost_cpu(uint64_t ran_ns)
{
    return (struct gw_growth){.ran_ns = ran_ns};
}

/* A tick that finds the line changed. */
static void line_changes(struct world *world, struct gw_growth growth)
{
    tick(world);
    gw_track_settle(world->history, &world->track, &growth);
}

/* The same; the thread is runnable again, or still, and may want the GIL. */
static void line_changes_of_soft(struct world *world, struct gw_growth growth)
{
    line_changes(world, growth);
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

/* --- doubts -------------------------------------------------------------------------------- */

/* Ticks in doubt, one a millisecond, and how the line grows until a millisecond after the last:
 * what decides, where it can be by a growth that a rule further down takes for the opposite. */
struct rule {
    const char *what;
    unsigned n;                /* ticks in doubt */
    unsigned flags, last_flag; /* of all of them, and of the last one besides */
    bool holder;               /* of the GIL; otherwise in C code, without it */
    struct gw_growth growth;
    bool queued;
};

#define ALMOST_ONE 0.999999

static const struct rule rules[] = {
    {"no new slice", 3, .growth = {.ran_ns = 3 * MS}, .queued = false},
    {"no new slice, no CPU time", 1, .growth = {.queued_ns = 5 * MS}, .queued = false},
    {"no new slice, though it was said to be off its CPU", 1, GW_ENTRY_OFF,
     .growth = {.ran_ns = MS, .queued_ns = 5 * MS}, .queued = false},
    {"new slice without a queue", 1, .growth = {.ran_ns = MS, .slices = 1}, .queued = false},
    {"new slice without a queue, no CPU time", 1, .growth = {.slices = 1}, .queued = false},

    {"on its CPU", 1, GW_ENTRY_ON, .growth = {.ran_ns = US, .queued_ns = 5 * MS, .slices = 1},
     .queued = false},
    {"on its CPU at the last tick", 2, 0, GW_ENTRY_ON,
     .growth = {.ran_ns = US, .queued_ns = 5 * MS, .slices = 1}, .queued = false},
    {"on its CPU, no CPU time yet", 1, GW_ENTRY_ON, .growth = {.queued_ns = 5 * MS, .slices = 1},
     .queued = false},
    {"on its CPU, then off it", 2, GW_ENTRY_ON, GW_ENTRY_OFF,
     .growth = {.ran_ns = US, .queued_ns = 5 * MS, .slices = 1}, .queued = false},

    {"no CPU time before the slice", 3, .growth = {.queued_ns = US, .slices = 1, .lot = ALMOST_ONE},
     .queued = true},
    {"no CPU time before the slice, our CPU", 1, GW_ENTRY_OURS,
     .growth = {.queued_ns = US, .slices = 1, .ours_ns = 50 * US}, .queued = true},

    {"off its CPU", 1, GW_ENTRY_OFF,
     .growth = {.ran_ns = MS, .queued_ns = US, .slices = 1, .lot = ALMOST_ONE}, .queued = true},
    {"off its CPU at the last tick", 3, 0, GW_ENTRY_OFF,
     .growth = {.ran_ns = MS, .queued_ns = US, .slices = 1, .lot = ALMOST_ONE}, .queued = true},
    {"off its CPU, which is ours", 1, GW_ENTRY_OFF | GW_ENTRY_OURS,
     .growth = {.ran_ns = MS, .queued_ns = US, .slices = 1, .ours_ns = 50 * US}, .queued = true},

    {"our CPU, for as long as we took", 1, GW_ENTRY_OURS,
     .growth = {.ran_ns = US, .queued_ns = 50 * US, .slices = 1, .ours_ns = 50 * US},
     .queued = false},
    {"our CPU, for longer than we took", 1, GW_ENTRY_OURS,
     .growth = {.ran_ns = MS,
                .queued_ns = 50 * US + 1,
                .slices = 1,
                .ours_ns = 50 * US,
                .lot = ALMOST_ONE},
     .queued = false},
    {"our CPU, for longer than we took, the other lot", 1, GW_ENTRY_OURS,
     .growth = {.ran_ns = MS, .queued_ns = 50 * US + 1, .slices = 1, .ours_ns = 50 * US},
     .queued = true},
    {"our CPU, for much longer than we took", 1, GW_ENTRY_OURS,
     .growth = {.ran_ns = MS, .queued_ns = MS, .slices = 1, .ours_ns = 50 * US, .lot = 0.48},
     .queued = true},
    {"our CPU, for much longer than we took, the other lot", 1, GW_ENTRY_OURS,
     .growth = {.ran_ns = MS, .queued_ns = MS, .slices = 1, .ours_ns = 50 * US, .lot = 0.49},
     .queued = false},
    {"our CPU, and we took more than a period", 1, GW_ENTRY_OURS,
     .growth = {.ran_ns = US, .queued_ns = 2 * MS, .slices = 1, .ours_ns = 3 * MS},
     .queued = false},
    {"our CPU, at each of several ticks", 3, GW_ENTRY_OURS,
     .growth = {.ran_ns = MS, .queued_ns = 60 * US, .slices = 1, .ours_ns = 50 * US},
     .queued = true},
    {"our CPU, and it may want the GIL", 1, GW_ENTRY_OURS | GW_ENTRY_SOFT,
     .growth = {.ran_ns = US, .queued_ns = 50 * US, .slices = 1, .ours_ns = 50 * US},
     .queued = false},

    {"longer than since the last tick", 1,
     .growth = {.ran_ns = MS, .queued_ns = MS + 1, .slices = 1, .lot = ALMOST_ONE}, .queued = true},
    {"longer than since the last of several", 5,
     .growth = {.ran_ns = MS, .queued_ns = MS + 1, .slices = 1, .lot = ALMOST_ONE}, .queued = true},
    {"exactly since the last tick", 1,
     .growth = {.ran_ns = MS, .queued_ns = MS, .slices = 1, .lot = ALMOST_ONE}, .queued = false},

    {"ran for longer than since the last tick", 1,
     .growth = {.ran_ns = MS + 1, .queued_ns = MS, .slices = 1, .lot = 0}, .queued = false},
    {"ran for longer than since the last of several", 5,
     .growth = {.ran_ns = 5 * MS, .queued_ns = MS, .slices = 1, .lot = 0}, .queued = false},
    {"ran for longer, and it may want the GIL", 1, GW_ENTRY_SOFT,
     .growth = {.ran_ns = MS + 1, .queued_ns = MS, .slices = 1}, .queued = false},

    {"shorter than between the ticks", 2,
     .growth = {.ran_ns = US, .queued_ns = MS - 1, .slices = 1}, .queued = false},
    {"shorter than between the first and the last", 3,
     .growth = {.ran_ns = US, .queued_ns = MS, .slices = 1}, .queued = false},
    {"shorter, and it may want the GIL", 2, GW_ENTRY_SOFT,
     .growth = {.ran_ns = US, .queued_ns = MS - 1, .slices = 1}, .queued = false},
    {"ran for less than between the ticks", 2,
     .growth = {.ran_ns = MS - 1, .queued_ns = MS, .slices = 1, .lot = ALMOST_ONE}, .queued = true},
    {"ran for just as long, and queued likewise", 2,
     .growth = {.ran_ns = MS, .queued_ns = MS, .slices = 1, .lot = ALMOST_ONE}, .queued = false},

    {"undecided, and it may want the GIL", 1, GW_ENTRY_SOFT,
     .growth = {.ran_ns = MS, .queued_ns = US, .slices = 1, .lot = ALMOST_ONE}, .queued = true},
    {"undecided, and it may want the GIL at the last tick", 2, 0, GW_ENTRY_SOFT,
     .growth = {.ran_ns = MS, .queued_ns = MS, .slices = 1, .lot = ALMOST_ONE}, .queued = true},

    {"three of ten lots", 1,
     .growth = {.ran_ns = 700 * US, .queued_ns = 300 * US, .slices = 1, .lot = 0.299},
     .queued = true},
    {"seven of ten lots", 1,
     .growth = {.ran_ns = 700 * US, .queued_ns = 300 * US, .slices = 1, .lot = 0.301},
     .queued = false},
    {"three of ten lots, of a holder", 1, .holder = true,
     .growth = {.ran_ns = 700 * US, .queued_ns = 300 * US, .slices = 1, .lot = 0.299},
     .queued = true},
    {"seven of ten lots, of a holder", 1, .holder = true,
     .growth = {.ran_ns = 700 * US, .queued_ns = 300 * US, .slices = 1, .lot = 0.301},
     .queued = false},
};

static void check_rule(const struct rule *rule)
{
    enum gw_state on_cpu = rule->holder ? GW_STATE_GIL_RUNNING : GW_STATE_NATIVE;
    enum gw_state queued = rule->holder ? GW_STATE_GIL_QUEUED : GW_STATE_CPU_WAIT;
    struct world world;
    start(&world, 100);
    for (unsigned i = 0; i < rule->n; i++) {
        unsigned flags = GW_ENTRY_DOUBT | rule->flags | (i == rule->n - 1 ? rule->last_flag : 0);
        tick(&world);
        add(&world, on_cpu, queued, flags);
    }
    assert_int_equal(gw_track_first_doubt(&world.track), 0);
    line_changes(&world, rule->growth);
    assert_int_equal(gw_track_first_doubt(&world.track), UINT64_MAX);
    unsigned n_queued = count(&world, 0, rule->n, queued);
    if (n_queued != (rule->queued ? rule->n : 0) ||
        n_queued + count(&world, 0, rule->n, on_cpu) != rule->n)
        fail_msg("%s: of %u ticks %u were queued", rule->what, rule->n, n_queued);
    finish(&world);
}

static void what_settles_a_doubt(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        check_rule(&rules[i]);
}

/* On a CPU, then queued: the line changes in between, and again when there is a CPU. Nothing has to
 * be drawn, and what was settled before stays as it is. */
static void stretch_of_some_ticks(void **state)
{
    (void)state;
    for (unsigned queued = 1; queued <= 10; queued++) {
        struct world world;
        start(&world, 100);
        runnable_for(&world, 10 - queued, GW_STATE_CPU_WAIT, 0);
        line_changes(&world, lost_cpu((10 - queued) * MS));
        add(&world, GW_STATE_NATIVE, GW_STATE_CPU_WAIT, GW_ENTRY_DOUBT);
        assert_int_equal(gw_track_first_doubt(&world.track), 10 - queued);
        runnable_for(&world, queued - 1, GW_STATE_CPU_WAIT, 0);
        line_changes(&world, got_cpu(queued * MS));
        assert_int_equal(gw_track_first_doubt(&world.track), UINT64_MAX);
        assert_int_equal(count(&world, 0, 10 - queued, GW_STATE_NATIVE), 10 - queued);
        assert_int_equal(count(&world, 10 - queued, 10, GW_STATE_CPU_WAIT), queued);
        finish(&world);
    }
}

/* Only the ticks since the line changed last are in doubt: their flags and their length count. */
static void earlier_ticks_do_not_count(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100);
    runnable_for(&world, 5, GW_STATE_CPU_WAIT, GW_ENTRY_ON);
    line_changes(&world, lost_cpu(5 * MS));
    add(&world, GW_STATE_NATIVE, GW_STATE_CPU_WAIT, GW_ENTRY_DOUBT);
    line_changes(&world, (struct gw_growth){.ran_ns = US, .queued_ns = MS / 2, .slices = 1});
    assert_int_equal(count(&world, 0, 5, GW_STATE_NATIVE), 5);
    assert_int_equal(state_at(&world, 5), GW_STATE_CPU_WAIT);
    finish(&world);
}

/* A tick in doubt, `odds` to `odds` by CPU and run-queue time. True if it was queued. */
static bool draw(struct world *world, enum gw_state on_cpu, double lot)
{
    uint64_t at = gw_history_end(world->history);
    tick(world);
    add(world, on_cpu, GW_STATE_CPU_WAIT, GW_ENTRY_DOUBT);
    line_changes(
        world, (struct gw_growth){.ran_ns = MS / 2, .queued_ns = MS / 2, .slices = 1, .lot = lot});
    bool queued = state_at(world, at) == GW_STATE_CPU_WAIT;
    add(world, GW_STATE_SLEEP, GW_STATE_CPU_WAIT, 0);
    return queued;
}

/* A tick with the GIL, on a CPU or queued for one. */
static void held(struct world *world, bool queued)
{
    tick(world);
    add(world, GW_STATE_GIL_RUNNING, GW_STATE_GIL_QUEUED, GW_ENTRY_DOUBT);
    line_changes(world, queued ? got_cpu(MS) : lost_cpu(MS));
    add(world, GW_STATE_SLEEP, GW_STATE_CPU_WAIT, 0);
}

/* A tick without the GIL that is beyond doubt. */
static void decided(struct world *world, bool queued)
{
    tick(world);
    add(world, GW_STATE_NATIVE, GW_STATE_CPU_WAIT, GW_ENTRY_DOUBT);
    line_changes(world, queued ? got_cpu(MS) : lost_cpu(MS));
    add(world, GW_STATE_SLEEP, GW_STATE_CPU_WAIT, 0);
}

/* What it spends with the GIL does not count for what it does without. */
static void time_with_the_gil_is_left_out(void **state)
{
    (void)state;
    struct world world;
    start(&world, 1000);
    assert_true(draw(&world, GW_STATE_NATIVE, 0.499));
    assert_false(draw(&world, GW_STATE_NATIVE, 0.501));
    for (int i = 0; i < 100; i++) {
        held(&world, false);   /* nearly all CPU time, */
        decided(&world, true); /* and nearly no time in the queue */
    }
    assert_true(gw_track_hold_part(&world.track) > 0.98);
    assert_true(draw(&world, GW_STATE_NATIVE, 0.97));
    assert_true(draw(&world, GW_STATE_GIL_RUNNING, 0.499)); /* with the GIL it counts */
    assert_false(draw(&world, GW_STATE_GIL_RUNNING, 0.501));
    finish(&world);
}

/* Nor does the time in the queue on the way to the GIL count for that of a call that let go of it.
 */
static void time_on_the_way_to_the_gil_is_left_out(void **state)
{
    (void)state;
    struct world world;
    start(&world, 1000);
    for (int i = 0; i < 100; i++) {
        tick(&world);
        add(&world, GW_STATE_GIL_HANDOFF, GW_STATE_GIL_HANDOFF, GW_ENTRY_DOUBT);
        line_changes(&world, got_cpu(MS));
        add(&world, GW_STATE_SLEEP, GW_STATE_CPU_WAIT, 0);
        decided(&world, false);
    }
    assert_false(draw(&world, GW_STATE_NATIVE, 0.1));
    finish(&world);
}

static void native_threads_keep_even_odds(void **state)
{
    (void)state;
    struct world world;
    start(&world, 10000);
    for (int i = 0; i < 3000; i++)
        decided(&world, i % 3 != 0);
    assert_true(gw_track_hold_part(&world.track) == 0);
    assert_true(draw(&world, GW_STATE_NATIVE, 0.499));
    assert_false(draw(&world, GW_STATE_NATIVE, 0.501));
    finish(&world);
}

/* What it did long ago weighs less than what it did of late. */
static void the_past_fades(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100000);
    for (int i = 0; i < 10000; i++)
        held(&world, false);
    assert_true(gw_track_hold_part(&world.track) > 0.98);
    for (int i = 0; i < 10000; i++)
        decided(&world, false);
    assert_true(gw_track_hold_part(&world.track) < 0.2);
    finish(&world);
}

/* What a stop tells goes for all ticks since the line changed last, and for no others. */
static void what_a_stop_tells(void **state)
{
    (void)state;
    static const struct {
        enum gw_told told;
        unsigned flags; /* of the ticks in doubt */
        enum gw_state expected;
    } cases[] = {
        {GW_TOLD_NOTHING, GW_ENTRY_SOFT, GW_STATE_GIL_HANDOFF},
        {GW_TOLD_NOTHING, 0, GW_STATE_CPU_WAIT},
        {GW_TOLD_ELSEWHERE, GW_ENTRY_SOFT, GW_STATE_CPU_WAIT},
        {GW_TOLD_ELSEWHERE, 0, GW_STATE_CPU_WAIT},
        {GW_TOLD_WANTS_GIL, GW_ENTRY_SOFT, GW_STATE_GIL_HANDOFF},
        {GW_TOLD_WANTS_GIL, 0, GW_STATE_GIL_HANDOFF},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        enum gw_state queued =
            cases[i].flags & GW_ENTRY_SOFT ? GW_STATE_GIL_HANDOFF : GW_STATE_CPU_WAIT;
        start(&world, 100);
        runnable_for(&world, 2, GW_STATE_CPU_WAIT, 0);
        line_changes(&world, got_cpu(2 * MS));
        unsigned flags = cases[i].flags | GW_ENTRY_ASK;
        add(&world, GW_STATE_NATIVE, queued, GW_ENTRY_DOUBT | flags);
        runnable_for(&world, 2, queued, flags);
        runnable_for(&world, 1, queued, flags);          /* behind the stop */
        runnable_for(&world, 1, queued, cases[i].flags); /* beyond doubt for other reasons */
        gw_track_tell(world.history, &world.track, cases[i].told, START + 4 * MS);
        line_changes(&world, got_cpu(5 * MS));
        assert_int_equal(count(&world, 0, 2, GW_STATE_CPU_WAIT), 2);
        assert_int_equal(count(&world, 2, 5, cases[i].expected), 3);
        assert_int_equal(count(&world, 5, 7, queued), 2);
        finish(&world);
    }
}

/* What it was before it had the GIL is not told by what it was woken from behind it. */
static void a_stop_tells_nothing_of_the_time_before_a_hold(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100);
    runnable_for(&world, 1, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT | GW_ENTRY_ASK);
    tick(&world);
    add(&world, GW_STATE_GIL_RUNNING, GW_STATE_GIL_QUEUED, GW_ENTRY_DOUBT | GW_ENTRY_ASK);
    runnable_for(&world, 1, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT | GW_ENTRY_ASK);
    gw_track_tell(world.history, &world.track, GW_TOLD_ELSEWHERE, UINT64_MAX);
    line_changes(&world, got_cpu(3 * MS));
    assert_int_equal(state_at(&world, 0), GW_STATE_GIL_HANDOFF);
    assert_int_equal(state_at(&world, 1), GW_STATE_GIL_QUEUED);
    assert_int_equal(state_at(&world, 2), GW_STATE_CPU_WAIT);
    finish(&world);
}

/* The line says no more. What it did in its life tells the odds: nothing but running ... */
static void ran_to_its_end(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100);
    runnable_for(&world, 3, GW_STATE_CPU_WAIT, 0);
    tick(&world);
    gw_track_settle_ended(world.history, &world.track,
                          &(struct gw_growth){.ran_ns = MS, .lot = ALMOST_ONE});
    assert_int_equal(gw_track_first_doubt(&world.track), UINT64_MAX);
    assert_int_equal(count(&world, 0, 3, GW_STATE_NATIVE), 3);
    finish(&world);
}

/* ... but where it was on its CPU, or off it, by what was known, that stands. */
static void its_end_leaves_what_was_known(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct world world;
        start(&world, 100);
        runnable_for(&world, 3, GW_STATE_CPU_WAIT, on ? GW_ENTRY_ON : GW_ENTRY_OFF);
        tick(&world);
        gw_track_settle_ended(
            world.history, &world.track,
            &(struct gw_growth){.ran_ns = MS, .queued_ns = MS, .lot = on ? 0 : 1});
        assert_int_equal(count(&world, 0, 3, on ? GW_STATE_NATIVE : GW_STATE_CPU_WAIT), 3);
        finish(&world);
    }
}

/* Or queueing for three quarters of it. */
static void was_queued_before_its_end(void **state)
{
    (void)state;
    for (int queued = 0; queued < 2; queued++) {
        struct world world;
        start(&world, 100);
        runnable_for(&world, 3, GW_STATE_CPU_WAIT, 0);
        tick(&world);
        gw_track_settle_ended(
            world.history, &world.track,
            &(struct gw_growth){.ran_ns = MS, .queued_ns = 3 * MS, .lot = queued ? 0.749 : 0.751});
        assert_int_equal(gw_track_first_doubt(&world.track), UINT64_MAX);
        assert_int_equal(count(&world, 0, 3, GW_STATE_CPU_WAIT), queued ? 3 : 0);
        finish(&world);
    }
}

static void ended_asleep(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100);
    tick(&world);
    add(&world, GW_STATE_SLEEP, GW_STATE_CPU_WAIT, 0);
    for (int t = 1; t <= 5; t++)
        tick(&world);
    gw_track_settle_ended(world.history, &world.track, &(struct gw_growth){.ran_ns = MS});
    assert_int_equal(count(&world, 0, 5, GW_STATE_SLEEP), 5);
    finish(&world);
}

/* --- asleep and woken ---------------------------------------------------------------------- */

/* It slept from tick 0 on, woke and stood in the queue before it was looked at again at tick 10. It
 * got its CPU at 9 ms + lot * (1 ms - ran). */
static void asleep_and_woken(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct gw_growth growth;
        uint64_t from; /* first tick that was queued; 10: none */
    } cases[] = {
        {"not queued", {.slices = 1}, 10},
        {"no new slice", {.queued_ns = 5 * MS}, 10},
        {"CPU at tick 9, for a moment", {.queued_ns = 1, .slices = 1}, 9},
        {"CPU at tick 9, half a period", {.queued_ns = MS / 2, .slices = 1}, 9},
        {"CPU at tick 9, one period", {.queued_ns = MS, .slices = 1}, 8},
        {"CPU at tick 9, three periods", {.queued_ns = 3 * MS, .slices = 1}, 6},
        {"CPU at tick 9, less than three", {.queued_ns = 3 * MS - 1, .slices = 1}, 7},
        {"CPU at 9.5, half a period", {.queued_ns = MS / 2, .slices = 1, .lot = 0.5}, 9},
        {"CPU at 9.5, less than that", {.queued_ns = MS / 2 - 1, .slices = 1, .lot = 0.5}, 10},
        {"ran for all of a period", {.ran_ns = MS, .queued_ns = MS, .slices = 1, .lot = 0.9}, 8},
        {"ran for longer", {.ran_ns = 2 * MS, .queued_ns = MS, .slices = 1, .lot = 0.9}, 8},
        {"CPU at 9.3, ran 0.4",
         {.ran_ns = 400 * US, .queued_ns = 300 * US, .slices = 1, .lot = 0.5},
         9},
        {"CPU at 9.3, ran 0.4, queued for less",
         {.ran_ns = 400 * US, .queued_ns = 300 * US - 1, .slices = 1, .lot = 0.5},
         10},
        {"queued three times, a period each", {.queued_ns = 3 * MS, .slices = 3}, 6},
        {"queued three times, half a period each",
         {.queued_ns = 3 * MS / 2, .slices = 3, .lot = 0.25},
         8},
        {"since it fell asleep", {.queued_ns = 9 * MS, .slices = 1, .lot = 0.1}, 1},
        {"since before it fell asleep", {.queued_ns = 50 * MS, .slices = 1}, 1},
        {"since before there was a clock", {.queued_ns = 5 * START, .slices = 1}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        start(&world, 100);
        tick(&world);
        add(&world, GW_STATE_GIL_WAIT, GW_STATE_GIL_HANDOFF, 0);
        for (int t = 1; t < 10; t++)
            tick(&world);
        line_changes(&world, cases[i].growth);
        add(&world, GW_STATE_GIL_RUNNING, GW_STATE_GIL_QUEUED, 0);
        uint64_t from = 0;
        while (state_at(&world, from) == GW_STATE_GIL_WAIT)
            from++;
        if (from != cases[i].from)
            fail_msg("%s: queued from tick %d on", cases[i].what, (int)from);
        assert_int_equal(count(&world, from, 10, GW_STATE_GIL_HANDOFF), 10 - from);
        assert_int_equal(state_at(&world, 10), GW_STATE_GIL_RUNNING);
        finish(&world);
    }
}

/* The same, but its line was not read at ticks 5 to 9: what it ran in the meantime is made up for.
 * It ran until 9 ms + lot. */
static void woken_unseen(void **state)
{
    (void)state;
    static const struct {
        enum gw_state asleep, woken;
        struct gw_growth growth;
        uint64_t queued_from, ran_from; /* 10: not at all */
    } cases[] = {
        {GW_STATE_SLEEP, GW_STATE_NATIVE, {.ran_ns = 3 * MS, .slices = 1}, 10, 6},
        {GW_STATE_SLEEP, GW_STATE_NATIVE, {.ran_ns = 3 * MS, .slices = 1, .lot = 0.5}, 10, 7},
        {GW_STATE_SLEEP, GW_STATE_NATIVE, {.ran_ns = MS / 2, .slices = 1, .lot = 0.4}, 10, 9},
        {GW_STATE_SLEEP, GW_STATE_NATIVE, {.ran_ns = MS / 2, .slices = 1, .lot = 0.6}, 10, 10},
        {GW_STATE_SLEEP, GW_STATE_NATIVE, {.ran_ns = 50 * MS, .slices = 1}, 10, 5},
        {GW_STATE_IO_WAIT, GW_STATE_NATIVE, {.ran_ns = MS, .queued_ns = 2 * MS, .slices = 1}, 6, 8},
        {GW_STATE_GIL_WAIT, GW_STATE_GIL_HANDOFF, {.ran_ns = 2 * MS, .slices = 1}, 10, 7},
        {GW_STATE_GIL_BLOCKED, GW_STATE_GIL_RUNNING, {.ran_ns = 2 * MS, .slices = 1}, 10, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gw_growth growth = cases[i].growth;
        struct world world;
        growth.unread = 5;
        start(&world, 100);
        tick(&world);
        add(&world, cases[i].asleep, GW_STATE_CPU_WAIT, 0);
        for (int t = 1; t < 10; t++)
            tick(&world);
        line_changes(&world, growth);
        add(&world, GW_STATE_LOCK_WAIT, GW_STATE_CPU_WAIT, 0);
        uint64_t ran = cases[i].ran_from;
        uint64_t queued = cases[i].queued_from < ran ? cases[i].queued_from : ran;
        assert_int_equal(count(&world, 0, queued, cases[i].asleep), queued);
        assert_int_equal(count(&world, queued, ran, GW_STATE_CPU_WAIT), ran - queued);
        assert_int_equal(count(&world, ran, 10, cases[i].woken), 10 - ran);
        assert_int_equal(state_at(&world, 10), GW_STATE_LOCK_WAIT);
        finish(&world);
    }
}

/* --- the origin of a run -------------------------------------------------------------------- */

/* That a run began with the GIL counts until it is seen to run without. */
static void native_run_ends_the_credit(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100);
    runnable_for(&world, 5, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT);
    line_changes_of_soft(&world, got_cpu(5 * MS)); /* at tick 5: it was queued */
    assert_int_equal(count(&world, 0, 5, GW_STATE_GIL_HANDOFF), 5);
    runnable_for(&world, 3, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT);
    line_changes_of_soft(&world, lost_cpu(4 * MS)); /* at tick 9: it ran, and lost its CPU */
    assert_int_equal(count(&world, 5, 9, GW_STATE_NATIVE), 4);
    runnable_for(&world, 3, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT);
    tick(&world); /* what is proven on its own stands */
    add(&world, GW_STATE_GIL_HANDOFF, GW_STATE_GIL_HANDOFF, GW_ENTRY_DOUBT);
    line_changes_of_soft(&world, got_cpu(5 * MS));
    assert_int_equal(count(&world, 9, 13, GW_STATE_CPU_WAIT), 4);
    assert_int_equal(state_at(&world, 13), GW_STATE_GIL_HANDOFF);
    finish(&world);
}

/* So it is when the tick that sees it run without is certain of that at once. */
static void certain_native_run_ends_the_credit(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100);
    tick(&world);
    add(&world, GW_STATE_NATIVE, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT);
    runnable_for(&world, 3, GW_STATE_GIL_HANDOFF, GW_ENTRY_SOFT | GW_ENTRY_OFF);
    line_changes(&world, got_cpu(3 * MS));
    assert_int_equal(state_at(&world, 0), GW_STATE_NATIVE);
    assert_int_equal(count(&world, 1, 4, GW_STATE_CPU_WAIT), 3);
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
        line_changes(&world, lost_cpu(3 * MS));
        assert_true(gw_track_add(world.history, &world.track, between[i]));
        line_changes_of_soft(&world, lost_cpu(MS));
        line_changes_of_soft(&world, got_cpu(2 * MS));
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
    gw_track_give_up(world.history, &world.track, 49);
    assert_int_equal(count(&world, 0, 50, GW_STATE_CPU_WAIT), 50);
    assert_int_equal(gw_track_first_doubt(&world.track), 50);
    line_changes(&world, lost_cpu(50 * MS));
    assert_int_equal(count(&world, 0, 50, GW_STATE_CPU_WAIT), 50); /* settled for good */
    assert_int_equal(count(&world, 50, 100, GW_STATE_NATIVE), 50);
    finish(&world);
}

/* --- known schedules ------------------------------------------------------------------------ */

enum { ASLEEP, QUEUED, ON_CPU, N_SCHEDULED };

#define TIMER_NS (4 * MS - US) /* the scheduler's own ticks: in step with no tick for long */

/* A thread whose true schedule is known: it sleeps, is queued and runs in turn, for random times.
 * Its line is the kernel's: slices and run-queue time grow when it gets a CPU, CPU time when it
 * loses it and at the scheduler's ticks. */
struct kernel {
    double longest_ms[N_SCHEDULED]; /* its times are uniform below; it never sleeps if that is 0 */
    uint64_t random;
    int is;
    uint64_t since, until, accounted;
    uint64_t queued_ns;
    struct gw_schedstat line, seen;
    bool seen_asleep;
};

static void account(struct kernel *kernel, uint64_t at)
{
    if (kernel->is == ON_CPU)
        kernel->line.cpu_ns += at - kernel->accounted;
    kernel->accounted = at;
}

static void go_on(struct kernel *kernel, uint64_t at)
{
    uint64_t length = at - kernel->since;
    account(kernel, at);
    if (kernel->is == QUEUED) {
        kernel->queued_ns += length;
        kernel->line.run_queue_ns += length;
        kernel->line.slices++;
    }
    kernel->is = (kernel->is + 1) % N_SCHEDULED;
    if (kernel->longest_ms[kernel->is] == 0)
        kernel->is++;
    double longest_ns = kernel->longest_ms[kernel->is] * (double)MS;
    kernel->since = at;
    kernel->until = at + 1 + (uint64_t)(gw_random_unit(&kernel->random) * longest_ns);
}

static void run_until(struct kernel *kernel, uint64_t now)
{
    for (;;) {
        uint64_t timer = (kernel->accounted / TIMER_NS + 1) * TIMER_NS;
        if (kernel->until > now && timer > now)
            return;
        if (timer < kernel->until)
            account(kernel, timer);
        else
            go_on(kernel, kernel->until);
    }
}

/* What tick.c and judge.c do of it at each tick. */
static void look(struct world *world, struct kernel *kernel)
{
    tick(world);
    run_until(kernel, gw_history_tick(world->history, gw_history_end(world->history) - 1)->at_ns);
    struct gw_growth growth = {
        .ran_ns = kernel->line.cpu_ns - kernel->seen.cpu_ns,
        .queued_ns = kernel->line.run_queue_ns - kernel->seen.run_queue_ns,
        .slices = kernel->line.slices - kernel->seen.slices,
    };
    bool moved = growth.ran_ns || growth.queued_ns || growth.slices;
    if (moved) {
        growth.lot = gw_random_unit(&kernel->random);
        gw_track_settle(world->history, &world->track, &growth);
    } else if (kernel->seen_asleep) {
        return;
    }
    kernel->seen = kernel->line;
    kernel->seen_asleep = kernel->is == ASLEEP;
    if (kernel->seen_asleep)
        add(world, GW_STATE_SLEEP, GW_STATE_CPU_WAIT, 0);
    else
        add(world, GW_STATE_NATIVE, GW_STATE_CPU_WAIT,
            GW_ENTRY_DOUBT | (growth.slices && !growth.ran_ns ? GW_ENTRY_ON : 0));
}

/* Of the ticks from begin up to end, those at which it was queued. */
static uint64_t queued_ticks(const struct world *world, uint64_t begin, uint64_t end)
{
    uint64_t n = 0, since = end;
    struct gw_track_cursor cursor = {0};
    for (const struct gw_entry *entry; (entry = gw_track_next(&world->track, &cursor));) {
        uint64_t tick = entry->tick < begin ? begin : entry->tick;
        if (tick >= end)
            break;
        assert_false(entry->flags & GW_ENTRY_DOUBT);
        n += since < tick ? tick - since : 0;
        since = gw_entry_state(entry) == GW_STATE_CPU_WAIT ? tick : end;
    }
    return n + (end - since);
}

/* Queue time by n ticks, as a part of the true one. */
static double credited(struct kernel *kernel, unsigned n)
{
    enum { CHUNK = 1000, OPEN = 100 };
    struct world world;
    uint64_t begin = 0, n_queued = 0;
    start(&world, 2 * CHUNK);
    kernel->until = kernel->since = kernel->accounted = START;
    for (unsigned t = 1; t <= n; t++) {
        look(&world, kernel);
        if (t % CHUNK)
            continue;
        n_queued += queued_ticks(&world, begin, t - OPEN);
        begin = t - OPEN;
        gw_track_trim(world.history, &world.track, begin);
        gw_history_trim(world.history, begin);
    }
    finish(&world);
    return (double)n_queued / ((double)kernel->queued_ns / (double)MS);
}

/* It always wants to run. Two of a hundred are allowed; with forty seeds it was between five and
 * eleven of a thousand too little. */
static void known_schedule(void **state)
{
    (void)state;
    struct kernel kernel = {.longest_ms = {[QUEUED] = 3, [ON_CPU] = 7}, .random = 1};
    double part = credited(&kernel, 200000);
    assert_true(fabs(part - 1) < 0.02);
}

/* It sleeps, is woken, waits for a CPU and is done, mostly between two ticks. Five of a hundred are
 * allowed; with forty seeds it was within a fifth of one too little. */
static void sleeps_and_runs_for_moments(void **state)
{
    (void)state;
    struct kernel kernel = {.longest_ms = {[ASLEEP] = 10, [QUEUED] = 0.2, [ON_CPU] = 0.1},
                            .random = 1};
    double part = credited(&kernel, 1000000);
    assert_true(fabs(part - 1) < 0.02);
}

/* A tick that found it asleep is not taken back, however it ran before and after. */
static void seen_asleep_stays_asleep(void **state)
{
    (void)state;
    struct world world;
    start(&world, 100);
    for (int t = 0; t < 10; t++) {
        line_changes(&world, (struct gw_growth){.ran_ns = US, .queued_ns = 5 * MS, .slices = 1});
        add(&world, GW_STATE_SLEEP, GW_STATE_CPU_WAIT, 0);
    }
    assert_int_equal(count(&world, 0, 9, GW_STATE_SLEEP), 9);
    finish(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_settles_a_doubt),
        cmocka_unit_test(stretch_of_some_ticks),
        cmocka_unit_test(earlier_ticks_do_not_count),
        cmocka_unit_test(time_with_the_gil_is_left_out),
        cmocka_unit_test(time_on_the_way_to_the_gil_is_left_out),
        cmocka_unit_test(what_a_stop_tells),
        cmocka_unit_test(a_stop_tells_nothing_of_the_time_before_a_hold),
        cmocka_unit_test(native_threads_keep_even_odds),
        cmocka_unit_test(the_past_fades),
        cmocka_unit_test(ran_to_its_end),
        cmocka_unit_test(its_end_leaves_what_was_known),
        cmocka_unit_test(was_queued_before_its_end),
        cmocka_unit_test(ended_asleep),
        cmocka_unit_test(seen_asleep_stays_asleep),
        cmocka_unit_test(asleep_and_woken),
        cmocka_unit_test(woken_unseen),
        cmocka_unit_test(native_run_ends_the_credit),
        cmocka_unit_test(certain_native_run_ends_the_credit),
        cmocka_unit_test(another_run_has_its_own_credit),
        cmocka_unit_test(what_never_got_a_cpu),
        cmocka_unit_test(known_schedule),
        cmocka_unit_test(sleeps_and_runs_for_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
