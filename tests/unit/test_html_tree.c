/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "html_tree.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A server: two workers in handle() > query(), one builder in run() > build(). */
enum { NO_TEXT, WORKER_1, WORKER_2, BUILDER, HANDLE, QUERY, RUN, BUILD, FILE_A };
static const char *const texts[] = {"",      "worker-1", "worker-2", "builder",  "handle",
                                    "query", "run",      "build",    "/srv/a.py"};
static const struct gw_model_function functions[] = {
    {0},
    {.name = HANDLE, .file = FILE_A, .first_line = 1},
    {.name = QUERY, .file = FILE_A, .first_line = 10},
    {.name = RUN, .file = FILE_A, .first_line = 20},
    {.name = BUILD, .file = NO_TEXT, .first_line = 30},
};
enum { NO_STACK, IN_HANDLE, IN_QUERY, IN_RUN, IN_BUILD };
static const struct gw_model_stack stacks[] = {
    {0},
    {.parent = NO_STACK, .function = 1, .line = 2, .depth = 1},
    {.parent = IN_HANDLE, .function = 2, .line = 11, .depth = 2},
    {.parent = NO_STACK, .function = 3, .line = 21, .depth = 1},
    {.parent = IN_RUN, .function = 4, .line = 0, .depth = 2},
};
static const struct gw_model_thread threads[] = {
    {.tid = 101, .name = WORKER_1, .process = 0},
    {.tid = 102, .name = WORKER_2, .process = 0},
    {.tid = 103, .name = BUILDER, .process = 0},
};
static struct gw_strtab *strings;

static int make_strings(void **state)
{
    (void)state;
    strings = gw_strtab_new();
    assert_int_equal(gw_strtab_reserve(strings, COUNT(texts), 4096), 0);
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(gw_strtab_intern(strings, texts[i]), i);
    return 0;
}

static int free_strings(void **state)
{
    (void)state;
    gw_strtab_free(strings);
    return 0;
}

static const struct gw_model_process processes[] = {
    {.pid = 100}, {.pid = 200}, {.pid = 300, .skipped = true}};

static struct gw_model model_of(const struct gw_model_pair *pairs, size_t n_pairs)
{
    return (struct gw_model){
        .strings = strings,
        .functions = functions,
        .stacks = stacks,
        .threads = threads,
        .processes = processes,
        .pairs = pairs,
        .n_functions = COUNT(functions),
        .n_stacks = COUNT(stacks),
        .n_threads = COUNT(threads),
        .n_processes = 1,
        .n_pairs = n_pairs,
    };
}

static struct gw_model_pair held(uint32_t waiter, uint32_t waiter_stack, uint32_t holder,
                                 uint32_t holder_stack, uint64_t ns)
{
    return (struct gw_model_pair){.waiter = waiter,
                                  .waiter_stack = waiter_stack,
                                  .holder = holder,
                                  .holder_stack = holder_stack,
                                  .kind = GW_BLAME_HELD,
                                  .ns = ns};
}

static struct gw_model_pair without_holder(uint32_t waiter, uint32_t stack, uint8_t kind,
                                           uint64_t ns)
{
    return (struct gw_model_pair){
        .waiter = waiter, .waiter_stack = stack, .holder = GW_NO_THREAD, .kind = kind, .ns = ns};
}

static json_t *tree_of(const struct gw_model *model, enum gw_html_view view, double fold_share)
{
    json_t *tree = gw_html_tree_json(model, view, GW_HTML_MAX_NODES, &fold_share);
    assert_non_null(tree);
    return tree;
}

/* The tree as text, children in order: "kind:name=ns(...)". */
static void print_node(json_t *node, char *out, size_t cap)
{
    const char *kind = json_string_value(json_object_get(node, "k"));
    const char *name = json_string_value(json_object_get(node, "n"));
    size_t used = strlen(out);
    snprintf(out + used, cap - used, "%s%s%s=%lld", kind ? kind : "", name ? ":" : "",
             name ? name : "", (long long)json_integer_value(json_object_get(node, "v")));
    json_t *children = json_object_get(node, "c");
    size_t i;
    json_t *child;
    json_array_foreach(children, i, child)
    {
        strcat(out, i == 0 ? "(" : " ");
        print_node(child, out, cap - 2);
    }
    if (children)
        strcat(out, ")");
}

static void assert_tree(json_t *tree, const char *expected)
{
    char text[4096] = "";
    print_node(tree, text, sizeof text);
    assert_string_equal(text, expected);
    json_decref(tree);
}

static void test_pairs_become_paths_in_both_directions(void **state)
{
    (void)state;
    const struct gw_model_pair pairs[] = {
        held(1, IN_HANDLE, 2, IN_BUILD, 5),
        held(0, IN_QUERY, 2, IN_BUILD, 30),
        held(0, IN_HANDLE, 2, IN_RUN, 10),
    };
    struct gw_model model = model_of(pairs, COUNT(pairs));
    assert_tree(tree_of(&model, GW_HTML_VICTIMS, 0),
                "all=45("
                "thread:worker-1=40(:handle=40("
                "link=10(thread:builder=10(:run=10)) "
                ":query=30(link=30(thread:builder=30(:run=30(:build=30)))))) "
                "thread:worker-2=5(:handle=5(link=5(thread:builder=5(:run=5(:build=5))))))");
    assert_tree(tree_of(&model, GW_HTML_CULPRITS, 0), "all=45(thread:builder=45(:run=45("
                                                      "link=10(thread:worker-1=10(:handle=10)) "
                                                      ":build=35(link=35("
                                                      "thread:worker-1=30(:handle=30(:query=30)) "
                                                      "thread:worker-2=5(:handle=5))))))");
}

static void test_wait_without_holder_is_said(void **state)
{
    (void)state;
    const struct gw_model_pair pairs[] = {
        without_holder(0, NO_STACK, GW_BLAME_UNKNOWN, 2),
        without_holder(0, NO_STACK, GW_BLAME_HANDOFF, 3),
    };
    struct gw_model model = model_of(pairs, COUNT(pairs));
    assert_tree(tree_of(&model, GW_HTML_VICTIMS, 0),
                "all=5(thread:worker-1=5(link=5(handoff=3 unknown=2)))");
    assert_tree(tree_of(&model, GW_HTML_CULPRITS, 0), "all=5(handoff=3(link=3(thread:worker-1=3)) "
                                                      "unknown=2(link=2(thread:worker-1=2)))");
}

static void test_no_wait_is_an_empty_tree(void **state)
{
    (void)state;
    struct gw_model model = model_of(NULL, 0);
    assert_tree(tree_of(&model, GW_HTML_VICTIMS, GW_HTML_FOLD_SHARE), "all=0");
}

static void test_several_processes_stand_above_their_threads(void **state)
{
    (void)state;
    const struct gw_model_thread two[] = {{.tid = 101, .name = WORKER_1, .process = 0},
                                          {.tid = 201, .name = WORKER_1, .process = 1}};
    const struct gw_model_pair pairs[] = {
        without_holder(1, NO_STACK, GW_BLAME_UNKNOWN, 2),
        without_holder(0, NO_STACK, GW_BLAME_UNKNOWN, 1),
    };
    struct gw_model model = model_of(pairs, COUNT(pairs));
    model.threads = two;
    model.n_threads = COUNT(two);
    model.n_processes = COUNT(processes);
    assert_tree(tree_of(&model, GW_HTML_CULPRITS, 0),
                "all=3(process=1(unknown=1(link=1(thread:worker-1=1))) "
                "process=2(unknown=2(link=2(thread:worker-1=2))))");
}

static void test_a_skipped_child_does_not_count(void **state)
{
    (void)state;
    const struct gw_model_process shell[] = {{.pid = 100}, {.pid = 101, .skipped = true}};
    const struct gw_model_pair pairs[] = {without_holder(0, NO_STACK, GW_BLAME_UNKNOWN, 1)};
    struct gw_model model = model_of(pairs, COUNT(pairs));
    model.processes = shell;
    model.n_processes = COUNT(shell);
    assert_tree(tree_of(&model, GW_HTML_VICTIMS, 0), "all=1(thread:worker-1=1(link=1(unknown=1)))");
}

static void test_details_of_a_frame(void **state)
{
    (void)state;
    const struct gw_model_pair pairs[] = {held(0, IN_HANDLE, 2, IN_BUILD, 1)};
    struct gw_model model = model_of(pairs, COUNT(pairs));
    json_t *tree = tree_of(&model, GW_HTML_VICTIMS, 0);
    json_t *thread = json_array_get(json_object_get(tree, "c"), 0);
    assert_int_equal(json_integer_value(json_object_get(thread, "t")), 101);
    json_t *frame = json_array_get(json_object_get(thread, "c"), 0);
    assert_string_equal(json_string_value(json_object_get(frame, "f")), "/srv/a.py");
    assert_int_equal(json_integer_value(json_object_get(frame, "l")), 2);
    json_decref(tree);
}

static void test_small_nodes_are_folded_and_kept_in_the_sums(void **state)
{
    (void)state;
    const struct gw_model_pair pairs[] = {
        held(0, IN_QUERY, 2, IN_BUILD, 90), held(0, IN_HANDLE, 2, IN_BUILD, 4),
        held(0, IN_HANDLE, 2, IN_RUN, 3),   held(1, IN_QUERY, 2, IN_BUILD, 2),
        held(1, IN_HANDLE, 2, IN_BUILD, 1),
    };
    struct gw_model model = model_of(pairs, COUNT(pairs));
    assert_tree(tree_of(&model, GW_HTML_VICTIMS, 0.05),
                "all=100(thread:worker-1=97(:handle=97("
                "link=7(thread:builder=7(:run=7(small=4))) "
                ":query=90(link=90(thread:builder=90(:run=90(:build=90)))))) small=3)");
}

static void test_folding_gets_harder_until_the_page_is_light(void **state)
{
    (void)state;
    const struct gw_model_pair pairs[] = {
        held(0, IN_QUERY, 2, IN_BUILD, 60),
        held(1, IN_QUERY, 2, IN_BUILD, 40),
    };
    struct gw_model model = model_of(pairs, COUNT(pairs));
    double fold_share = 0.3;
    json_t *tree = gw_html_tree_json(&model, GW_HTML_VICTIMS, 10, &fold_share);
    assert_true(fold_share == 0.6);
    assert_tree(tree, "all=100(thread:worker-1=60(:handle=60(:query=60(link=60("
                      "thread:builder=60(:run=60(:build=60)))))) small=40)");
}

static void test_the_deepest_stacks_fit(void **state)
{
    (void)state;
    enum { DEPTH = GW_MODEL_MAX_DEPTH };
    struct gw_model_stack *deep = calloc(DEPTH + 1, sizeof *deep);
    assert_non_null(deep);
    for (uint32_t i = 1; i <= DEPTH; i++)
        deep[i] = (struct gw_model_stack){.parent = i - 1, .function = 1, .line = i, .depth = i};
    const struct gw_model_pair pairs[] = {held(0, DEPTH, 2, DEPTH, 7)};
    struct gw_model model = model_of(pairs, COUNT(pairs));
    model.n_processes = 2;
    model.stacks = deep;
    model.n_stacks = DEPTH + 1;

    json_t *tree = tree_of(&model, GW_HTML_CULPRITS, 0);
    size_t n_frames = 0;
    for (json_t *node = tree; node; node = json_array_get(json_object_get(node, "c"), 0)) {
        assert_int_equal(json_integer_value(json_object_get(node, "v")), 7);
        if (!json_object_get(node, "k"))
            n_frames++;
    }
    assert_int_equal(n_frames, 2 * DEPTH);
    json_decref(tree);
    free(deep);
}

static bool same_node(json_t *a, json_t *b)
{
    static const char *const keys[] = {"k", "n", "f", "l", "t"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        json_t *left = json_object_get(a, keys[i]), *right = json_object_get(b, keys[i]);
        if ((left || right) && !json_equal(left, right))
            return false;
    }
    return true;
}

/* No part is larger than its whole, and no two siblings are the same. */
static void assert_sound(json_t *node)
{
    json_t *children = json_object_get(node, "c");
    json_int_t sum = 0;
    for (size_t i = 0; i < json_array_size(children); i++) {
        json_t *child = json_array_get(children, i);
        sum += json_integer_value(json_object_get(child, "v"));
        for (size_t j = 0; j < i; j++)
            assert_false(same_node(child, json_array_get(children, j)));
        assert_sound(child);
    }
    assert_true(sum <= json_integer_value(json_object_get(node, "v")));
}

static void test_any_pairs_sum_to_the_wait_of_each_thread(void **state)
{
    (void)state;
    enum { N_PAIRS = 400, N_STACKS = 60 };
    struct gw_model_stack some_stacks[N_STACKS] = {{0}};
    struct gw_model_pair pairs[N_PAIRS];
    uint64_t wait[COUNT(threads)] = {0}, total = 0;
    srand(7);
    for (uint32_t i = 1; i < N_STACKS; i++) {
        uint32_t parent = (uint32_t)rand() % i;
        some_stacks[i] = (struct gw_model_stack){.parent = parent,
                                                 .function = 1 + (uint32_t)rand() % 4,
                                                 .line = i,
                                                 .depth = some_stacks[parent].depth + 1};
    }
    for (size_t i = 0; i < N_PAIRS; i++) {
        uint32_t waiter = (uint32_t)rand() % COUNT(threads);
        uint32_t stack = (uint32_t)rand() % N_STACKS;
        uint64_t ns = (uint64_t)rand() % 1000;
        pairs[i] = rand() % 5 == 0 ? without_holder(waiter, stack, GW_BLAME_HANDOFF, ns)
                                   : held(waiter, stack, (uint32_t)rand() % COUNT(threads),
                                          (uint32_t)rand() % N_STACKS, ns);
        wait[waiter] += ns;
        total += ns;
    }
    struct gw_model model = model_of(pairs, N_PAIRS);
    model.stacks = some_stacks;
    model.n_stacks = N_STACKS;

    json_t *victims = tree_of(&model, GW_HTML_VICTIMS, 0);
    assert_sound(victims);
    for (uint32_t i = 0; i < COUNT(threads); i++) {
        json_t *thread = json_array_get(json_object_get(victims, "c"), i);
        assert_int_equal(json_integer_value(json_object_get(thread, "v")), wait[i]);
    }
    json_t *culprits = tree_of(&model, GW_HTML_CULPRITS, 0.001);
    assert_sound(culprits);
    assert_int_equal(json_integer_value(json_object_get(culprits, "v")), total);

    /* Folding step by step is folding at once. */
    double fold_share = 0.001;
    json_t *stepwise = gw_html_tree_json(&model, GW_HTML_CULPRITS, 100, &fold_share);
    assert_true(fold_share > 0.004);
    json_t *at_once = tree_of(&model, GW_HTML_CULPRITS, fold_share);
    assert_true(json_equal(stepwise, at_once));
    json_decref(victims);
    json_decref(culprits);
    json_decref(stepwise);
    json_decref(at_once);
}

/* Both graphs have the pairs with a shown thread on either side, so that their widths are alike. */
static void test_some_threads_only(void **state)
{
    (void)state;
    const struct gw_model_pair pairs[] = {
        held(0, IN_HANDLE, 2, IN_RUN, 10),
        held(1, IN_HANDLE, 2, IN_RUN, 20),
        held(1, IN_HANDLE, 0, IN_HANDLE, 40),
        without_holder(1, IN_HANDLE, GW_BLAME_HANDOFF, 80),
        without_holder(0, IN_HANDLE, GW_BLAME_HANDOFF, 160),
    };
    struct gw_model_thread some[COUNT(threads)];
    struct gw_model model = model_of(pairs, COUNT(pairs));

    memcpy(some, threads, sizeof some);
    some[1].hidden = some[2].hidden = true;
    model.threads = some;
    model.shown = WORKER_1;
    assert_tree(tree_of(&model, GW_HTML_VICTIMS, 0),
                "all=210(thread:worker-1=170(:handle=170(link=170(thread:builder=10(:run=10) "
                "handoff=160))) thread:worker-2=40(:handle=40(link=40(thread:worker-1=40("
                ":handle=40)))))");
    json_t *culprits = tree_of(&model, GW_HTML_CULPRITS, 0);
    assert_int_equal(json_integer_value(json_object_get(culprits, "v")), 210);
    json_decref(culprits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_become_paths_in_both_directions),
        cmocka_unit_test(test_wait_without_holder_is_said),
        cmocka_unit_test(test_no_wait_is_an_empty_tree),
        cmocka_unit_test(test_several_processes_stand_above_their_threads),
        cmocka_unit_test(test_a_skipped_child_does_not_count),
        cmocka_unit_test(test_details_of_a_frame),
        cmocka_unit_test(test_small_nodes_are_folded_and_kept_in_the_sums),
        cmocka_unit_test(test_folding_gets_harder_until_the_page_is_light),
        cmocka_unit_test(test_the_deepest_stacks_fit),
        cmocka_unit_test(test_any_pairs_sum_to_the_wait_of_each_thread),
        cmocka_unit_test(test_some_threads_only),
    };
    return cmocka_run_group_tests(tests, make_strings, free_strings);
}
