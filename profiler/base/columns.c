/* SPDX-License-Identifier: Apache-2.0 */
#include "base/columns.h"

#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

void gw_columns_init(void)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
}

/* Bytes and columns of the character at the start of a text that is not empty. */
static size_t next_char(const char *at, size_t *columns)
{
    mbstate_t state = {0};
    wchar_t wide;
    size_t bytes = mbrtowc(&wide, at, strlen(at), &state);

    *columns = 1;
    if (bytes == 0 || bytes > strlen(at)) {
        /* Not in this locale: a lead byte and what continues it. */
        bytes = 1;
        while (((unsigned char)at[bytes] & 0xc0) == 0x80)
            bytes++;
        return bytes;
    }
    int width = wcwidth(wide);
    if (width >= 0)
        *columns = (size_t)width;
    return bytes;
}

/* Bytes that fit into `width` columns, and how many columns they take. */
static size_t fitting(const char *text, size_t width, size_t *taken)
{
    size_t bytes = 0;

    *taken = 0;
    while (text[bytes]) {
        size_t columns, n = next_char(text + bytes, &columns);
        if (*taken + columns > width)
            break;
        *taken += columns;
        bytes += n;
    }
    return bytes;
}

size_t gw_columns_width(const char *text)
{
    size_t taken;

    fitting(text, (size_t)-1, &taken);
    return taken;
}

static void put_spaces(FILE *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        putc(' ', out);
}

void gw_columns_put(FILE *out, const char *text, size_t width)
{
    size_t taken, bytes = fitting(text, width, &taken);

    if (text[bytes] && width > 0) {
        bytes = fitting(text, width - 1, &taken);
        fwrite(text, 1, bytes, out);
        fputs("…", out);
        taken++;
    } else {
        fwrite(text, 1, bytes, out);
    }
    put_spaces(out, width - taken);
}

void gw_columns_put_right(FILE *out, const char *text, size_t width)
{
    size_t taken = gw_columns_width(text);

    if (taken < width)
        put_spaces(out, width - taken);
    fputs(text, out);
}

/* Bytes up to the next place where a line may end: a space that does not part a number from its
 * unit. */
static size_t word_length(const char *text)
{
    size_t len = strcspn(text, " ");

    while (len > 0 && text[len] && text[len - 1] >= '0' && text[len - 1] <= '9')
        len += 1 + strcspn(text + len + 1, " ");
    return len;
}

static size_t width_of(const char *text, size_t len)
{
    size_t width = 0;

    for (size_t i = 0; i < len;) {
        size_t columns;
        i += next_char(text + i, &columns);
        width += columns;
    }
    return width;
}

void gw_columns_wrap(FILE *out, const char *text, size_t at, size_t indent, size_t width)
{
    size_t column = at;
    bool first = true;

    for (const char *word = text + strspn(text, " "); *word; word += strspn(word, " ")) {
        size_t len = word_length(word), columns = width_of(word, len);
        if (!first && column + 1 + columns > width) {
            putc('\n', out);
            put_spaces(out, indent);
            column = indent;
        } else if (!first) {
            putc(' ', out);
            column++;
        }
        fwrite(word, 1, len, out);
        column += columns;
        word += len;
        first = false;
    }
    putc('\n', out);
}
