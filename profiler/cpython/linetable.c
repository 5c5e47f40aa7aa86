/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/linetable.h"

/* co_linetable of 3.10: this line delta means that the range has no line. */
#define LINETABLE_NO_LINE (-128)

/* Code unit of the bytecode, in bytes: one unit of a range in a location table (3.11+). */
#define UNIT_BYTES 2

/* Kinds of an entry in a location table; the kinds below have a line delta of 0. */
enum location_kind {
    LOCATION_SAME_LINE = 10,
    LOCATION_NEXT_LINE = 11,
    LOCATION_LINE_AFTER = 12,
    LOCATION_NO_COLUMNS = 13,
    LOCATION_LONG = 14,
    LOCATION_NONE = 15,
};

/* First byte of an entry: the only one with the top bit set. */
#define LOCATION_START 0x80u

static uint32_t as_line(int64_t line)
{
    return line > 0 && line <= INT32_MAX ? (uint32_t)line : 0;
}

/* Pairs of (bytes of code, lines) to go on; a pair's lines count from the end of its bytes. */
static uint32_t line_in_lnotab(struct gw_span table, int64_t line, int64_t at)
{
    int64_t end = 0;
    uint8_t bytes;
    int8_t delta;
    while (gw_span_u8(&table, &bytes) && gw_span_copy(&table, &delta, sizeof delta)) {
        end += bytes;
        if (end > at)
            break;
        line += delta;
    }
    return as_line(line);
}

/* Pairs of (bytes of code, line delta); the delta holds for the pair's own bytes. */
static uint32_t line_in_linetable(struct gw_span table, int64_t line, int64_t at)
{
    int64_t end = 0;
    uint8_t bytes;
    int8_t delta;
    while (gw_span_u8(&table, &bytes) && gw_span_copy(&table, &delta, sizeof delta)) {
        if (delta != LINETABLE_NO_LINE)
            line += delta;
        end += bytes;
        if (end > at)
            return delta == LINETABLE_NO_LINE ? 0 : as_line(line);
    }
    return 0;
}

/* Six bits in a byte, lowest first, bit 6 set in all but the last; the lowest of all is the sign.
 */
static bool read_signed_varint(struct gw_span *table, int64_t *out)
{
    uint64_t value = 0;
    uint8_t byte;
    unsigned shift = 0;
    do {
        if (shift > 30 || !gw_span_u8(table, &byte))
            return false;
        value |= (uint64_t)(byte & 0x3fu) << shift;
        shift += 6;
    } while (byte & 0x40u);
    *out = value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
    return true;
}

static bool read_line_delta(struct gw_span *table, unsigned kind, int64_t *out)
{
    switch (kind) {
    case LOCATION_NEXT_LINE:
    case LOCATION_LINE_AFTER:
        *out = kind - LOCATION_SAME_LINE;
        return true;
    case LOCATION_NO_COLUMNS:
    case LOCATION_LONG:
        return read_signed_varint(table, out);
    default:
        *out = 0;
        return true;
    }
}

/* Entries of 1 byte (top bit set, four bits of kind, three of length - 1) and what the kind adds.
 */
static uint32_t line_in_locations(struct gw_span table, int64_t line, int64_t at)
{
    int64_t end = 0, delta;
    uint8_t head;
    while (gw_span_u8(&table, &head)) {
        unsigned kind = (head >> 3) & 0xfu;
        if (!(head & LOCATION_START) || !read_line_delta(&table, kind, &delta))
            return 0;
        line += delta;
        end += ((head & 7u) + 1) * UNIT_BYTES;
        if (end > at)
            return kind == LOCATION_NONE ? 0 : as_line(line);
        while (table.len && !(table.at[0] & LOCATION_START))
            gw_span_skip(&table, 1);
    }
    return 0;
}

uint32_t gw_linetable_line(enum gw_line_family family, struct gw_span table, uint32_t first_line,
                           int64_t at)
{
    if (at < 0)
        return first_line;
    switch (family) {
    case GW_LINES_LNOTAB:
        return line_in_lnotab(table, first_line, at);
    case GW_LINES_LINETABLE:
        return line_in_linetable(table, first_line, at);
    case GW_LINES_LOCATIONS:
        return line_in_locations(table, first_line, at);
    }
    return 0;
}
