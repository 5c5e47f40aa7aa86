/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames capture messages into chunks and writes them to a descriptor. A file, a pipe and the
 * agent's ring are written alike. FORMAT.md describes the bytes.
 */
#ifndef GW_FORMAT_CAPTURE_WRITER_H
#define GW_FORMAT_CAPTURE_WRITER_H

#include <stdint.h>

#include "capture.pb-c.h"

struct gw_capture_writer;

/* Start a capture on fd (taken over, whether this succeeds or fails) by writing the file header.
 * Returns 0, -ENOMEM or the error of write(2). SIGPIPE should be ignored by the program. */
int gw_capture_writer_new(int fd, struct gw_capture_writer **out);

/* Each writes one whole chunk (compressed with zstd where that is shorter) before it returns.
 * The message is borrowed for the call. Returns 0, -GW_E_LIMIT for a message over
 * GW_MAX_CHUNK_PAYLOAD (nothing is written), -ENOMEM or the error of write(2); after a failed
 * write the writer refuses all further ones with the same error, so that the file ends in whole
 * chunks and at most one cut one. */
int gw_capture_writer_header(struct gw_capture_writer *writer,
                             const Gilwait__Capture__Header *header);
int gw_capture_writer_data(struct gw_capture_writer *writer, const Gilwait__Capture__Data *data);
int gw_capture_writer_keyframe(struct gw_capture_writer *writer,
                               const Gilwait__Capture__Data *data);
int gw_capture_writer_end(struct gw_capture_writer *writer, const Gilwait__Capture__End *end);

/* Bytes written so far. */
uint64_t gw_capture_writer_bytes(const struct gw_capture_writer *writer);

/* Close the descriptor and free. Returns the first error of the writer's life or of close(2), or
 * 0; NULL is fine. */
int gw_capture_writer_free(struct gw_capture_writer *writer);

#endif
