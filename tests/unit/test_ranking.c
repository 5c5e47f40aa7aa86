/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/selection.h"
#include "ranking.h"
#include "support/capture_text.h"

#define MS 1000000ull

/* Worker 1 waits 6 ms in `leaf`, reached in two ways (one of them recursive), worker 2 waits 3 ms
 * in `other`; the hog is in `spin`, 5 ms on line 5 and 5 ms on line 6. */
static const char capture[] = "header rate=1000\nprocess 0 pid=1\n"
                              "thread 0 tid=1 name=idle\nthread 1 tid=2 name=hog\n"
                              "thread 2 tid=3 name=w1\nthread 3 tid=4 name=w2\ngil 0\n"
                              "function 1 main f.py 1\nfunction 2 leaf f.py 10\n"
                              "function 3 other f.py 20\nfunction 4 spin f.py 30\n"
                              "stack 1 0 1 2\nstack 2 1 2 11\n"
                              "stack 3 2 1 3\nstack 4 3 2 11\n"
                              "stack 5 1 3 21\nstack 6 0 4 5\nstack 7 0 4 6\n"
                              "block start=0 ticks=10 dt=1000000\n"
                              "track 0 0:io-wait:1\n"
                              "track 1 0:gil-running:6 5:gil-running:7\n"
                              "track 2 0:gil-wait:2 2:gil-wait:4 6:io-wait:1\n"
                              "track 3 0:io-wait:1 7:gil-wait:5\n"
                              "holders 0 0:1 9:nobody\nwrite\nend duration\n";

static struct gw_model *model;
static struct gw_ranking *ranking;

static const char *function_name(uint32_t function)
{
    return gw_model_text(model, model->functions[function].name);
}

static void test_threads_by_wait(void **state)
{
    static const char *const order[] = {"w1", "w2", "idle", "hog"};

    (void)state;
    assert_int_equal(ranking->n_threads, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(gw_model_text(model, model->threads[ranking->threads[i]].name),
                            order[i]);
}

/* Both stacks of w1 end in the same place: leaf, line 11. */
static void test_blame_by_leaf_frame(void **state)
{
    const struct gw_ranking_blame *blame = ranking->blame;
    uint64_t sum = 0;

    (void)state;
    assert_int_equal(ranking->n_blame, 4);
    for (size_t i = 0; i < ranking->n_blame; i++)
        sum += blame[i].ns;
    assert_int_equal(sum, 9 * MS);
    assert_int_equal(ranking->wait_ns, 9 * MS);
    assert_int_equal(blame[0].ns, 5 * MS);
    assert_string_equal(function_name(blame[0].waiter.function), "leaf");
    assert_int_equal(blame[0].waiter.line, 11);
    assert_int_equal(blame[0].holder.line, 5);
    assert_int_equal(blame[1].ns, 2 * MS);
    assert_string_equal(function_name(blame[1].waiter.function), "other");
    assert_int_equal(blame[3].kind == GW_BLAME_HANDOFF || blame[2].kind == GW_BLAME_HANDOFF, 1);
}

static const struct gw_ranking_function *find(const struct gw_ranking_function *functions, size_t n,
                                              const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(function_name(functions[i].function), name) == 0)
            return &functions[i];
    fail_msg("no function %s", name);
    return NULL;
}

static void test_functions_count_recursion_once(void **state)
{
    const struct gw_ranking_function *row;

    (void)state;
    assert_int_equal(ranking->n_suffered, 3);
    row = find(ranking->suffered, ranking->n_suffered, "leaf");
    assert_int_equal(row->self_ns, 6 * MS);
    assert_int_equal(row->total_ns, 6 * MS);
    row = find(ranking->suffered, ranking->n_suffered, "main");
    assert_int_equal(row->self_ns, 0);
    assert_int_equal(row->total_ns, 9 * MS);
    assert_string_equal(function_name(ranking->suffered[0].function), "leaf");
    assert_int_equal(ranking->n_caused, 1);
    assert_int_equal(ranking->caused[0].self_ns, 8 * MS);
}

/* Only w1, or only the hog: pairs with it on either side, and its own functions. */
static void test_some_threads_only(void **state)
{
    static const struct {
        const char *name;
        size_t n_blame;
        uint64_t blame_ns;
        const char *suffered, *caused; /* the function with the most in it; NULL: there is none */
    } cases[] = {
        {"w1", 2, 6 * MS, "leaf", NULL},
        {"w2", 2, 3 * MS, "other", NULL},
        {"hog", 3, 8 * MS, NULL, "spin"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct gw_selection selection = {.threads = {cases[i].name}, .n_threads = 1};
        struct gw_model *some = NULL;
        assert_int_equal(
            gw_selection_read(capture_text_memfd(capture), "test", &selection, &some, NULL), 0);
        struct gw_ranking *its = gw_ranking_new(some);
        uint64_t sum = 0;
        assert_int_equal(its->n_threads, 1);
        assert_string_equal(gw_model_text(some, some->threads[its->threads[0]].name),
                            cases[i].name);
        for (size_t b = 0; b < its->n_blame; b++)
            sum += its->blame[b].ns;
        assert_int_equal(its->n_blame, cases[i].n_blame);
        assert_int_equal(sum, cases[i].blame_ns);
        assert_int_equal(its->wait_ns, 9 * MS);
        assert_int_equal(its->n_suffered > 0, cases[i].suffered != NULL);
        assert_int_equal(its->n_caused > 0, cases[i].caused != NULL);
        if (cases[i].suffered)
            assert_string_equal(function_name(its->suffered[0].function), cases[i].suffered);
        if (cases[i].caused)
            assert_string_equal(function_name(its->caused[0].function), cases[i].caused);
        gw_ranking_free(its);
        gw_model_free(some);
    }
}

static int setup(void **state)
{
    (void)state;
    if (gw_model_read(capture_text_memfd(capture), "test", &model, NULL) < 0)
        return -1;
    ranking = gw_ranking_new(model);
    return ranking ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    gw_ranking_free(ranking);
    gw_model_free(model);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_by_wait),
        cmocka_unit_test(test_blame_by_leaf_frame),
        cmocka_unit_test(test_functions_count_recursion_once),
        cmocka_unit_test(test_some_threads_only),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
