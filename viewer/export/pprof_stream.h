/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a pprof profile piece by piece. The encoding of a protobuf message is that of its fields
 * one after the other, so a profile may be written as any number of partial ones; that keeps the
 * memory for a large one small. The table of strings comes last.
 */
#ifndef GW_EXPORT_PPROF_STREAM_H
#define GW_EXPORT_PPROF_STREAM_H

#include <stdint.h>

#include "base/strtab.h"
#include "export/gzip.h"
#include "pprof.pb-c.h"

/* The first error sticks, and after it nothing more is done. */
struct gw_pprof_stream {
    struct gw_gzip gzip;
    struct gw_strtab *strings;
    uint8_t *packed;
    size_t cap_packed;
    int error; /* 0, -ENOMEM, -GW_E_LIMIT or the error of a write */
};

/* 0 or -ENOMEM (no fini needed then). */
int gw_pprof_stream_init(struct gw_pprof_stream *stream, FILE *out);

/* Index of a text (valid UTF-8) in the table of strings; 0 after an error. */
int64_t gw_pprof_stream_text(struct gw_pprof_stream *stream, const char *text);

/* Write the fields that are set in `part`. */
void gw_pprof_stream_put(struct gw_pprof_stream *stream, const Perftools__Profiles__Profile *part);

/* Write the table of strings and the end. Returns stream->error. */
int gw_pprof_stream_finish(struct gw_pprof_stream *stream);

void gw_pprof_stream_fini(struct gw_pprof_stream *stream);

#endif
