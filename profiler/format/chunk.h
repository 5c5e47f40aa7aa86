/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around the messages of a capture, as FORMAT.md describes it. All numbers are
 * little-endian, as the machines gilwait runs on. */
#ifndef GW_FORMAT_CHUNK_H
#define GW_FORMAT_CHUNK_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "format/crc32c.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "captures are little-endian");

/* The first byte is no text and the line ends show a transfer that changed them. */
#define GW_CAPTURE_MAGIC "\x89GILW\r\n\x1a"
#define GW_CAPTURE_MAGIC_BYTES 8u
#define GW_CAPTURE_MAJOR 1u
#define GW_CAPTURE_MINOR 1u /* 1: functions of kind 2, Block.natives */

enum gw_chunk_kind {
    GW_CHUNK_HEADER = 1,
    GW_CHUNK_DATA = 2,
    GW_CHUNK_KEYFRAME = 3,
    GW_CHUNK_END = 4,
};

enum gw_chunk_codec {
    GW_CODEC_NONE = 0,
    GW_CODEC_ZLIB = 1, /* number kept free for it; nothing writes it */
    GW_CODEC_ZSTD = 2,
};

/* At the start of the file. */
struct gw_file_head {
    uint8_t magic[GW_CAPTURE_MAGIC_BYTES];
    uint16_t major;
    uint16_t flags;    /* 0 */
    uint32_t reserved; /* 0 */
};
static_assert(sizeof(struct gw_file_head) == 16, "no padding");

/* Before each payload. */
struct gw_chunk_head {
    uint32_t payload_len;
    uint32_t crc;
    uint8_t kind;
    uint8_t codec;
    uint16_t reserved; /* 0 */
};
static_assert(sizeof(struct gw_chunk_head) == 12, "no padding");

/* The checksum of a chunk: of its head with `crc` taken as 0, then of its payload. */
static inline uint32_t gw_chunk_crc(struct gw_chunk_head head, const void *payload)
{
    head.crc = 0;
    return gw_crc32c(gw_crc32c(0, &head, sizeof head), payload, head.payload_len);
}

#endif
