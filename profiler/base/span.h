/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded reader over bytes that somebody else made. Every read of foreign bytes goes through
 * it: a read past the end returns false, changes nothing and leaves *out alone.
 */
#ifndef GW_BASE_SPAN_H
#define GW_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct gw_span {
    const uint8_t *at; /* borrowed; what is left to read */
    size_t len;
};

static inline struct gw_span gw_span_of(const void *bytes, size_t len)
{
    return (struct gw_span){.at = bytes, .len = len};
}

static inline bool gw_span_skip(struct gw_span *span, size_t n)
{
    if (n > span->len)
        return false;
    span->at += n;
    span->len -= n;
    return true;
}

static inline bool gw_span_copy(struct gw_span *span, void *out, size_t n)
{
    if (n > span->len)
        return false;
    memcpy(out, span->at, n);
    return gw_span_skip(span, n);
}

static inline bool gw_span_u8(struct gw_span *span, uint8_t *out)
{
    return gw_span_copy(span, out, sizeof *out);
}

static inline bool gw_span_u32(struct gw_span *span, uint32_t *out)
{
    return gw_span_copy(span, out, sizeof *out);
}

static inline bool gw_span_u64(struct gw_span *span, uint64_t *out)
{
    return gw_span_copy(span, out, sizeof *out);
}

/* The first n bytes as a span of their own, taken off the front. */
static inline bool gw_span_take(struct gw_span *span, size_t n, struct gw_span *out)
{
    if (n > span->len)
        return false;
    *out = gw_span_of(span->at, n);
    return gw_span_skip(span, n);
}

/* Copy n bytes from offset without moving the span: for structures with fixed offsets. */
static inline bool gw_span_peek(struct gw_span span, size_t offset, void *out, size_t n)
{
    if (offset > span.len || n > span.len - offset)
        return false;
    memcpy(out, span.at + offset, n);
    return true;
}

#endif
