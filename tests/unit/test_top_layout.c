/* SPDX-License-Identifier: Apache-2.0 */
/* The screen of `top` as text: from a capture to lines, at two sizes of the window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/columns.h"
#include "support/capture_text.h"
#include "top_layout.h"

#define S 1000000000ull

/* Four blocks of half a second. The worker waits in the second half of each for the hog; a thread
 * with a hostile name sleeps. */
static const char definitions[] =
    "header rate=20\nprocess 0 pid=4711 python=3.12.1 exe=/usr/bin/python3\n"
    "thread 0 tid=1 name=hog\nthread 1 tid=2 name=worker-1\n"
    "thread 2 tid=3 name=\"\\x1b[31m\\n作業者作業者作業者作業者\"\ngil 0\n"
    "function 1 build_report /srv/app/reports.py 80\nfunction 2 handle /srv/app/server.py 10\n"
    "stack 1 0 1 86\nstack 2 0 2 12\n";
static const char block[] = "block start=%llu ticks=10 dt=50000000\n"
                            "track 0 0:gil-running:1\n"
                            "track 1 0:io-wait:2 5:gil-wait:2\ntrack 2 0:sleep:2\n"
                            "holders 0 switches=60 0:0\nquality own_cpu=5000000\nwrite\n";

static struct gw_top_view *view;
static struct gw_top_frame frame;

static int setup(void **state)
{
    char text[4096];
    struct gw_capture_reader *reader;
    struct gw_chunk chunk;
    struct gw_live *live;
    size_t n = (size_t)snprintf(text, sizeof text, "%s", definitions);

    (void)state;
    gw_columns_init();
    for (unsigned long long i = 0; i < 4; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, block, i * (S / 2));
    if (gw_capture_reader_new(capture_text_memfd(text), &reader) < 0 ||
        gw_live_new(10 * S, &live) < 0)
        return -1;
    while (gw_capture_reader_next(reader, &chunk) > 0)
        if (gw_live_take(live, &chunk) < 0)
            return -1;
    int rc = gw_top_view_new(live, S, 5 * S, &view);
    gw_live_free(live);
    gw_capture_reader_free(reader);
    return rc;
}

static int teardown(void **state)
{
    (void)state;
    gw_top_frame_fini(&frame);
    gw_top_view_free(view);
    return 0;
}

static struct gw_top_ui begin(void)
{
    return gw_top_ui_begin(1, 5);
}

/* What every screen must be: of the window's size, without anything that speaks to a terminal. */
static void lay_out(const struct gw_top_ui *ui, size_t columns, size_t rows)
{
    gw_top_frame_fini(&frame);
    assert_int_equal(gw_top_layout(view, ui, columns, rows, &frame), 0);
    assert_int_equal(frame.n, rows);
    for (size_t i = 0; i < frame.n; i++) {
        const struct gw_top_line *line = &frame.lines[i];
        assert_true(gw_columns_width(line->text) <= columns);
        for (const char *at = line->text; *at; at++)
            assert_true((unsigned char)*at >= ' ');
        for (size_t m = 1; m < line->n_marks; m++)
            assert_true(line->marks[m].at >= line->marks[m - 1].at);
    }
}

static void assert_line(size_t at, const char *expected)
{
    char text[512];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", frame.lines[at].text);

    while (len > 0 && text[len - 1] == ' ')
        text[--len] = '\0';
    assert_string_equal(text, expected);
}

static void test_threads_at_80_by_24(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    lay_out(&ui, 80, 24);
    assert_line(0,
                "pid 4711  python3  Python 3.12.1                                      last 2.0 s");
    assert_line(1, "GIL busy 100 %  waiters 0.5  switches 120/s   recorder 1.0 % CPU, 20/s");
    assert_line(2, "H has GIL  G wants GIL  N native  C wants CPU  I I/O  - idle  ? unknown");
    assert_line(3, "thread            wait 1s    *5s  what it did     where it is now");
    assert_line(4, "worker-1             50 %   50 %  GGGGGGGIIIIIII  G handle (app/server.py:12)");
    assert_line(5,
                "hog                 0.0 %  0.0 %  HHHHHHHHHHHHHH  H build_report (app/reports.p…");
    assert_line(6,
                "\\x1b[31m\\n作業…     0.0 %  0.0 %  --------------  - handle (app/server.py:12)");
    assert_line(7, "");
    assert_line(23,
                "t threads  f functions  p pairs  s sort  / filter  space freeze  ? help  q quit");
}

static void test_threads_at_40_by_10(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    lay_out(&ui, 40, 10);
    assert_line(0, "pid 4711  python3  Python 3…  last 2.0 s");
    assert_line(1, "GIL 100 %  waiters 0.5  switches 120/s");
    assert_line(2, "recorder 1.0 % CPU, 20/s");
    assert_line(3, "thread       *wait  what it…  where it …");
    assert_line(4, "worker-1      50 %  GGGGIIII  G handle …");
    assert_line(9, "t  f  p  s sort  / find  ? help  q quit");
}

static void test_functions_and_pairs(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    gw_top_ui_key(&ui, 'f');
    lay_out(&ui, 80, 24);
    assert_line(2, "  *in it  with callees  function that makes others wait for the GIL");
    assert_line(3, "   100 %         100 %  build_report (app/reports.py:80)");
    gw_top_ui_key(&ui, 'p');
    lay_out(&ui, 80, 24);
    assert_line(2, "   *wait  thread              waits for           which is in");
    assert_line(3,
                "   100 %  worker-1            hog                 build_report (app/reports.py:…");
    lay_out(&ui, 40, 10);
    assert_line(4, " 100 %  worker-1    hog         build_r…");
}

/* The bar's letters are in the colours of their classes. */
static void test_states_have_styles(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    lay_out(&ui, 80, 24);
    const struct gw_top_line *line = &frame.lines[4];
    assert_int_equal(line->n_marks, 5);
    assert_int_equal(line->marks[0].style, GW_TOP_WANTS_GIL);
    assert_int_equal(line->text[line->marks[0].at], 'G');
    assert_int_equal(line->marks[1].style, GW_TOP_IO);
    assert_int_equal(line->text[line->marks[1].at], 'I');
    assert_int_equal(line->marks[2].style, GW_TOP_PLAIN);
}

static void test_sort_goes_round(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    gw_top_ui_key(&ui, 's'); /* where */
    lay_out(&ui, 80, 24);
    assert_non_null(strstr(frame.lines[3].text, "*where it is now"));
    assert_non_null(strstr(frame.lines[4].text, "- handle"));
    gw_top_ui_key(&ui, 's'); /* name */
    lay_out(&ui, 80, 24);
    assert_non_null(strstr(frame.lines[3].text, "*thread"));
    assert_non_null(strstr(frame.lines[5].text, "hog"));
    gw_top_ui_key(&ui, 's');
    gw_top_ui_key(&ui, 's');
    lay_out(&ui, 80, 24);
    assert_non_null(strstr(frame.lines[3].text, "*5s"));
    assert_non_null(strstr(frame.lines[4].text, "worker-1"));
}

static void press(struct gw_top_ui *ui, const char *keys)
{
    for (; *keys; keys++)
        assert_int_equal(gw_top_ui_key(ui, (unsigned char)*keys), GW_TOP_DRAW);
}

static void test_filter(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    press(&ui, "/WORKEs");
    lay_out(&ui, 80, 24);
    assert_line(4, "no row has that text in it");
    assert_line(23, "/WORKEs_  (Enter: done, Esc: all rows)");
    press(&ui, "\x7f"
               "r\n");
    lay_out(&ui, 80, 24);
    assert_non_null(strstr(frame.lines[4].text, "worker-1"));
    assert_line(5, "");
    assert_line(22, "only rows with 'WORKEr'");
    press(&ui, "/\x1b");
    lay_out(&ui, 80, 24);
    assert_non_null(strstr(frame.lines[5].text, "hog"));
    press(&ui, "/\xe4\x1b"); /* a part of a character, and 8-bit input */
    press(&ui, "/\xe4");
    lay_out(&ui, 80, 24);
    assert_line(23, "/\\xe4_  (Enter: done, Esc: all rows)");
}

static void test_freeze_help_and_quit(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    press(&ui, " ?");
    assert_true(ui.frozen);
    lay_out(&ui, 80, 24);
    assert_line(2, "t f p  threads, functions, pairs");
    assert_line(22, "frozen: space goes on");
    press(&ui, "? ");
    lay_out(&ui, 80, 24);
    assert_non_null(strstr(frame.lines[4].text, "worker-1"));
    assert_false(ui.frozen);
    assert_int_equal(gw_top_ui_key(&ui, 'r'), GW_TOP_RESET);
    assert_int_equal(gw_top_ui_key(&ui, 'q'), GW_TOP_QUIT);
}

static void test_why_it_ended(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    snprintf(ui.status, sizeof ui.status, "the target\x1b has ended");
    lay_out(&ui, 80, 24);
    assert_line(22, "the target\\x1b has ended (q quits)");
}

/* Whatever the window: no line too long, none too many. */
static void test_any_size(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    for (size_t columns = 1; columns < 130; columns += 3)
        for (size_t rows = 1; rows < 9; rows++)
            for (const char *key = "tfp? "; *key; key++) {
                gw_top_ui_key(&ui, *key);
                lay_out(&ui, columns, rows);
            }
}

static void test_rows_that_find_no_place(void **state)
{
    struct gw_top_ui ui = begin();

    (void)state;
    lay_out(&ui, 80, 7);
    assert_non_null(strstr(frame.lines[4].text, "worker-1"));
    assert_line(5, "... and 2 more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_at_80_by_24),
        cmocka_unit_test(test_threads_at_40_by_10),
        cmocka_unit_test(test_functions_and_pairs),
        cmocka_unit_test(test_states_have_styles),
        cmocka_unit_test(test_sort_goes_round),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_freeze_help_and_quit),
        cmocka_unit_test(test_why_it_ended),
        cmocka_unit_test(test_any_size),
        cmocka_unit_test(test_rows_that_find_no_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
