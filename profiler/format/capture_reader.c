/* SPDX-License-Identifier: Apache-2.0 */
#include "format/capture_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/limits.h"

struct gw_capture_reader {
    int fd;
    int failed; /* the error that ended the reading, or 0 */
    uint64_t good_bytes;
    ZSTD_DCtx *zstd;
    uint8_t *payload;
    uint8_t *plain;
    size_t cap_payload, cap_plain;
    size_t budget; /* bytes that unpacking the current message may still take */
    ProtobufCAllocator allocator;
    ProtobufCMessage *message; /* of the chunk handed out last */
};

/* Unpacking grows a message, a hostile one (many empty submessages) a hundredfold: the budget
 * bounds what it may take, whatever the bytes say. */
static void *budget_alloc(void *context, size_t size)
{
    struct gw_capture_reader *reader = context;

    if (size > reader->budget)
        return NULL;
    reader->budget -= size;
    return malloc(size);
}

static void budget_free(void *context, void *pointer)
{
    (void)context;
    free(pointer);
}

/* Read len bytes unless the stream ends before. Returns how many, or the error of read(2). */
static ssize_t read_full(int fd, void *out, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, (uint8_t *)out + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int read_file_head(struct gw_capture_reader *reader)
{
    struct gw_file_head head;
    ssize_t n = read_full(reader->fd, &head, sizeof head);

    if (n < 0)
        return (int)n;
    size_t magic = (size_t)n < sizeof head.magic ? (size_t)n : sizeof head.magic;
    if (memcmp(head.magic, GW_CAPTURE_MAGIC, magic) != 0)
        return -GW_E_NOT_CAPTURE;
    if ((size_t)n < sizeof head)
        return -GW_E_TRUNCATED;
    if (head.major != GW_CAPTURE_MAJOR)
        return -GW_E_FORMAT_VERSION;
    reader->good_bytes = sizeof head;
    return 0;
}

int gw_capture_reader_new(int fd, struct gw_capture_reader **out)
{
    struct gw_capture_reader *reader = calloc(1, sizeof *reader);

    if (!reader) {
        close(fd);
        return -ENOMEM;
    }
    reader->fd = fd;
    reader->allocator = (ProtobufCAllocator){
        .alloc = budget_alloc,
        .free = budget_free,
        .allocator_data = reader,
    };
    reader->zstd = ZSTD_createDCtx();
    int rc = reader->zstd ? read_file_head(reader) : -ENOMEM;
    if (rc < 0) {
        gw_capture_reader_free(reader);
        return rc;
    }
    *out = reader;
    return 0;
}

static bool make_room(uint8_t **buffer, size_t *cap, size_t len)
{
    if (len <= *cap)
        return true;
    uint8_t *larger = realloc(*buffer, len);
    if (!larger)
        return false;
    *buffer = larger;
    *cap = len;
    return true;
}

/* 1: *head and the payload are there and whole; 0: the stream ended before the chunk. */
static int read_chunk(struct gw_capture_reader *reader, struct gw_chunk_head *head)
{
    ssize_t n = read_full(reader->fd, head, sizeof *head);

    if (n <= 0)
        return (int)n;
    if ((size_t)n < sizeof *head)
        return -GW_E_TRUNCATED;
    if (head->payload_len > GW_MAX_CHUNK_PAYLOAD)
        return -GW_E_BAD_DATA;
    if (!make_room(&reader->payload, &reader->cap_payload, head->payload_len))
        return -ENOMEM;
    n = read_full(reader->fd, reader->payload, head->payload_len);
    if (n < 0)
        return (int)n;
    if ((size_t)n < head->payload_len)
        return -GW_E_TRUNCATED;
    return gw_chunk_crc(*head, reader->payload) == head->crc ? 1 : -GW_E_CHECKSUM;
}

/* The message's bytes, borrowed from the reader's buffers. */
static int decode(struct gw_capture_reader *reader, const struct gw_chunk_head *head,
                  const uint8_t **bytes, size_t *len)
{
    if (head->codec == GW_CODEC_NONE) {
        *bytes = reader->payload;
        *len = head->payload_len;
        return 0;
    }
    if (head->codec != GW_CODEC_ZSTD)
        return -GW_E_CODEC;
    /* The two answers "unknown" and "error" are larger than any limit. */
    unsigned long long size = ZSTD_getFrameContentSize(reader->payload, head->payload_len);
    if (size > GW_MAX_CHUNK_PAYLOAD)
        return -GW_E_BAD_DATA;
    if (!make_room(&reader->plain, &reader->cap_plain, (size_t)size))
        return -ENOMEM;
    size_t n = ZSTD_decompressDCtx(reader->zstd, reader->plain, (size_t)size, reader->payload,
                                   head->payload_len);
    if (ZSTD_isError(n) || n != size)
        return -GW_E_BAD_DATA;
    *bytes = reader->plain;
    *len = n;
    return 0;
}

static const ProtobufCMessageDescriptor *find_descriptor(uint8_t kind)
{
    switch (kind) {
    case GW_CHUNK_HEADER:
        return &gilwait__capture__header__descriptor;
    case GW_CHUNK_DATA:
    case GW_CHUNK_KEYFRAME:
        return &gilwait__capture__data__descriptor;
    case GW_CHUNK_END:
        return &gilwait__capture__end__descriptor;
    default:
        return NULL;
    }
}

static int unpack(struct gw_capture_reader *reader, const struct gw_chunk_head *head,
                  const ProtobufCMessageDescriptor *descriptor)
{
    const uint8_t *bytes;
    size_t len;
    int rc = decode(reader, head, &bytes, &len);

    if (rc < 0)
        return rc;
    reader->budget = GW_MAX_CHUNK_UNPACKED;
    reader->message = protobuf_c_message_unpack(descriptor, &reader->allocator, len, bytes);
    return reader->message ? 1 : -GW_E_BAD_DATA;
}

static void drop_message(struct gw_capture_reader *reader)
{
    if (reader->message)
        protobuf_c_message_free_unpacked(reader->message, &reader->allocator);
    reader->message = NULL;
}

static void fill_chunk(const struct gw_capture_reader *reader, uint8_t kind, struct gw_chunk *out)
{
    const void *message = reader->message;

    *out = (struct gw_chunk){.kind = (enum gw_chunk_kind)kind};
    if (out->kind == GW_CHUNK_HEADER)
        out->header = message;
    else if (out->kind == GW_CHUNK_END)
        out->end = message;
    else
        out->data = message;
}

int gw_capture_reader_next(struct gw_capture_reader *reader, struct gw_chunk *out)
{
    drop_message(reader);
    while (reader->failed == 0) {
        struct gw_chunk_head head;
        const ProtobufCMessageDescriptor *descriptor = NULL;
        int rc = read_chunk(reader, &head);

        if (rc == 0)
            return 0;
        if (rc > 0) {
            descriptor = find_descriptor(head.kind);
            if (descriptor)
                rc = unpack(reader, &head, descriptor);
        }
        if (rc < 0) {
            reader->failed = rc;
            break;
        }
        reader->good_bytes += sizeof head + head.payload_len;
        if (descriptor) {
            fill_chunk(reader, head.kind, out);
            return 1;
        }
    }
    return reader->failed;
}

uint64_t gw_capture_reader_offset(const struct gw_capture_reader *reader)
{
    return reader->good_bytes;
}

void gw_capture_reader_free(struct gw_capture_reader *reader)
{
    if (!reader)
        return;
    drop_message(reader);
    close(reader->fd);
    ZSTD_freeDCtx(reader->zstd);
    free(reader->payload);
    free(reader->plain);
    free(reader);
}
