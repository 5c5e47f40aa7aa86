/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/strtab.h"

static int new_table(void **state)
{
    *state = gw_strtab_new();
    return *state ? 0 : -1;
}

static int free_table(void **state)
{
    gw_strtab_free(*state);
    return 0;
}

static void first_string_is_empty(void **state)
{
    struct gw_strtab *table = *state;
    assert_int_equal(gw_strtab_count(table), 1);
    assert_string_equal(gw_strtab_text(table, 0), "");
    assert_int_equal(gw_strtab_intern(table, ""), 0);
}

static void each_text_once(void **state)
{
    struct gw_strtab *table = *state;
    char text[] = "worker";
    assert_int_equal(gw_strtab_intern(table, text), 1);
    assert_int_equal(gw_strtab_intern(table, "Worker"), 2);
    assert_int_equal(gw_strtab_intern(table, "work"), 3);
    text[0] = 'x'; /* the table has a copy */
    assert_int_equal(gw_strtab_intern(table, "worker"), 1);
    assert_string_equal(gw_strtab_text(table, 1), "worker");
    assert_int_equal(gw_strtab_count(table), 4);
}

/* What is interned between two ticks may be used much later. */
static void texts_stay_where_they_are(void **state)
{
    struct gw_strtab *table = *state;
    const char *first;
    char text[32];
    assert_int_equal(gw_strtab_intern(table, "first"), 1);
    first = gw_strtab_text(table, 1);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "text number %u", i);
        assert_int_equal(gw_strtab_reserve(table, 1, strlen(text)), 0);
        assert_int_equal(gw_strtab_intern(table, text), i + 2);
    }
    assert_ptr_equal(gw_strtab_text(table, 1), first);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "text number %u", i);
        assert_string_equal(gw_strtab_text(table, i + 2), text);
        assert_int_equal(gw_strtab_intern(table, text), i + 2);
    }
}

/* Reserved for n strings of so many bytes: exactly these fit. */
static void reserved_room_is_there(void **state)
{
    struct gw_strtab *table = *state;
    enum { N = 300 };
    static char texts[N][GW_MAX_STRING + 1];
    assert_int_equal(gw_strtab_reserve(table, N, (size_t)N * GW_MAX_STRING), 0);
    for (unsigned i = 0; i < N; i++) {
        memset(texts[i], 'a', GW_MAX_STRING);
        texts[i][i] = 'b';
        assert_int_equal(gw_strtab_intern(table, texts[i]), i + 1);
    }
}

static void without_room_nothing_is_added(void **state)
{
    struct gw_strtab *table = *state;
    char text[32];
    int64_t id;
    unsigned n = 0;
    do {
        snprintf(text, sizeof text, "%u", n++);
        id = gw_strtab_intern(table, text);
    } while (id > 0);
    assert_int_equal(id, -GW_E_LIMIT);
    uint32_t count = gw_strtab_count(table);
    assert_int_equal(count, n);
    assert_int_equal(gw_strtab_intern(table, "0"), 1);
    assert_int_equal(gw_strtab_reserve(table, 1, strlen(text)), 0);
    assert_int_equal(gw_strtab_intern(table, text), count);
}

/* Few strings, but long ones: it is the bytes that run out. */
static void without_room_for_bytes_nothing_is_added(void **state)
{
    struct gw_strtab *table = *state;
    static char text[GW_MAX_STRING + 1];
    memset(text, 'a', GW_MAX_STRING);
    unsigned n = 0;
    do
        text[n++] = 'b';
    while (gw_strtab_intern(table, text) > 0);
    uint32_t count = gw_strtab_count(table);
    assert_int_equal(count, n);
    assert_in_range(count, 8, 32); /* of the 64 strings a new table has room for */
    assert_int_equal(gw_strtab_intern(table, "short"), count);
    assert_int_equal(gw_strtab_reserve(table, 1, GW_MAX_STRING), 0);
    assert_int_equal(gw_strtab_intern(table, text), count + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_string_is_empty, new_table, free_table),
        cmocka_unit_test_setup_teardown(each_text_once, new_table, free_table),
        cmocka_unit_test_setup_teardown(texts_stay_where_they_are, new_table, free_table),
        cmocka_unit_test_setup_teardown(reserved_room_is_there, new_table, free_table),
        cmocka_unit_test_setup_teardown(without_room_nothing_is_added, new_table, free_table),
        cmocka_unit_test_setup_teardown(without_room_for_bytes_nothing_is_added, new_table,
                                        free_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
