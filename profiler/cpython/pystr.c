/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/pystr.h"

#include <string.h>

#include "base/text.h"
#include "cpython/pyobject.h"

/* Length and state are within this many bytes from a str's start in every version. */
#define STR_HEADER_BYTES 64

struct str_shape {
    uint64_t n_units;
    unsigned width; /* bytes per unit */
    bool ascii;
    uint32_t data; /* offset */
};

/* False if this cannot be a compact str. */
static bool parse_shape(const struct gw_layout *layout, struct gw_span object,
                        struct str_shape *out)
{
    uint64_t state;
    if (!gw_layout_get(layout, GW_F_unicode_length, object, &out->n_units) ||
        !gw_layout_get(layout, GW_F_unicode_state, object, &state))
        return false;
    state >>= layout->unicode_kind_bit;
    bool compact = state & 0x8u;
    out->width = state & 0x7u;
    out->ascii = state & 0x10u;
    out->data =
        gw_layout_at(layout, out->ascii ? GW_F_unicode_ascii_data : GW_F_unicode_compact_data);
    if (!compact || out->n_units > INT64_MAX)
        return false;
    return out->width == 1 || (!out->ascii && (out->width == 2 || out->width == 4));
}

static int read_shape(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                      struct str_shape *out)
{
    uint8_t header[STR_HEADER_BYTES];
    size_t n = gw_layout_at(layout, GW_F_unicode_state) + sizeof(uint32_t);
    if (n > sizeof header)
        return -GW_E_LAYOUT;
    int err = gw_pyobject_expect(memory, layout, addr, GW_TYPE_STR);
    if (!err)
        err = gw_rmem_read(memory, addr, header, n);
    if (err)
        return err;
    return parse_shape(layout, gw_span_of(header, n), out) ? 0 : -GW_E_TORN;
}

int gw_pystr_read(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                  char *out, size_t cap)
{
    struct str_shape shape;
    int err = read_shape(memory, layout, addr, &shape);
    if (err)
        return err;
    /* A unit makes at least one byte of text: more units than the room are cut whatever they are.
     */
    uint8_t units[GW_TEXT_ROOM * 4];
    size_t n = shape.n_units < GW_TEXT_ROOM ? (size_t)shape.n_units : GW_TEXT_ROOM;
    err = gw_rmem_read(memory, addr + shape.data, units, n * shape.width);
    if (err)
        return err;
    gw_text_from_units(units, n, shape.width, out, cap);
    return 0;
}

size_t gw_pystr_bytes(const struct gw_layout *layout, const char *text)
{
    return gw_layout_at(layout, GW_F_unicode_ascii_data) + strlen(text);
}

bool gw_pystr_equals(const struct gw_layout *layout, struct gw_span object, const char *text)
{
    struct str_shape shape;
    size_t len = strlen(text);
    if (!parse_shape(layout, object, &shape) || !shape.ascii || shape.n_units != len)
        return false;
    return gw_span_skip(&object, shape.data) && object.len >= len &&
           memcmp(object.at, text, len) == 0;
}

int gw_pybytes_read(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                    uint8_t *out, size_t cap, size_t *len)
{
    uint64_t size;
    int err = gw_pyobject_expect(memory, layout, addr, GW_TYPE_BYTES);
    if (!err)
        err = gw_pyword_read(memory, addr + gw_layout_at(layout, GW_F_bytes_size), &size);
    if (err)
        return err;
    if (size > INT64_MAX)
        return -GW_E_TORN;
    if (size > cap)
        return -GW_E_LIMIT;
    *len = size;
    return gw_rmem_read(memory, addr + gw_layout_at(layout, GW_F_bytes_data), out, size);
}
