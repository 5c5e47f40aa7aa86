/* SPDX-License-Identifier: Apache-2.0 */
/* How a history keeps its ticks and entries; test_history.c has what it makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "sample/history.h"

static int new_history(void **state)
{
    *state = gw_history_new(1000);
    return *state ? 0 : -1;
}

static int free_history(void **state)
{
    gw_history_free(*state);
    return 0;
}

static uint64_t tick(struct gw_history *history)
{
    uint64_t n = gw_history_end(history);
    return gw_history_add_tick(history, (struct gw_tick){.at_ns = 1000 * n, .dt_ns = 1000});
}

/* An entry of the present tick that is unlike the one before. */
static bool add(struct gw_history *history, struct gw_track *track)
{
    uint64_t n = gw_history_end(history) - 1;
    return gw_track_add(history, track,
                        (struct gw_entry){.stack = (uint32_t)n + 1, .on_cpu = GW_STATE_SLEEP});
}

static void nothing_yet(void **state)
{
    struct gw_track track = {0};
    struct gw_track_cursor cursor = {0};
    assert_int_equal(gw_history_begin(*state), 0);
    assert_int_equal(gw_history_end(*state), 0);
    assert_false(gw_history_is_full(*state));
    assert_null(gw_track_newest(&track));
    assert_null(gw_track_at(&track, 5));
    assert_null(gw_track_next(&track, &cursor));
    assert_int_equal(gw_track_first_doubt(&track), UINT64_MAX);
    tick(*state);
    gw_track_settle(*state, &track, &(struct gw_growth){.queued_ns = 1000, .slices = 1});
    gw_track_settle_ended(*state, &track, &(struct gw_growth){.ran_ns = 1});
    gw_track_give_up(*state, &track, 10);
    gw_track_trim(*state, &track, 10);
    gw_track_clear(*state, &track);
}

static void ticks_go_round(void **state)
{
    struct gw_history *history = *state;
    for (uint64_t n = 0; n < 5000; n++) {
        assert_int_equal(tick(history), n);
        if (gw_history_is_full(history))
            gw_history_trim(history, n - 100);
        assert_in_range(gw_history_end(history) - gw_history_begin(history), 1, 901);
        for (uint64_t kept = gw_history_begin(history); kept <= n; kept += 50)
            assert_int_equal(gw_history_tick(history, kept)->at_ns, 1000 * kept);
    }
}

static void full_by_ticks(void **state)
{
    struct gw_history *history = *state;
    while (!gw_history_is_full(history))
        tick(history);
    assert_in_range(gw_history_end(history), 900, 990); /* there is room for a few more */
    gw_history_trim(history, 500);
    assert_false(gw_history_is_full(history));
}

static void entry_like_the_last_is_left_out(void **state)
{
    struct gw_history *history = *state;
    static const struct gw_entry entries[] = {
        {.stack = 1, .on_cpu = GW_STATE_SLEEP},
        {.stack = 2, .on_cpu = GW_STATE_SLEEP},
        {.stack = 2, .on_cpu = GW_STATE_IO_WAIT},
        {.stack = 2, .on_cpu = GW_STATE_IO_WAIT, .queued = GW_STATE_CPU_WAIT},
        {.stack = 2, .on_cpu = GW_STATE_IO_WAIT, .queued = GW_STATE_CPU_WAIT, .gil = 1},
    };
    struct gw_track track = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        uint64_t first = tick(history);
        assert_true(gw_track_add(history, &track, entries[i]));
        tick(history);
        assert_true(gw_track_add(history, &track, entries[i]));
        assert_int_equal(gw_track_newest(&track)->tick, first);
    }
    struct gw_entry doubtful = entries[4];
    doubtful.flags = GW_ENTRY_DOUBT; /* each is settled on its own */
    for (unsigned i = 0; i < 2; i++) {
        tick(history);
        assert_true(gw_track_add(history, &track, doubtful));
    }
    struct gw_track_cursor cursor = {0};
    while (gw_track_next(&track, &cursor))
        n++;
    assert_int_equal(n, 5 + 2);
}

/* Entries at some of the ticks; after each trim, what was in force from there on still is. */
static void trim_keeps_what_is_in_force(void **state)
{
    struct gw_history *history = *state;
    struct gw_track track = {0};
    uint32_t in_force[500];
    for (uint64_t n = 0; n < 500; n++) {
        tick(history);
        if (n % 3 != 1)
            assert_true(add(history, &track));
        in_force[n] = gw_track_newest(&track)->stack;
    }
    for (uint64_t begin = 0; begin < 500; begin += begin % 40 + 1) {
        gw_track_trim(history, &track, begin);
        gw_history_trim(history, begin);
        for (uint64_t n = begin; n < 500; n++)
            assert_int_equal(gw_track_at(&track, n)->stack, in_force[n]);
        struct gw_track_cursor cursor = {0};
        const struct gw_entry *first = gw_track_next(&track, &cursor);
        const struct gw_entry *next = gw_track_next(&track, &cursor);
        assert_true(first->tick <= begin && (!next || next->tick > begin));
    }
}

/* Longer than a block of entries, and each in doubt. */
static void long_doubt_is_settled(void **state)
{
    struct gw_history *history = *state;
    struct gw_track track = {0};
    for (uint64_t n = 0; n < 300; n++) {
        tick(history);
        struct gw_entry entry = {.stack = (uint32_t)n,
                                 .on_cpu = GW_STATE_NATIVE,
                                 .queued = GW_STATE_CPU_WAIT,
                                 .flags = GW_ENTRY_DOUBT};
        assert_true(gw_track_add(history, &track, entry));
        if (n % 100 != 99)
            continue;
        tick(history);
        struct gw_growth queued = {.queued_ns = 100000, .slices = 1}, ran = {.ran_ns = 100000};
        gw_track_settle(history, &track, n == 199 ? &queued : &ran);
        assert_int_equal(gw_track_first_doubt(&track), UINT64_MAX);
        assert_true(add(history, &track));
    }
    struct gw_track_cursor cursor = {0};
    unsigned n_queued = 0;
    for (const struct gw_entry *entry; (entry = gw_track_next(&track, &cursor));) {
        bool queued = gw_entry_state(entry) == GW_STATE_CPU_WAIT;
        n_queued += queued;
        if (queued)
            assert_in_range(entry->stack, 100, 199);
    }
    assert_int_equal(n_queued, 100);
}

/* The pool is for all threads: used up, entries are dropped, and what is there stays right. */
static void pool_used_up(void **state)
{
    struct gw_history *history = *state;
    enum { N_TRACKS = 4096 };
    struct gw_track *tracks = calloc(N_TRACKS, sizeof *tracks);
    assert_non_null(tracks);
    bool was_full = false, room = true;
    while (room) {
        was_full = gw_history_is_full(history);
        assert_true(gw_history_end(history) < 900); /* it is the pool that gets full */
        tick(history);
        for (unsigned i = 0; i < N_TRACKS; i++)
            room &= add(history, &tracks[i]);
    }
    assert_true(was_full);
    uint64_t last = gw_history_end(history) - 1;
    assert_int_equal(gw_track_at(&tracks[0], last - 1)->stack, last);
    gw_track_clear(history, &tracks[0]);
    assert_null(gw_track_newest(&tracks[0]));
    assert_true(add(history, &tracks[N_TRACKS - 1]));
    assert_int_equal(gw_track_newest(&tracks[N_TRACKS - 1])->tick, last);
    for (unsigned i = 0; i < N_TRACKS; i++)
        gw_track_trim(history, &tracks[i], last);
    gw_history_trim(history, last);
    assert_false(gw_history_is_full(history));
    for (unsigned i = 1; i < N_TRACKS; i++)
        assert_true(gw_track_at(&tracks[i], last)->stack >= last);
    free(tracks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_yet, new_history, free_history),
        cmocka_unit_test_setup_teardown(ticks_go_round, new_history, free_history),
        cmocka_unit_test_setup_teardown(full_by_ticks, new_history, free_history),
        cmocka_unit_test_setup_teardown(entry_like_the_last_is_left_out, new_history, free_history),
        cmocka_unit_test_setup_teardown(trim_keeps_what_is_in_force, new_history, free_history),
        cmocka_unit_test_setup_teardown(long_doubt_is_settled, new_history, free_history),
        cmocka_unit_test_setup_teardown(pool_used_up, new_history, free_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
