/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

#define MARK "\xe2\x80\xa6"

static void expect_bytes(const char *bytes, size_t len, const char *expected)
{
    char out[GW_TEXT_ROOM];
    memset(out, '#', sizeof out);
    assert_int_equal(gw_text_from_bytes((const uint8_t *)bytes, len, out, sizeof out),
                     strlen(expected));
    assert_string_equal(out, expected);
}

static void test_good_text_stays(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "plain; text\\with\nall \x7f",
        "\xc2\x80 \xdf\xbf",
        "\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf",
        "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        expect_bytes(good[i], strlen(good[i]), good[i]);
}

static void test_bad_bytes_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *expected;
    } cases[] = {
        {"a\x80z", "a\\x80z"},
        {"\xff", "\\xff"},
        {"\xc3", "\\xc3"},                                     /* cut */
        {"\xe2\x82", "\\xe2\\x82"},                            /* cut */
        {"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},                   /* cut */
        {"\xc3(", "\\xc3("},                                   /* no continuation */
        {"\xc0\xaf", "\\xc0\\xaf"},                            /* longer than needed */
        {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},                   /* longer than needed */
        {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},          /* longer than needed */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                   /* a surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},          /* beyond Unicode */
        {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"}, /* five bytes */
        {"\xe2\xc3\xa9", "\\xe2\xc3\xa9"},                     /* good after bad */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_bytes(cases[i].bytes, strlen(cases[i].bytes), cases[i].expected);
    expect_bytes("a\0b", 3, "a\\x00b");
    /* What lies behind the end would complete it. */
    expect_bytes("\xe2\x82\xac", 2, "\\xe2\\x82");
}

static void test_units(void **state)
{
    (void)state;
    char out[64];
    static const uint8_t latin[] = {'a', 0xe9, 0xff};
    assert_int_equal(gw_text_from_units(latin, 3, 1, out, sizeof out), 5);
    assert_string_equal(out, "a\xc3\xa9\xc3\xbf");
    /* Two surrogates in a str are two lone surrogates: PEP 393 strings have no pairs. */
    static const uint16_t ucs2[] = {'a', 0x20ac, 0xd83d, 0xde00, 0};
    gw_text_from_units((const uint8_t *)ucs2, 5, 2, out, sizeof out);
    assert_string_equal(out, "a\xe2\x82\xac\\ud83d\\ude00\\x00");
    static const uint32_t ucs4[] = {0x1f600, 0xdfff, 0x110000, 0xffffffff, 'z'};
    gw_text_from_units((const uint8_t *)ucs4, 5, 4, out, sizeof out);
    assert_string_equal(out, "\xf0\x9f\x98\x80\\udfff\\U00110000\\Uffffffffz");
    assert_int_equal(gw_text_from_units(NULL, 0, 4, out, sizeof out), 0);
    assert_string_equal(out, "");
}

/* What fits is not cut; what does not is cut at a character and marked, and nothing is written past
 * the room. */
static void test_cut(void **state)
{
    (void)state;
    char out[40];
    memset(out, '#', sizeof out);
    static const char exact[] = "0123456789012345678901234567890"; /* 31 */
    assert_int_equal(gw_text_from_bytes((const uint8_t *)exact, 31, out, 32), 31);
    assert_string_equal(out, exact);
    assert_int_equal(out[32], '#');
    static const char longer[] = "012345678901234567890123456\xc3\xa9zzz"; /* 32 bytes */
    assert_int_equal(gw_text_from_bytes((const uint8_t *)longer, 32, out, 32), 30);
    assert_string_equal(out, "012345678901234567890123456" MARK);
    static const char escape[] = "01234567890123456789012345\xff\xff"; /* 34 when escaped */
    assert_int_equal(gw_text_from_bytes((const uint8_t *)escape, 28, out, 32), 29);
    assert_string_equal(out, "01234567890123456789012345" MARK);
    assert_int_equal(out[32], '#');
}

static void test_longest(void **state)
{
    (void)state;
    static uint8_t bytes[GW_MAX_STRING + 1];
    static char out[GW_TEXT_ROOM];
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(gw_text_from_bytes(bytes, GW_MAX_STRING, out, sizeof out), GW_MAX_STRING);
    assert_int_equal(out[GW_MAX_STRING - 1], 'x');
    assert_int_equal(gw_text_from_bytes(bytes, GW_MAX_STRING + 1, out, sizeof out),
                     GW_MAX_STRING + 3);
    assert_string_equal(out + GW_MAX_STRING, MARK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_text_stays), cmocka_unit_test(test_bad_bytes_are_escaped),
        cmocka_unit_test(test_units),           cmocka_unit_test(test_cut),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
