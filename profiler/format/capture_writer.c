/* SPDX-License-Identifier: Apache-2.0 */
#include "format/capture_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"
#include "format/chunk.h"

#define ZSTD_LEVEL 3
/* Below this, what compression saves is not worth its time. */
#define LEAST_TO_COMPRESS 256u

struct gw_capture_writer {
    int fd;
    int failed; /* first error of write(2), or 0 */
    uint64_t bytes;
    ZSTD_CCtx *zstd;
    uint8_t *plain;  /* packed message, GW_MAX_CHUNK_PAYLOAD */
    uint8_t *packet; /* head and payload, in one piece so that they go out in one write */
    size_t cap_payload;
};

static int write_all(struct gw_capture_writer *writer, const uint8_t *bytes, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(writer->fd, bytes + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            writer->failed = n < 0 ? -errno : -EIO;
            break;
        }
        done += (size_t)n;
    }
    writer->bytes += done;
    return writer->failed;
}

static int write_file_head(struct gw_capture_writer *writer)
{
    struct gw_file_head head = {.major = GW_CAPTURE_MAJOR};

    memcpy(head.magic, GW_CAPTURE_MAGIC, GW_CAPTURE_MAGIC_BYTES);
    memcpy(writer->packet, &head, sizeof head);
    return write_all(writer, writer->packet, sizeof head);
}

int gw_capture_writer_new(int fd, struct gw_capture_writer **out)
{
    int rc = -ENOMEM;
    struct gw_capture_writer *writer = calloc(1, sizeof *writer);

    if (!writer) {
        close(fd);
        return rc;
    }
    writer->fd = fd;
    writer->zstd = ZSTD_createCCtx();
    writer->cap_payload = ZSTD_compressBound(GW_MAX_CHUNK_PAYLOAD);
    writer->plain = malloc(GW_MAX_CHUNK_PAYLOAD);
    writer->packet = malloc(sizeof(struct gw_chunk_head) + writer->cap_payload);
    if (writer->zstd && writer->plain && writer->packet)
        rc = write_file_head(writer);
    if (rc < 0) {
        gw_capture_writer_free(writer);
        return rc;
    }
    *out = writer;
    return 0;
}

/* Put the packed message into the payload's place, compressed where that is shorter. */
static void fill_payload(struct gw_capture_writer *writer, size_t len, struct gw_chunk_head *head)
{
    uint8_t *payload = writer->packet + sizeof *head;
    size_t packed = len;

    if (len >= LEAST_TO_COMPRESS)
        packed = ZSTD_compressCCtx(writer->zstd, payload, writer->cap_payload, writer->plain, len,
                                   ZSTD_LEVEL);
    /* An error is larger than any length. */
    if (packed < len) {
        head->codec = GW_CODEC_ZSTD;
        head->payload_len = (uint32_t)packed;
        return;
    }
    memcpy(payload, writer->plain, len);
    head->codec = GW_CODEC_NONE;
    head->payload_len = (uint32_t)len;
}

static int write_chunk(struct gw_capture_writer *writer, enum gw_chunk_kind kind,
                       const ProtobufCMessage *message)
{
    if (writer->failed)
        return writer->failed;
    size_t len = protobuf_c_message_get_packed_size(message);
    if (len > GW_MAX_CHUNK_PAYLOAD)
        return -GW_E_LIMIT;
    protobuf_c_message_pack(message, writer->plain);

    struct gw_chunk_head head = {.kind = (uint8_t)kind};
    fill_payload(writer, len, &head);
    head.crc = gw_chunk_crc(head, writer->packet + sizeof head);
    memcpy(writer->packet, &head, sizeof head);
    return write_all(writer, writer->packet, sizeof head + head.payload_len);
}

int gw_capture_writer_header(struct gw_capture_writer *writer,
                             const Gilwait__Capture__Header *header)
{
    return write_chunk(writer, GW_CHUNK_HEADER, &header->base);
}

int gw_capture_writer_data(struct gw_capture_writer *writer, const Gilwait__Capture__Data *data)
{
    return write_chunk(writer, GW_CHUNK_DATA, &data->base);
}

int gw_capture_writer_keyframe(struct gw_capture_writer *writer, const Gilwait__Capture__Data *data)
{
    return write_chunk(writer, GW_CHUNK_KEYFRAME, &data->base);
}

int gw_capture_writer_end(struct gw_capture_writer *writer, const Gilwait__Capture__End *end)
{
    return write_chunk(writer, GW_CHUNK_END, &end->base);
}

uint64_t gw_capture_writer_bytes(const struct gw_capture_writer *writer)
{
    return writer->bytes;
}

int gw_capture_writer_free(struct gw_capture_writer *writer)
{
    if (!writer)
        return 0;
    int rc = writer->failed;
    if (close(writer->fd) < 0 && rc == 0)
        rc = -errno;
    ZSTD_freeCCtx(writer->zstd);
    free(writer->plain);
    free(writer->packet);
    free(writer);
    return rc;
}
