/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

#include "base/limits.h"

static const char cut_mark[] = "\xe2\x80\xa6"; /* "…" in UTF-8 */
#define MARK_LEN (sizeof cut_mark - 1)

/* Where a text is written to, a whole character or escape at a time. */
struct writer {
    char *out;
    size_t len;
    size_t max;     /* bytes that may be written, without mark and NUL */
    size_t max_cut; /* the same, if a mark has to follow */
    size_t len_cut; /* the last boundary not after max_cut */
    bool full;
};

static struct writer writer_of(char *out, size_t cap)
{
    size_t room = cap - 1;
    return (struct writer){
        .out = out,
        .max = room < GW_MAX_STRING ? room : GW_MAX_STRING,
        .max_cut = room - MARK_LEN < GW_MAX_STRING ? room - MARK_LEN : GW_MAX_STRING,
    };
}

static void put(struct writer *writer, const char *piece, size_t len)
{
    if (writer->full || len > writer->max - writer->len) {
        writer->full = true;
        return;
    }
    memcpy(writer->out + writer->len, piece, len);
    writer->len += len;
    if (writer->len <= writer->max_cut)
        writer->len_cut = writer->len;
}

static size_t finish(struct writer *writer)
{
    if (writer->full) {
        memcpy(writer->out + writer->len_cut, cut_mark, MARK_LEN);
        writer->len = writer->len_cut + MARK_LEN;
    }
    writer->out[writer->len] = '\0';
    return writer->len;
}

/* A backslash, the letter, and the value in so many hexadecimal digits. */
static void put_escaped(struct writer *writer, char letter, unsigned n_digits, uint32_t value)
{
    char escape[10] = {'\\', letter};
    for (unsigned i = 0; i < n_digits; i++)
        escape[2 + i] = "0123456789abcdef"[value >> 4 * (n_digits - 1 - i) & 0xf];
    put(writer, escape, 2 + n_digits);
}

static bool is_surrogate(uint32_t code)
{
    return code >= 0xd800 && code <= 0xdfff;
}

/* A code point as UTF-8; a NUL would end the string, so it is escaped as well. */
static void put_code(struct writer *writer, uint32_t code)
{
    if (code == 0) {
        put_escaped(writer, 'x', 2, 0);
    } else if (code < 0x80) {
        put(writer, (const char[]){(char)code}, 1);
    } else if (code < 0x800) {
        put(writer, (const char[]){(char)(0xc0 | code >> 6), (char)(0x80 | (code & 0x3f))}, 2);
    } else if (is_surrogate(code)) {
        put_escaped(writer, 'u', 4, code);
    } else if (code < 0x10000) {
        put(writer,
            (const char[]){(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 0x3f)),
                           (char)(0x80 | (code & 0x3f))},
            3);
    } else if (code <= 0x10ffff) {
        put(writer,
            (const char[]){(char)(0xf0 | code >> 18), (char)(0x80 | (code >> 12 & 0x3f)),
                           (char)(0x80 | (code >> 6 & 0x3f)), (char)(0x80 | (code & 0x3f))},
            4);
    } else {
        put_escaped(writer, 'U', 8, code);
    }
}

/* Decode one character of UTF-8. Returns its length, or 0 if the bytes are none: a stray or missing
 * continuation, a longer form than needed, a surrogate, more than U+10FFFF. */
static size_t decode(const uint8_t *bytes, size_t len, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = bytes[0];
    size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (n == 0 || n > len || first >= 0xf8)
        return 0;
    uint32_t value = n == 1 ? first : first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < smallest[n] || value > 0x10ffff || is_surrogate(value))
        return 0;
    *code = value;
    return n;
}

size_t gw_text_from_bytes(const uint8_t *bytes, size_t len, char *out, size_t cap)
{
    struct writer writer = writer_of(out, cap);
    for (size_t at = 0; at < len && !writer.full;) {
        uint32_t code;
        size_t n = decode(bytes + at, len - at, &code);
        if (n > 0)
            put_code(&writer, code);
        else
            put_escaped(&writer, 'x', 2, bytes[at]);
        at += n > 0 ? n : 1;
    }
    return finish(&writer);
}

static uint32_t unit_at(const uint8_t *units, size_t index, unsigned width)
{
    if (width == 1)
        return units[index];
    if (width == 2) {
        uint16_t unit;
        memcpy(&unit, units + index * sizeof unit, sizeof unit);
        return unit;
    }
    uint32_t unit;
    memcpy(&unit, units + index * sizeof unit, sizeof unit);
    return unit;
}

size_t gw_text_from_units(const uint8_t *units, size_t n_units, unsigned width, char *out,
                          size_t cap)
{
    struct writer writer = writer_of(out, cap);
    for (size_t i = 0; i < n_units && !writer.full; i++)
        put_code(&writer, unit_at(units, i, width));
    return finish(&writer);
}
