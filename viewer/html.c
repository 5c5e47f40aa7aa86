/* SPDX-License-Identifier: Apache-2.0 */
#include "html.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "html_profile.h"
#include "html_records.h"
#include "html_template.h"
#include "report_json.h"

/* Rows of each table; the flame graphs hold the rest. */
#define TABLE_ROWS 100

static json_t *vocabulary(void)
{
    /* Holders first, then those who want the GIL, then the rest; see GW_STATE_LIST. */
    static const enum gw_state order[] = {
        GW_STATE_PYTHON_RUNNING, GW_STATE_GIL_RUNNING, GW_STATE_GIL_QUEUED, GW_STATE_GIL_BLOCKED,
        GW_STATE_GIL_WAIT,       GW_STATE_GIL_HANDOFF, GW_STATE_STW_WAIT,   GW_STATE_OBJECT_WAIT,
        GW_STATE_NATIVE,         GW_STATE_IO_WAIT,     GW_STATE_LOCK_WAIT,  GW_STATE_SLEEP,
        GW_STATE_CPU_WAIT,       GW_STATE_STOPPED,     GW_STATE_UNKNOWN,
    };
    static_assert(sizeof order / sizeof order[0] == GW_N_STATES, "a state has no place in a bar");

    json_t *states = json_array();
    for (size_t i = 0; i < GW_N_STATES; i++) {
        json_t *state = json_pack("{s:s, s:s, s:s}", "name", gw_state_name(order[i]), "rollup",
                                  gw_rollup_name(gw_state_rollup(order[i])), "meaning",
                                  gw_state_meaning(order[i]));
        if (json_array_append_new(states, state) != 0) {
            json_decref(states);
            return NULL;
        }
    }
    return json_pack("{s:o}", "states", states);
}

static bool set_profile(json_t *data, const struct gw_model *model,
                        const struct gw_timeline *timeline)
{
    struct gw_ranking *ranking = gw_ranking_new(model);
    bool set = ranking && json_object_set_new(data, "profile",
                                              gw_html_profile_json(model, timeline, ranking,
                                                                   GW_HTML_MAX_RECORDS)) == 0;

    gw_ranking_free(ranking);
    return set;
}

json_t *gw_html_data(const struct gw_model *model, const struct gw_timeline *timeline)
{
    json_t *data = gw_report_json(model, TABLE_ROWS);
    if (data && set_profile(data, model, timeline) &&
        json_object_set_new(data, "vocabulary", vocabulary()) == 0)
        return data;
    json_decref(data);
    return NULL;
}

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
static bool write_up_to(const char **at, const char *slot, FILE *out)
{
    size_t left = (size_t)(gw_html_template_end - *at);
    const char *found = memmem(*at, left, slot, strlen(slot));
    if (!found)
        return false;
    fwrite(*at, 1, (size_t)(found - *at), out);
    *at = found + strlen(slot);
    return true;
}

static int write_page(json_t *data, const char *title, FILE *out)
{
    const char *summary = json_string_value(json_object_get(data, "summary"));
    const char *at = gw_html_template;
    if (!write_up_to(&at, GW_HTML_SLOT_TITLE, out))
        return -GW_E_BAD_DATA;
    write_escaped(title, out);
    if (!write_up_to(&at, GW_HTML_SLOT_SUMMARY, out))
        return -GW_E_BAD_DATA;
    write_escaped(summary ? summary : title, out);
    if (!write_up_to(&at, GW_HTML_SLOT_DATA, out))
        return -GW_E_BAD_DATA;
    int error = write_data(data, out);
    if (error)
        return error;
    fwrite(at, 1, (size_t)(gw_html_template_end - at), out);
    return 0;
}

int gw_html_write(const struct gw_model *model, const struct gw_timeline *timeline,
                  const char *title, FILE *out)
{
    json_t *data = gw_html_data(model, timeline);
    if (!data)
        return -ENOMEM;
    errno = 0;
    int error = write_page(data, title, out);
    json_decref(data);
    if (!error && ferror(out))
        error = errno ? -errno : -EIO;
    return error;
}
