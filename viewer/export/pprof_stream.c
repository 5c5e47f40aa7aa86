/* SPDX-License-Identifier: Apache-2.0 */
#include "export/pprof_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int gw_pprof_stream_init(struct gw_pprof_stream *stream, FILE *out)
{
    *stream = (struct gw_pprof_stream){.strings = gw_strtab_new()};
    if (!stream->strings)
        return -ENOMEM;
    int rc = gw_gzip_init(&stream->gzip, out);
    if (rc < 0)
        gw_strtab_free(stream->strings);
    return rc;
}

int64_t gw_pprof_stream_text(struct gw_pprof_stream *stream, const char *text)
{
    if (stream->error)
        return 0;
    stream->error = gw_strtab_reserve(stream->strings, 1, strlen(text));
    int64_t index = stream->error ? 0 : gw_strtab_intern(stream->strings, text);
    if (index >= 0)
        return index;
    stream->error = (int)index;
    return 0;
}

static bool reserve_packed(struct gw_pprof_stream *stream, size_t size)
{
    if (size <= stream->cap_packed)
        return true;
    uint8_t *larger = realloc(stream->packed, size + size / 2);
    if (!larger)
        return false;
    stream->packed = larger;
    stream->cap_packed = size + size / 2;
    return true;
}

void gw_pprof_stream_put(struct gw_pprof_stream *stream, const Perftools__Profiles__Profile *part)
{
    if (stream->error)
        return;
    size_t size = perftools__profiles__profile__get_packed_size(part);
    if (!reserve_packed(stream, size)) {
        stream->error = -ENOMEM;
        return;
    }
    perftools__profiles__profile__pack(part, stream->packed);
    stream->error = gw_gzip_write(&stream->gzip, stream->packed, size);
}

int gw_pprof_stream_finish(struct gw_pprof_stream *stream)
{
    uint32_t n = gw_strtab_count(stream->strings);

    for (uint32_t i = 0; i < n && !stream->error; i++) {
        GW_AUTO_FREE char *text = strdup(gw_strtab_text(stream->strings, i));
        Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
        if (!text) {
            stream->error = -ENOMEM;
            break;
        }
        part.n_string_table = 1;
        part.string_table = &text;
        gw_pprof_stream_put(stream, &part);
    }
    if (!stream->error)
        stream->error = gw_gzip_finish(&stream->gzip);
    return stream->error;
}

void gw_pprof_stream_fini(struct gw_pprof_stream *stream)
{
    gw_gzip_fini(&stream->gzip);
    gw_strtab_free(stream->strings);
    free(stream->packed);
}
