/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "export/pprof_builder.h"
#include "model/label.h"

FILE *gw_pprof_begin_text(struct gw_pprof_builder *b)
{
    FILE *out = open_memstream(&b->scratch, &b->scratch_size);

    if (!out && !b->stream.error)
        b->stream.error = -ENOMEM;
    return out;
}

int64_t gw_pprof_end_text(struct gw_pprof_builder *b, FILE *out)
{
    int64_t index = 0;

    if (fclose(out) == 0)
        index = gw_pprof_stream_text(&b->stream, b->scratch);
    else if (!b->stream.error)
        b->stream.error = -ENOMEM;
    free(b->scratch);
    b->scratch = NULL;
    return index;
}

int64_t gw_pprof_constant(struct gw_pprof_builder *b, const char *text)
{
    return gw_pprof_stream_text(&b->stream, text);
}

int64_t gw_pprof_model_text(struct gw_pprof_builder *b, uint32_t string)
{
    FILE *out = b->texts[string] ? NULL : gw_pprof_begin_text(b);

    if (out) {
        gw_label_text(out, gw_model_text(b->model, string), NULL);
        b->texts[string] = gw_pprof_end_text(b, out);
    }
    return b->texts[string];
}

int64_t gw_pprof_thread_name(struct gw_pprof_builder *b, uint32_t thread)
{
    FILE *out = b->threads[thread] ? NULL : gw_pprof_begin_text(b);

    if (out) {
        gw_label_thread(out, b->model, thread, NULL);
        b->threads[thread] = gw_pprof_end_text(b, out);
    }
    return b->threads[thread];
}

int64_t gw_pprof_function_name(struct gw_pprof_builder *b, uint32_t function)
{
    return function == 0 ? gw_pprof_constant(b, "(no Python frame)")
                         : gw_pprof_model_text(b, b->model->functions[function].name);
}
