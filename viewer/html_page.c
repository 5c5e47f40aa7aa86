/* SPDX-License-Identifier: Apache-2.0 */
#include "html_page.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Compress a text to a gzip member in new memory. */
static int compress_text(char *text, uint8_t **out, size_t *n_out)
{
    size_t len = strlen(text);
    if (len > UINT_MAX / 2)
        return -GW_E_LIMIT;
    z_stream stream = {.next_in = (Bytef *)text, .avail_in = (uInt)len};
    const int gzip_window = 15 + 16;
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return -ENOMEM;
    size_t cap = deflateBound(&stream, (uLong)len);
    uint8_t *packed = malloc(cap);
    stream.next_out = packed;
    stream.avail_out = (uInt)cap;
    int status = packed ? deflate(&stream, Z_FINISH) : Z_MEM_ERROR;
    *n_out = stream.total_out;
    deflateEnd(&stream);
    if (status != Z_STREAM_END) {
        free(packed);
        return -ENOMEM;
    }
    *out = packed;
    return 0;
}

static void write_base64(const uint8_t *bytes, size_t n, FILE *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? bytes[i + 2] : 0;
        putc(digits[group >> 18], out);
        putc(digits[group >> 12 & 63], out);
        putc(left > 1 ? digits[group >> 6 & 63] : '=', out);
        putc(left > 2 ? digits[group & 63] : '=', out);
    }
}

static int write_data(json_t *data, FILE *out)
{
    GW_AUTO_FREE char *text = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (!text)
        return -ENOMEM;
    uint8_t *packed;
    size_t n_packed;
    int error = compress_text(text, &packed, &n_packed);
    if (error)
        return error;
    write_base64(packed, n_packed, out);
    free(packed);
    return 0;
}

static void write_escaped(const char *text, FILE *out)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            putc(*text, out);
        }
    }
}

/* Write the template from *at up to the slot, and step over the slot. */
static bool write_up_to(const struct gw_html_template *page, const char **at, const char *slot,
                        FILE *out)
{
    size_t left = (size_t)(page->end - *at);
    const char *found = memmem(*at, left, slot, strlen(slot));
    if (!found)
        return false;
    fwrite(*at, 1, (size_t)(found - *at), out);
    *at = found + strlen(slot);
    return true;
}

static int write_page(const struct gw_html_template *page, const char *title, const char *summary,
                      json_t *data, FILE *out)
{
    const char *at = page->begin;
    if (!write_up_to(page, &at, GW_HTML_SLOT_TITLE, out))
        return -GW_E_BAD_DATA;
    write_escaped(title, out);
    if (!write_up_to(page, &at, GW_HTML_SLOT_SUMMARY, out))
        return -GW_E_BAD_DATA;
    write_escaped(summary, out);
    if (!write_up_to(page, &at, GW_HTML_SLOT_DATA, out))
        return -GW_E_BAD_DATA;
    int error = write_data(data, out);
    if (error)
        return error;
    fwrite(at, 1, (size_t)(page->end - at), out);
    return 0;
}

int gw_html_page_write(const struct gw_html_template *page, const char *title, const char *summary,
                       json_t *data, FILE *out)
{
    errno = 0;
    int error = write_page(page, title, summary, data, out);
    if (!error && ferror(out))
        error = errno ? -errno : -EIO;
    return error;
}
