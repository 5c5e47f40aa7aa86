/* SPDX-License-Identifier: Apache-2.0 */
#include "export/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

/* A window of 32 KiB, and 16 for the header of gzip (zlib.h, deflateInit2). */
#define GZIP_WINDOW_BITS (15 + 16)
#define MEMORY_LEVEL 8
#define ROOM ((size_t)16 << 10)

int gw_gzip_init(struct gw_gzip *gzip, FILE *out)
{
    *gzip = (struct gw_gzip){.out = out};
    return deflateInit2(&gzip->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS,
                        MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK
               ? 0
               : -ENOMEM;
}

/* Compress what stream.next_in has, until room for output is left over. */
static int run(struct gw_gzip *gzip, int flush)
{
    uint8_t packed[ROOM];

    do {
        gzip->stream.next_out = packed;
        gzip->stream.avail_out = sizeof packed;
        deflate(&gzip->stream, flush);
        size_t n = sizeof packed - gzip->stream.avail_out;
        errno = 0;
        if (fwrite(packed, 1, n, gzip->out) != n)
            return errno ? -errno : -EIO;
    } while (gzip->stream.avail_out == 0);
    return 0;
}

int gw_gzip_write(struct gw_gzip *gzip, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    int rc = 0;

    while (rc == 0 && len > 0) {
        size_t part = len < UINT_MAX ? len : UINT_MAX;
        gzip->stream.next_in = at;
        gzip->stream.avail_in = (uInt)part;
        rc = run(gzip, Z_NO_FLUSH);
        at += part;
        len -= part;
    }
    return rc;
}

int gw_gzip_finish(struct gw_gzip *gzip)
{
    return run(gzip, Z_FINISH);
}

void gw_gzip_fini(struct gw_gzip *gzip)
{
    deflateEnd(&gzip->stream);
}
