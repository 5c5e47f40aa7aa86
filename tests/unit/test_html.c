/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "html.h"
#include "html_template.h"
#include "model/selection.h"
#include "support/capture_text.h"

/* Names as a hostile target would choose them. */
static const char hostile[] =
    "header rate=1000 cpus=2 realtime=1790000000000000000 monotonic=5000000000\n"
    "process 0 pid=100 python=3.12.1\n"
    "thread 0 tid=100 name=\"</script><img src=x onerror=alert(1)>\"\n"
    "thread 1 tid=101 name=\"@GW_DATA@ \\\"quoted\\\" & 'so'\"\n"
    "gil 0\n"
    "function 1 \"<b>build</b>\" \"/srv/<!--/server.py\" 80\n"
    "function 2 handle \"/srv/\\xc3\\xa9.py\" 10\n"
    "stack 1 0 1 86\nstack 2 0 2 12\n"
    "block process=0 start=65000000000 ticks=10 dt=1000000\n"
    "track 0 0:gil-running:1:0\n"
    "track 1 0:gil-wait:2:0 7:gil-handoff:2:0 8:io-wait:2\n"
    "holders 0 0:0 7:nobody 8:0\n"
    "write\n";

/* A capture as the page wants it. */
struct world {
    struct gw_model *model;
    struct gw_timeline timeline;
};

static struct world *world_of(const char *text)
{
    struct world *world = calloc(1, sizeof *world);
    struct gw_diag diag = {0};
    assert_non_null(world);
    const struct gw_selection all = {.timeline = &world->timeline};
    assert_int_equal(
        gw_selection_read(capture_text_memfd(text), "test", &all, &world->model, &diag), 0);
    assert_int_equal(gw_timeline_finish(&world->timeline), 0);
    return world;
}

static void free_world(struct world *world)
{
    gw_timeline_fini(&world->timeline);
    gw_model_free(world->model);
    free(world);
}

static json_t *data_of(const struct world *world)
{
    json_t *data = gw_html_data(world->model, &world->timeline);
    assert_non_null(data);
    return data;
}

/* Microseconds of all waits for the GIL in the records of the page. */
static json_int_t wait_us(json_t *data)
{
    json_t *profile = json_object_get(data, "profile");
    json_t *records = json_object_get(profile, "records");
    json_t *kinds = json_object_get(records, "kind"), *us = json_object_get(records, "us");
    json_int_t no_wait = (json_int_t)json_array_size(json_object_get(profile, "kinds")) - 1, sum = 0;

    for (size_t i = 0; i < json_array_size(us); i++)
        if (json_integer_value(json_array_get(kinds, i)) != no_wait)
            sum += json_integer_value(json_array_get(us, i));
    return sum;
}

static void test_the_records_sum_to_the_blame(void **state)
{
    (void)state;
    struct world *world = world_of(hostile);
    json_t *data = data_of(world);
    assert_int_equal(gw_model_total_wait_ns(world->model), 8000000);
    assert_int_equal(wait_us(data), 8000);

    double seconds = 0;
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(data, "blame"), i, pair) seconds +=
        json_number_value(json_object_get(pair, "seconds"));
    assert_true(seconds > 0.00799999 && seconds < 0.00800001);
    json_decref(data);
    free_world(world);
}

static void test_the_page_knows_every_state(void **state)
{
    (void)state;
    struct world *world = world_of(hostile);
    json_t *data = data_of(world);
    json_t *states = json_object_get(json_object_get(data, "vocabulary"), "states");
    assert_int_equal(json_array_size(states), GW_N_STATES);
    bool seen[GW_N_STATES] = {false};
    for (size_t i = 0; i < GW_N_STATES; i++) {
        const char *name = json_string_value(json_object_get(json_array_get(states, i), "name"));
        for (unsigned number = 0; number < GW_N_STATES; number++)
            seen[number] = seen[number] || strcmp(name, gw_state_name(number)) == 0;
    }
    for (unsigned number = 0; number < GW_N_STATES; number++)
        assert_true(seen[number]);
    json_decref(data);
    free_world(world);
}

static void test_nothing_waited_is_a_page_too(void **state)
{
    (void)state;
    struct world *world = world_of("header rate=1000 cpus=2\n"
                                   "process 0 pid=100 python=3.12.1\n"
                                   "write\nend duration\n");
    json_t *data = data_of(world);
    assert_int_equal(wait_us(data), 0);
    json_decref(data);
    free_world(world);
}

/* The page in new memory. */
static char *page_of(const struct world *world, const char *title)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);
    assert_non_null(out);
    assert_int_equal(gw_html_write(world->model, &world->timeline, title, out), 0);
    assert_int_equal(fclose(out), 0);
    return page;
}

static size_t occurrences(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        n++;
    return n;
}

static size_t template_occurrences(const char *word)
{
    size_t size = (size_t)(gw_html_report.end - gw_html_report.begin);
    GW_AUTO_FREE char *text = strndup(gw_html_report.begin, size);
    assert_non_null(text);
    return occurrences(text, word);
}

static void test_names_and_title_are_no_markup(void **state)
{
    (void)state;
    struct world *world = world_of(hostile);
    GW_AUTO_FREE char *page = page_of(world, "</title><script>alert(2)</script> & \"x\"");
    assert_non_null(strstr(
        page, "<title>&lt;/title&gt;&lt;script&gt;alert(2)&lt;/script&gt; &amp; &quot;x&quot;"));
    assert_int_equal(occurrences(page, "<script"), template_occurrences("<script"));
    assert_int_equal(occurrences(page, "</script"), template_occurrences("</script"));
    assert_null(strstr(page, "<img"));
    assert_null(strstr(page, "<b>"));
    free_world(world);
}

static unsigned digit_of(char character)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = strchr(digits, character);
    assert_non_null(found);
    return (unsigned)(found - digits);
}

/* Decode base64 in place; returns the number of bytes. */
static size_t decode(char *text, size_t n)
{
    assert_int_equal(n % 4, 0);
    size_t out = 0;
    for (size_t i = 0; i < n; i += 4) {
        unsigned group = 0, padding = 0;
        for (size_t j = 0; j < 4; j++) {
            padding += text[i + j] == '=';
            group = group << 6 | (text[i + j] == '=' ? 0 : digit_of(text[i + j]));
        }
        for (unsigned j = 0; j < 3 - padding; j++)
            text[out++] = (char)(group >> (16 - 8 * j));
    }
    return out;
}

/* The data of a page, read back as its script reads them. */
static json_t *data_in(char *page)
{
    static const char begin[] = "<script id=\"data\" type=\"application/octet-stream\">";
    char *text = strstr(page, begin);
    assert_non_null(text);
    text += strlen(begin);
    size_t n = decode(text, strcspn(text, "<"));

    static char plain[1 << 16];
    z_stream stream = {.next_in = (Bytef *)text,
                       .avail_in = (uInt)n,
                       .next_out = (Bytef *)plain,
                       .avail_out = sizeof plain};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    json_t *data = json_loadb(plain, stream.total_out, 0, NULL);
    assert_non_null(data);
    return data;
}

static void test_the_data_can_be_read_back(void **state)
{
    (void)state;
    struct world *world = world_of(hostile);
    GW_AUTO_FREE char *page = page_of(world, "test");
    json_t *written = data_in(page);
    json_t *meant = data_of(world);
    static const char *const exact[] = {"profile", "vocabulary", "summary"};
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++)
        assert_true(
            json_equal(json_object_get(written, exact[i]), json_object_get(meant, exact[i])));
    assert_int_equal(json_object_size(written), json_object_size(meant));
    json_decref(written);
    json_decref(meant);
    free_world(world);
}

static void test_a_full_disk_is_told(void **state)
{
    (void)state;
    struct world *world = world_of(hostile);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_int_equal(gw_html_write(world->model, &world->timeline, "test", full), -ENOSPC);
    fclose(full);
    free_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_records_sum_to_the_blame),
        cmocka_unit_test(test_the_page_knows_every_state),
        cmocka_unit_test(test_nothing_waited_is_a_page_too),
        cmocka_unit_test(test_names_and_title_are_no_markup),
        cmocka_unit_test(test_the_data_can_be_read_back),
        cmocka_unit_test(test_a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
