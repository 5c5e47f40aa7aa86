/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a capture apart, chunk by chunk, without trusting a byte of it. Every length is held
 * against GW_MAX_CHUNK_PAYLOAD before memory is taken for it. FORMAT.md describes the bytes.
 */
#ifndef GW_FORMAT_CAPTURE_READER_H
#define GW_FORMAT_CAPTURE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "capture.pb-c.h"
#include "format/chunk.h"

/* One chunk; the message of its kind is set, the others are NULL. Owned by the reader, valid until
 * the next call. */
struct gw_chunk {
    enum gw_chunk_kind kind;
    const Gilwait__Capture__Header *header;
    const Gilwait__Capture__Data *data; /* DATA and KEYFRAME */
    const Gilwait__Capture__End *end;
};

struct gw_capture_reader;

/* Start to read from fd (taken over, whether this succeeds or fails): reads and checks the file
 * header. Returns 0, -GW_E_NOT_CAPTURE, -GW_E_TRUNCATED (also an empty file),
 * -GW_E_FORMAT_VERSION, -ENOMEM or the error of read(2). */
int gw_capture_reader_new(int fd, struct gw_capture_reader **out);

/* Read the next chunk that this version knows; unknown kinds are skipped. Returns 1 and fills
 * *out; 0 at the clean end of the stream; or -GW_E_TRUNCATED (the stream stops inside a chunk),
 * -GW_E_CHECKSUM, -GW_E_BAD_DATA, -GW_E_CODEC, -ENOMEM or the error of read(2). After an error
 * nothing more can be read: what was read before is good. */
int gw_capture_reader_next(struct gw_capture_reader *reader, struct gw_chunk *out);

/* Offset of the first byte that was not part of a good chunk: for "readable up to byte N". */
uint64_t gw_capture_reader_offset(const struct gw_capture_reader *reader);

/* Free and close. NULL is fine. */
void gw_capture_reader_free(struct gw_capture_reader *reader);

#endif
