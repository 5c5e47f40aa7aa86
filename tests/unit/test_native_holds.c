/* SPDX-License-Identifier: Apache-2.0 */
#include "native_holds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/selection.h"
#include "support/capture_text.h"

#define MS 1000000ull

/* The hog holds the GIL for 10 ms in zlib.compress, the last 2 of them asleep in `flush`, and the
 * waiter waits for it all the time. Stops found it three times in `deflate`, once of these in
 * memcpy, and once in `crc32`; and once more when it had let go; and the waiter once. One was
 * before the part from 1 ms on. */
static const char capture[] = "header rate=1000\nprocess 0 pid=1\n"
                              "thread 0 tid=1 name=waiter\nthread 1 tid=2 name=hog\ngil 0\n"
                              "function 1 main f.py 1\nfunction 2 zlib.compress \"\" 0 kind=1\n"
                              "function 3 deflate libz.so.1 0 kind=2\n"
                              "function 4 crc32 libz.so.1 0 kind=2\n"
                              "function 5 flush libz.so.1 0 kind=2\n"
                              "function 6 compress zlib.so 0 kind=2\n"
                              "function 7 memcpy libc.so.6 0 kind=2\n"
                              "stack 1 0 1 2\nstack 2 1 2 0\nstack 3 2 6 0\n"
                              "stack 4 3 3 0\nstack 5 3 4 0\nstack 6 3 5 0\nstack 7 4 7 0\n"
                              "block start=0 ticks=10 dt=1000000\n"
                              "track 0 0:gil-wait:1\n"
                              "track 1 0:gil-running:2 8:gil-blocked:6\n"
                              "holders 0 0:1\n"
                              "native 1 4 at=500000 holds=1\nnative 1 7 at=2500000 holds=1\n"
                              "native 0 3 at=3000000\nnative 1 5 at=3500000 holds=1\n"
                              "native 1 3 at=4500000\nnative 1 4 at=6500000 holds=1\n"
                              "write\nend duration\n";

static struct gw_model *read_part(struct gw_selection *selection)
{
    struct gw_model *model = NULL;
    struct gw_diag diag = {0};
    assert_int_equal(
        gw_selection_read(capture_text_memfd(capture), "test", selection, &model, &diag), 0);
    assert_int_equal(gw_model_check(model, &diag), 0);
    return model;
}

static void check_row(const struct gw_model *model, const struct gw_native_hold *row,
                      const char *name, uint64_t ns, uint32_t stops)
{
    assert_string_equal(gw_model_text(model, model->functions[row->function].name), name);
    assert_string_equal(gw_model_text(model, model->functions[row->call].name), "zlib.compress");
    assert_int_equal(row->ns, ns);
    assert_int_equal(row->wait_ns, ns);
    assert_int_equal(row->stops, stops);
}

static void test_parts_of_a_call(void **state)
{
    (void)state;
    struct gw_model *model = read_part(&(struct gw_selection){0});
    struct gw_native_holds *holds = gw_native_holds_new(model);
    assert_non_null(holds);
    assert_int_equal(holds->stops, 4);
    assert_int_equal(holds->held_ns, 10 * MS);
    assert_int_equal(holds->unseen_ns, 0);
    assert_int_equal(holds->n, 3);
    check_row(model, &holds->rows[0], "deflate", 6 * MS, 3);
    /* 8 ms x 1.96 x sqrt(p (1 - p) / n), n = 4 + 1.96^2, p = (3 + 1.96^2 / 2) / n */
    assert_in_range(holds->rows[0].margin_ns, 2706000, 2708000);
    check_row(model, &holds->rows[1], "crc32", 2 * MS, 1);
    check_row(model, &holds->rows[2], "flush", 2 * MS, 0);
    gw_native_holds_free(holds);
    gw_model_free(model);
}

/* Native frames stand in no other table, so nothing else depends on them. */
static void test_no_other_table_has_them(void **state)
{
    (void)state;
    struct gw_model *model = read_part(&(struct gw_selection){0});
    for (size_t i = 0; i < model->n_slices; i++)
        assert_int_not_equal(model->functions[model->stacks[model->slices[i].stack].function].kind,
                             GW_FUNCTION_NATIVE);
    for (size_t i = 0; i < model->n_pairs; i++)
        assert_string_equal(
            gw_model_text(
                model,
                model->functions[gw_model_c_function(model, model->pairs[i].holder_stack)].name),
            "zlib.compress");
    gw_model_free(model);
}

static void test_part_of_the_time(void **state)
{
    struct gw_selection selection = {.from = {.given = true, .ns = MS}};
    (void)state;
    struct gw_model *model = read_part(&selection);
    struct gw_native_holds *holds = gw_native_holds_new(model);
    assert_non_null(holds);
    assert_int_equal(holds->stops, 3);
    assert_int_equal(holds->held_ns, 9 * MS);
    gw_native_holds_free(holds);
    gw_model_free(model);
}

/* Neither stops nor held time of a thread that is not shown. */
static void test_other_threads(void **state)
{
    struct gw_selection selection = {.threads = {"waiter"}, .n_threads = 1};
    (void)state;
    struct gw_model *model = read_part(&selection);
    struct gw_native_holds *holds = gw_native_holds_new(model);
    assert_non_null(holds);
    assert_int_equal(holds->n, 0);
    assert_int_equal(holds->stops, 0);
    assert_int_equal(holds->held_ns, 0);
    gw_native_holds_free(holds);
    gw_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_of_a_call),
        cmocka_unit_test(test_no_other_table_has_them),
        cmocka_unit_test(test_part_of_the_time),
        cmocka_unit_test(test_other_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
