/* SPDX-License-Identifier: Apache-2.0 */
/* A gzip member (RFC 1952) written to a stream as it is made. */
#ifndef GW_EXPORT_GZIP_H
#define GW_EXPORT_GZIP_H

#include <stddef.h>
#include <stdio.h>

/* Input of zlib is const with this (zconf.h). */
#define ZLIB_CONST
#include <zlib.h>

struct gw_gzip {
    z_stream stream;
    FILE *out; /* borrowed; neither flushed nor closed */
};

/* 0, or -ENOMEM (no fini needed then). */
int gw_gzip_init(struct gw_gzip *gzip, FILE *out);

/* 0, or the error of the write. */
int gw_gzip_write(struct gw_gzip *gzip, const void *bytes, size_t len);

/* Write what is still held back; nothing may be written after it. 0, or the error of the write. */
int gw_gzip_finish(struct gw_gzip *gzip);

void gw_gzip_fini(struct gw_gzip *gzip);

#endif
