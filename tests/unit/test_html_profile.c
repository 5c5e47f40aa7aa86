/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the page against the sums of the model that it is of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "html_profile.h"
#include "html_records.h"
#include "html_thin.h"
#include "model/selection.h"
#include "support/capture_text.h"

#define MS 1000000ull

static const char preamble[] =
    "header rate=1000 cpus=2\n"
    "process 0 pid=100\n"
    "thread 0 tid=100 name=hog\nthread 1 tid=101 name=worker\nthread 2 tid=102 name=worker\n"
    "gil 0\n"
    "function 1 build /srv/app.py 80\nfunction 2 handle /srv/app.py 10\n"
    "function 3 zlib.compress \"\" 0 kind=1\n"
    "stack 1 0 1 86\nstack 2 0 2 12\nstack 3 2 2 14\nstack 4 1 3 0\n";

/* 2 s, in which every state has a turn; the ticks are no whole number of microseconds. */
static const char busy[] = "block start=1000000000 ticks=1000 dt=999987\n"
                           "track 0 0:gil-running:1:0 300:gil-running:4:0 900:io-wait:1\n"
                           "track 1 0:gil-wait:3:0 900:gil-running:2:0\n"
                           "track 2 0:io-wait:2 400:gil-wait:2:0 980:gil-handoff:2:0\n"
                           "holders 0 0:0 900:1 980:nobody\n"
                           "block start=1999987000 ticks=1000 dt=999987\n"
                           "track 0 0:sleep:1 100:native:4 700:stopped:0\n"
                           "track 1 0:gil-queued:2:0 500:gil-blocked:3:0 700:stopped:0\n"
                           "track 2 0:gil-wait:3:0 700:stopped:0\n"
                           "holders 0 0:1 650:unknown\n";

struct world {
    struct gw_model *model;
    struct gw_timeline timeline;
    struct gw_html_fold fold;
    struct gw_html_records records;
    json_t *json;
};

static struct world *world_of(const char *blocks, double fold_share, size_t max_records,
                              const char *only)
{
    struct world *world = calloc(1, sizeof *world);
    struct gw_diag diag = {0};
    char text[8192];

    assert_non_null(world);
    snprintf(text, sizeof text, "%s%swrite\nend duration\n", preamble, blocks);
    const struct gw_selection selection = {
        .timeline = &world->timeline, .threads = {only}, .n_threads = only ? 1 : 0};
    assert_int_equal(
        gw_selection_read(capture_text_memfd(text), "test", &selection, &world->model, &diag), 0);
    assert_int_equal(gw_timeline_finish(&world->timeline), 0);
    assert_int_equal(gw_html_fold_make(&world->fold, world->model, fold_share, GW_HTML_MAX_STACKS),
                     0);
    assert_int_equal(gw_html_records_make(&world->records, world->model, &world->timeline,
                                          &world->fold, max_records),
                     0);
    struct gw_ranking *ranking = gw_ranking_new(world->model);
    world->json = gw_html_profile_json(world->model, &world->timeline, ranking, max_records);
    gw_ranking_free(ranking);
    assert_non_null(world->json);
    return world;
}

static void free_world(struct world *world)
{
    json_decref(world->json);
    gw_html_records_fini(&world->records);
    gw_html_fold_fini(&world->fold);
    gw_timeline_fini(&world->timeline);
    gw_model_free(world->model);
    free(world);
}

static uint64_t state_ns(const struct world *world, uint32_t thread, unsigned state)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < world->records.n; i++) {
        const struct gw_html_record *record = &world->records.records[i];
        sum += record->thread == thread && record->state == state ? record->ns : 0;
    }
    return sum;
}

static uint64_t blamed_ns(const struct world *world, unsigned kind, uint32_t holder)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < world->records.n; i++) {
        const struct gw_html_record *record = &world->records.records[i];
        sum += record->kind == kind && record->holder == holder ? record->ns : 0;
    }
    return sum;
}

static uint64_t pairs_ns(const struct world *world, unsigned kind, uint32_t holder)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < world->model->n_pairs; i++) {
        const struct gw_model_pair *pair = &world->model->pairs[i];
        sum += pair->kind == kind && pair->holder == holder ? pair->ns : 0;
    }
    return sum;
}

static void check_states(const struct world *world)
{
    for (uint32_t thread = 0; thread < world->model->n_threads; thread++)
        for (unsigned state = 0; state < GW_N_STATES; state++)
            assert_int_equal(state_ns(world, thread, state),
                             world->model->threads[thread].state_ns[state]);
}

static void check_blame(const struct world *world)
{
    for (uint32_t holder = 0; holder < world->model->n_threads; holder++)
        assert_int_equal(blamed_ns(world, GW_BLAME_HELD, holder),
                         pairs_ns(world, GW_BLAME_HELD, holder));
    for (unsigned kind = GW_BLAME_HELD + 1; kind < GW_N_BLAME_KINDS; kind++)
        assert_int_equal(blamed_ns(world, kind, GW_NO_THREAD), pairs_ns(world, kind, GW_NO_THREAD));
}

static void test_records_sum_to_states_and_blame(void **state)
{
    (void)state;
    struct world *world = world_of(busy, GW_HTML_FOLD_SHARE, GW_HTML_MAX_RECORDS, NULL);
    assert_int_equal(world->records.time.n_buckets, GW_HTML_BUCKETS);
    assert_int_equal(world->records.grain_ns, 0);
    check_states(world);
    check_blame(world);

    uint64_t held_ns = 0, waited_ns = 0;
    for (size_t i = 0; i < world->records.n_holdings; i++)
        held_ns +=
            world->records.holdings[i].kind == GW_BLAME_HELD ? world->records.holdings[i].ns : 0;
    for (size_t i = 0; i < world->records.time.n_buckets; i++)
        waited_ns += world->records.wait_ns[i];
    assert_int_equal(held_ns, world->model->gils[0].held_ns);
    assert_int_equal(waited_ns, gw_model_total_wait_ns(world->model));
    free_world(world);
}

static json_int_t at(json_t *columns, const char *column, size_t row)
{
    return json_integer_value(json_array_get(json_object_get(columns, column), row));
}

/* A state of a thread in the data of the page: threads come in the order of the report. */
static double state_us(const struct world *world, json_int_t tid, unsigned state)
{
    json_t *records = json_object_get(world->json, "records");
    json_t *threads = json_object_get(world->json, "threads");
    double sum = 0;
    for (size_t i = 0; i < json_array_size(json_object_get(records, "us")); i++) {
        json_t *thread = json_array_get(threads, (size_t)at(records, "thread", i));
        if (json_integer_value(json_object_get(thread, "tid")) == tid &&
            at(records, "state", i) == state)
            sum += (double)at(records, "us", i);
    }
    return sum;
}

static void test_microseconds_are_off_by_less_than_one(void **state)
{
    (void)state;
    struct world *world = world_of(busy, GW_HTML_FOLD_SHARE, GW_HTML_MAX_RECORDS, NULL);
    for (uint32_t thread = 0; thread < world->model->n_threads; thread++)
        for (unsigned number = 0; number < GW_N_STATES; number++) {
            double us = (double)world->model->threads[thread].state_ns[number] / 1e3;
            double found = state_us(world, world->model->threads[thread].tid, number);
            assert_true(found <= us && found > us - 1);
        }
    free_world(world);
}

static void test_what_is_drawn_by_lot_keeps_every_state(void **state)
{
    (void)state;
    struct world *world = world_of(busy, GW_HTML_FOLD_SHARE, 100, NULL);
    assert_true(world->records.grain_ns > 0);
    check_states(world);
    free_world(world);
}

/* A hundred holders of each waiter, one of them heavy; the light ones weigh 1000 to 9000. */
static void test_a_lot_is_fair(void **state)
{
    (void)state;
    enum { GROUPS = 600, EACH = 100 };
    static struct gw_html_record records[GROUPS * EACH];
    for (uint32_t i = 0; i < GROUPS * EACH; i++)
        records[i] = (struct gw_html_record){.bucket = i / EACH, .holder = i % EACH};
    for (uint32_t i = 0; i < GROUPS * EACH; i++)
        records[i].ns = records[i].holder == 50 ? 1000000 : 1000 * (1 + records[i].holder % 9);

    size_t n = gw_html_thin(records, GROUPS * EACH, 50000);
    assert_true(n <= GROUPS * 11);
    uint64_t of_holder[EACH] = {0}, of_group[GROUPS] = {0};
    for (size_t i = 0; i < n; i++) {
        of_holder[records[i].holder] += records[i].ns;
        of_group[records[i].bucket] += records[i].ns;
    }
    uint64_t whole = 1000000;
    for (uint32_t holder = 0; holder < EACH; holder++)
        whole += holder == 50 ? 0 : 1000 * (1 + holder % 9);
    for (uint32_t group = 0; group < GROUPS; group++)
        assert_int_equal(of_group[group], whole);
    assert_int_equal(of_holder[50], 1000000 * GROUPS);
    for (uint32_t holder = 0; holder < EACH; holder++) {
        double meant = 1000.0 * (1 + holder % 9) * GROUPS;
        if (holder != 50)
            assert_true((double)of_holder[holder] > meant - 200000 &&
                        (double)of_holder[holder] < meant + 200000);
    }
}

/* Name of the function of a stack in the data of the page. */
static const char *name_of(const struct world *world, json_int_t stack)
{
    json_t *stacks = json_object_get(world->json, "stacks");
    json_t *names = json_object_get(json_object_get(world->json, "functions"), "name");
    return json_string_value(json_array_get(names, (size_t)at(stacks, "function", (size_t)stack)));
}

/* Stack 3, handle:12 > handle:14, is 3 of 1002 ms of all that is measured. */
static void test_what_is_small_is_one_frame_of_its_caller(void **state)
{
    (void)state;
    struct world *world = world_of("block start=1000000000 ticks=1000 dt=1000000\n"
                                   "track 0 0:native:2 500:native:3 503:native:1\n",
                                   0.01, GW_HTML_MAX_RECORDS, NULL);
    const struct gw_html_stack *small = &world->fold.stacks[world->fold.row[3]];
    assert_int_equal(small->function, GW_HTML_SMALL);
    assert_int_equal(small->parent, world->fold.row[2]);
    assert_int_equal(world->fold.stacks[world->fold.row[2]].function, 2);
    free_world(world);
}

static void test_only_stacks_in_use_are_written_callers_first(void **state)
{
    (void)state;
    struct world *world = world_of(busy, GW_HTML_FOLD_SHARE, GW_HTML_MAX_RECORDS, NULL);
    json_t *stacks = json_object_get(world->json, "stacks");
    size_t n = json_array_size(json_object_get(stacks, "parent"));
    assert_int_equal(n, 5);
    for (size_t i = 1; i < n; i++)
        assert_true(at(stacks, "parent", i) < (json_int_t)i);
    assert_string_equal(name_of(world, 1), "build");
    free_world(world);
}

/* The hog waits for nobody; of the workers there is what they waited for it. */
static void test_some_threads_have_the_waits_for_them(void **state)
{
    (void)state;
    struct world *world = world_of(busy, GW_HTML_FOLD_SHARE, GW_HTML_MAX_RECORDS, "hog");
    assert_int_equal(state_ns(world, 0, GW_STATE_GIL_RUNNING),
                     world->model->threads[0].state_ns[GW_STATE_GIL_RUNNING]);
    assert_int_equal(state_ns(world, 1, GW_STATE_GIL_RUNNING), 0);
    assert_int_equal(blamed_ns(world, GW_BLAME_HELD, 0), pairs_ns(world, GW_BLAME_HELD, 0));
    assert_int_equal(blamed_ns(world, GW_BLAME_HELD, 1), 0);
    json_t *threads = json_object_get(world->json, "threads");
    assert_false(json_boolean_value(json_object_get(json_array_get(threads, 0), "hidden")));
    assert_true(json_boolean_value(json_object_get(json_array_get(threads, 2), "hidden")));
    free_world(world);
}

static void test_no_bucket_is_shorter_than_a_tick(void **state)
{
    (void)state;
    struct world *world = world_of("block start=1000000000 ticks=20 dt=1000000\n"
                                   "track 0 0:native:1\n",
                                   GW_HTML_FOLD_SHARE, GW_HTML_MAX_RECORDS, NULL);
    assert_true(world->records.time.bucket_ns >= MS);
    assert_true(world->records.time.n_buckets >= 19);
    free_world(world);
}

static void test_nothing_has_a_profile_too(void **state)
{
    (void)state;
    struct world *world = world_of("", GW_HTML_FOLD_SHARE, GW_HTML_MAX_RECORDS, NULL);
    assert_int_equal(world->records.n, 0);
    assert_int_equal(json_integer_value(json_object_get(world->json, "buckets")), 1);
    free_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_sum_to_states_and_blame),
        cmocka_unit_test(test_microseconds_are_off_by_less_than_one),
        cmocka_unit_test(test_what_is_drawn_by_lot_keeps_every_state),
        cmocka_unit_test(test_a_lot_is_fair),
        cmocka_unit_test(test_what_is_small_is_one_frame_of_its_caller),
        cmocka_unit_test(test_only_stacks_in_use_are_written_callers_first),
        cmocka_unit_test(test_some_threads_have_the_waits_for_them),
        cmocka_unit_test(test_no_bucket_is_shorter_than_a_tick),
        cmocka_unit_test(test_nothing_has_a_profile_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
