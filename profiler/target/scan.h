/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading numbers off the front of a text from /proc. Like the readers of base/span.h: false means
 * nothing was taken and *out was left alone.
 */
#ifndef GW_TARGET_SCAN_H
#define GW_TARGET_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* This one character. */
static inline bool gw_scan_char(struct gw_span *text, char c)
{
    return text->len > 0 && text->at[0] == (uint8_t)c && gw_span_skip(text, 1);
}

static inline void gw_scan_spaces(struct gw_span *text)
{
    while (gw_scan_char(text, ' ') || gw_scan_char(text, '\t'))
        continue;
}

/* The value of a digit in base 16, or 16 if it is none. */
static inline unsigned gw_scan_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10u;
    return 16;
}

/* A number without sign in base 10 or 16 (lower case, no "0x"). False also if it exceeds 64 bits.
 */
static inline bool gw_scan_u64(struct gw_span *text, unsigned base, uint64_t *out)
{
    uint64_t value = 0;
    size_t n = 0;
    for (; n < text->len; n++) {
        unsigned digit = gw_scan_digit(text->at[n]);
        if (digit >= base)
            break;
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value))
            return false;
    }
    if (n == 0)
        return false;
    *out = value;
    return gw_span_skip(text, n);
}

/* A number in base 10 that may have a minus sign and fits 64 bits with it. */
static inline bool gw_scan_i64(struct gw_span *text, int64_t *out)
{
    struct gw_span rest = *text;
    bool negative = gw_scan_char(&rest, '-');
    uint64_t value;
    if (!gw_scan_u64(&rest, 10, &value) || value > INT64_MAX)
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    *text = rest;
    return true;
}

/* "0x" and a number in base 16. */
static inline bool gw_scan_hex(struct gw_span *text, uint64_t *out)
{
    struct gw_span rest = *text;
    if (!gw_scan_char(&rest, '0') || !gw_scan_char(&rest, 'x') || !gw_scan_u64(&rest, 16, out))
        return false;
    *text = rest;
    return true;
}

#endif
