/* SPDX-License-Identifier: Apache-2.0 */
#include "diff_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "html_fold.h"
#include "support/capture_text.h"

static const char preamble[] =
    "header rate=1000 cpus=2\nprocess 0 pid=1 python=3.12.1\n"
    "thread 0 tid=1 name=hog\nthread 1 tid=2 name=worker-1\nthread 2 tid=3 name=worker-22\n"
    "gil 0\nfunction 1 spin /srv/v1/app/h.py 10\nfunction 2 load /srv/v1/app/h.py 20\n"
    "function 3 parse /srv/v1/app/h.py 30\nfunction 4 zlib.crc32 \"\" 0 kind=1\n"
    "stack 1 0 1 11\nstack 2 0 2 21\nstack 3 2 3 31\nstack 4 2 4 0\n";

/* A second: worker 1 waits in load for 100 ms, of them 40 in parse, behind spin of the hog; 20 ms
 * behind nobody; 10 ms behind nobody known. */
static const char before[] =
    "block start=0 ticks=1000 dt=1000000\n"
    "track 0 0:gil-running:1 100:sleep:0\n"
    "track 1 0:gil-wait:3 40:gil-wait:2 100:gil-handoff:2 120:gil-wait:2 130:io-wait:2\n"
    "holders 0 0:0 100:nobody 120:unknown 130:nobody\n";
/* Two seconds: two workers wait for 600 ms in load, worker 22 for 200 of them in zlib.crc32. */
static const char after[] = "block start=0 ticks=2000 dt=1000000\n"
                            "track 0 0:gil-running:1 600:sleep:0\n"
                            "track 1 0:gil-wait:2 600:io-wait:2\n"
                            "track 2 0:gil-wait:4 200:gil-wait:2 600:io-wait:2\n"
                            "holders 0 0:0 600:nobody\n";
static const char idle[] = "block start=0 ticks=1000 dt=1000000\ntrack 0 0:sleep:0\n"
                           "track 1 0:io-wait:2\nholders 0 0:nobody\n";

static struct gw_model *read_capture(const char *blocks)
{
    struct gw_model *model;
    char text[4096];

    snprintf(text, sizeof text, "%s%swrite\nend duration\n", preamble, blocks);
    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, NULL), 0);
    return model;
}

static json_t *tree_of(const char *one, const char *other, enum gw_diff_tree tree, size_t max_nodes,
                       double *fold_share)
{
    struct gw_model *models[] = {read_capture(one), read_capture(other)};
    const struct gw_model *const sides[] = {models[0], models[1]};
    struct gw_diff *diff = gw_diff_new(models[0], models[1]);
    assert_non_null(diff);
    json_t *json = gw_diff_tree_json(diff, sides, tree, max_nodes, fold_share);

    assert_non_null(json);
    gw_diff_free(diff);
    gw_model_free(models[0]);
    gw_model_free(models[1]);
    return json;
}

/* Nothing but what is empty is folded. */
static json_t *whole_tree(const char *one, const char *other, enum gw_diff_tree tree)
{
    double share = 0;

    return tree_of(one, other, tree, GW_HTML_MAX_NODES, &share);
}

/* The child with a name or, where it has none, of a kind; NULL if there is none. */
static json_t *child(const json_t *node, const char *name)
{
    const json_t *children = json_object_get(node, "c");

    for (size_t i = 0; i < json_array_size(children); i++) {
        json_t *at = json_array_get(children, i);
        const char *own = json_string_value(json_object_get(at, "n"));
        own = own ? own : json_string_value(json_object_get(at, "k"));
        if (strcmp(own, name) == 0)
            return at;
    }
    return NULL;
}

static void assert_weights(const json_t *node, double ms_before, double ms_after)
{
    assert_non_null(node);
    assert_float_equal(json_number_value(json_object_get(node, "b")), ms_before / 1000, 1e-9);
    assert_float_equal(json_number_value(json_object_get(node, "v")), ms_after / 1000, 1e-9);
}

static void sides_are_summed_per_second(void **state)
{
    (void)state;
    json_t *root = whole_tree(before, after, GW_DIFF_WAITERS);
    const json_t *workers = child(root, "worker-*"), *load = child(workers, "load (app/h.py)");

    assert_weights(root, 130, 600);
    assert_string_equal(json_string_value(json_object_get(root, "k")), "all");
    assert_int_equal(json_array_size(json_object_get(root, "c")), 1);
    assert_weights(workers, 130, 600);
    assert_string_equal(json_string_value(json_object_get(workers, "k")), "thread");
    assert_weights(load, 130, 600);
    assert_null(json_object_get(load, "k"));
    json_decref(root);
}

static void a_stack_of_one_side_has_nothing_on_the_other(void **state)
{
    (void)state;
    json_t *root = whole_tree(before, after, GW_DIFF_WAITERS);
    const json_t *load = child(child(root, "worker-*"), "load (app/h.py)");

    assert_int_equal(json_array_size(json_object_get(load, "c")), 2);
    assert_weights(child(load, "parse (app/h.py)"), 40, 0);
    assert_weights(child(load, "zlib.crc32 [C]"), 0, 100);
    json_decref(root);
}

static void holders_and_the_lack_of_one(void **state)
{
    (void)state;
    json_t *root = whole_tree(before, after, GW_DIFF_HOLDERS);
    const json_t *hog = child(root, "hog");

    assert_weights(root, 130, 600);
    assert_weights(hog, 100, 600);
    assert_weights(child(hog, "spin (app/h.py)"), 100, 600);
    assert_weights(child(root, "handoff"), 20, 0);
    assert_weights(child(root, "unknown"), 10, 0);
    json_decref(root);
}

/* A third of a side is kept for it, however little it is of the other side's whole. */
static void folded_is_what_is_small_on_both_sides(void **state)
{
    (void)state;
    double share = 0.3;
    json_t *root = tree_of(before, after, GW_DIFF_WAITERS, GW_HTML_MAX_NODES, &share);
    const json_t *load = child(child(root, "worker-*"), "load (app/h.py)");

    assert_float_equal(share, 0.3, 0);
    assert_int_equal(json_array_size(json_object_get(load, "c")), 2);
    assert_weights(child(load, "parse (app/h.py)"), 40, 0); /* 31 % */
    assert_weights(child(load, "small"), 0, 100);           /* 17 % */
    json_decref(root);
}

static void too_many_nodes_fold_further(void **state)
{
    (void)state;
    double share = 0.1;
    json_t *root = tree_of(before, after, GW_DIFF_WAITERS, 3, &share);
    const json_t *load = child(child(root, "worker-*"), "load (app/h.py)");

    assert_float_equal(share, 0.4, 0); /* at 0.2 parse is a fourth one */
    assert_int_equal(json_array_size(json_object_get(load, "c")), 1);
    assert_weights(child(load, "small"), 40, 100);
    json_decref(root);
}

static void there_is_a_root_without_waits(void **state)
{
    (void)state;
    double share = GW_HTML_FOLD_SHARE;
    json_t *root = tree_of(idle, idle, GW_DIFF_HOLDERS, GW_HTML_MAX_NODES, &share);

    assert_weights(root, 0, 0);
    assert_null(json_object_get(root, "c"));
    json_decref(root);
    root = whole_tree(idle, after, GW_DIFF_WAITERS);
    assert_weights(root, 0, 600);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sides_are_summed_per_second),
        cmocka_unit_test(a_stack_of_one_side_has_nothing_on_the_other),
        cmocka_unit_test(holders_and_the_lack_of_one),
        cmocka_unit_test(folded_is_what_is_small_on_both_sides),
        cmocka_unit_test(too_many_nodes_fold_further),
        cmocka_unit_test(there_is_a_root_without_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
