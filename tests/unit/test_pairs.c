/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs with room for all of them, and with room for few. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/pairs.h"

#define N_WAITERS 10u
#define N_HOLDERS 400u
#define ROUNDS (3 * N_HOLDERS)
#define MS 1000000ull

/* Tables with N_WAITERS slices, one for each thread. */
static void make_slices(struct gw_tables *tables)
{
    assert_int_equal(gw_tables_init(tables), 0);
    for (uint32_t i = 0; i < N_WAITERS; i++) {
        struct gw_model_slice key = {.thread = i, .state = GW_STATE_GIL_WAIT};
        assert_int_equal(gw_rows_put(&tables->slices, &key), i);
    }
}

static uint32_t holder_row(struct gw_pairs *pairs, uint32_t thread)
{
    struct gw_pairs_holder key = {.kind = GW_BLAME_HELD, .thread = thread};
    return (uint32_t)gw_pairs_holder(pairs, &key);
}

/* A hog (holder 0) that every waiter waits 1.2 s for, and N_HOLDERS of which each takes 6 ms, two
 * at a time. */
static void fill(struct gw_pairs *pairs)
{
    assert_int_equal(gw_pairs_reserve(pairs, N_WAITERS), 0);
    for (uint32_t ms = 0; ms < ROUNDS; ms++)
        for (uint32_t waiter = 0; waiter < N_WAITERS; waiter++) {
            uint32_t other = 1 + (ms * 7 + waiter) % N_HOLDERS;
            assert_int_equal(gw_pairs_add(pairs, waiter, holder_row(pairs, 0), MS), 0);
            assert_int_equal(gw_pairs_add(pairs, waiter, holder_row(pairs, other), 2 * MS), 0);
        }
}

/* Sums of an array of pairs: by waiter, and what is charged to the hog. */
struct sums {
    uint64_t waiter[N_WAITERS];
    uint64_t hog, others_first_half, others_second_half;
};

static size_t finish(struct gw_pairs *pairs, struct gw_tables *tables, struct sums *sums)
{
    struct gw_model_pair *all = NULL;
    size_t n = 0;

    *sums = (struct sums){0};
    assert_int_equal(gw_pairs_finish(pairs, tables, &all, &n), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(all[i].kind, GW_BLAME_HELD);
        sums->waiter[all[i].waiter] += all[i].ns;
        if (all[i].holder == 0)
            sums->hog += all[i].ns;
        else if (all[i].holder <= N_HOLDERS / 2)
            sums->others_first_half += all[i].ns;
        else
            sums->others_second_half += all[i].ns;
    }
    free(all);
    gw_pairs_fini(pairs);
    gw_tables_fini(tables);
    return n;
}

static void test_below_the_limit_all_is_exact(void **state)
{
    struct gw_tables tables;
    struct gw_pairs pairs;
    struct sums sums;

    (void)state;
    make_slices(&tables);
    gw_pairs_init(&pairs, 1000000);
    fill(&pairs);
    assert_int_equal(pairs.grain_ns, 0);
    assert_int_equal(finish(&pairs, &tables, &sums), N_WAITERS * (N_HOLDERS + 1));
    for (uint32_t i = 0; i < N_WAITERS; i++)
        assert_int_equal(sums.waiter[i], 3 * ROUNDS * MS);
    assert_int_equal(sums.hog, N_WAITERS * ROUNDS * MS);
    assert_int_equal(sums.others_first_half, N_WAITERS * ROUNDS * MS);
}

static void test_at_the_limit_rows_stay_exact_and_groups_nearly(void **state)
{
    struct gw_tables tables;
    struct gw_pairs pairs;
    struct sums sums;

    (void)state;
    make_slices(&tables);
    gw_pairs_init(&pairs, 500);
    fill(&pairs);
    uint64_t grain = pairs.grain_ns;
    assert_true(grain > 0);
    assert_true(finish(&pairs, &tables, &sums) <= 500 + N_WAITERS);
    for (uint32_t i = 0; i < N_WAITERS; i++)
        assert_int_equal(sums.waiter[i], 3 * ROUNDS * MS);
    /* 12 s each in some 100 grains each: within 4 standard deviations. */
    assert_true(sums.hog >= N_WAITERS * ROUNDS * MS);
    assert_true(sums.hog <= N_WAITERS * (ROUNDS * MS + 2 * grain));
    assert_in_range(sums.others_first_half, 7200 * MS, 16800 * MS);
    assert_in_range(sums.others_second_half, 7200 * MS, 16800 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_below_the_limit_all_is_exact),
        cmocka_unit_test(test_at_the_limit_rows_stay_exact_and_groups_nearly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
