/* SPDX-License-Identifier: Apache-2.0 */
#include "thread_groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cell.h"
#include "support/capture_text.h"

static const char capture[] =
    "header rate=1000 cpus=2\nprocess 0 pid=1\nprocess 1 pid=2\n"
    "thread 0 tid=1 name=worker-22\nthread 1 tid=2 name=hog\nthread 2 tid=3 name=worker-1\n"
    "thread 3 tid=4\nthread 4 tid=5 name=gone-1\nthread 5 tid=6 process=1 name=worker-7\n"
    "thread 6 tid=7 name=\"a\\x1b9b\"\nthread 7 tid=8 name=7hog\n"
    "block start=0 ticks=10 dt=1000000\ntrack 0 0:io-wait\ntrack 1 0:io-wait\n"
    "track 2 0:io-wait\ntrack 3 0:io-wait\ntrack 6 0:io-wait\ntrack 7 0:io-wait\n"
    "block process=1 start=0 ticks=10 dt=1000000\ntrack 5 0:io-wait\nwrite\nend duration\n";

static struct gw_model *read_capture(const char *text)
{
    struct gw_model *model;

    assert_int_equal(gw_model_read(capture_text_memfd(text), "test", &model, NULL), 0);
    return model;
}

static void assert_labels(const struct gw_model *model, bool by_process, const char *expected)
{
    struct gw_thread_groups *groups = gw_thread_groups_new(model, by_process);
    struct gw_cell cell;

    assert_non_null(groups);
    assert_non_null(gw_cell_begin(&cell));
    for (size_t i = 0; i < groups->n; i++) {
        gw_thread_groups_label(cell.file, model, &groups->groups[i], NULL);
        fputc('\n', cell.file);
    }
    assert_string_equal(gw_cell_text(&cell), expected);
    gw_cell_end(&cell);
    gw_thread_groups_free(groups);
}

static void number_is_the_last_one(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t begin, end;
    } cases[] = {{"worker-12", 7, 9}, {"a1b2c", 3, 4}, {"7", 0, 1}, {"hog", 0, 0}, {"", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t begin, end;
        gw_thread_groups_number(cases[i].name, &begin, &end);
        assert_int_equal(begin, cases[i].begin);
        assert_int_equal(end, cases[i].end);
    }
}

static void groups_of_all_and_of_each_process(void **state)
{
    (void)state;
    struct gw_model *model = read_capture(capture);
    assert_labels(model, false, "thread 4\nhog\n7hog\na\\x1b9b\nworker-* (3 threads)\n");
    assert_labels(model, true, "thread 4\nhog\n7hog\na\\x1b9b\nworker-* (2 threads)\nworker-7\n");
    gw_model_free(model);
}

/* Each group is found in itself by what it is called, also if all numbers are others. */
static void finds_the_group_of_another_capture(void **state)
{
    (void)state;
    struct gw_model *model = read_capture(capture);
    struct gw_model *other =
        read_capture("header rate=1000 cpus=2\nprocess 0 pid=9\nthread 0 tid=9 name=worker-99\n"
                     "thread 1 tid=10 name=worker-\nblock start=0 ticks=10 dt=1000000\n"
                     "track 0 0:io-wait\ntrack 1 0:io-wait\nwrite\nend duration\n");
    struct gw_thread_groups *groups = gw_thread_groups_new(model, false);
    struct gw_thread_groups *others = gw_thread_groups_new(other, false);

    for (size_t i = 0; i < groups->n; i++)
        assert_ptr_equal(gw_thread_groups_find(groups, model, model, &groups->groups[i]),
                         &groups->groups[i]);
    assert_int_equal(others->n, 2); /* "worker-" has no number */
    assert_null(gw_thread_groups_find(groups, model, other, &others->groups[0]));
    assert_ptr_equal(gw_thread_groups_find(groups, model, other, &others->groups[1]),
                     &groups->groups[4]);
    gw_thread_groups_free(others);
    gw_thread_groups_free(groups);
    gw_model_free(other);
    gw_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_is_the_last_one),
        cmocka_unit_test(groups_of_all_and_of_each_process),
        cmocka_unit_test(finds_the_group_of_another_capture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
