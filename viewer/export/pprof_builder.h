/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pprof profile while it is written. The model's rows become ids: mapping = process + 1, function
 * = function + 1 (function 1 stands for "no Python frame"); locations are numbered as they come up.
 */
#ifndef GW_EXPORT_PPROF_BUILDER_H
#define GW_EXPORT_PPROF_BUILDER_H

#include "export/pprof_samples.h"
#include "export/pprof_stream.h"

struct gw_pprof_location {
    uint32_t process, function, line; /* the key */
};

struct gw_pprof_builder {
    const struct gw_model *model;
    struct gw_pprof_stream stream;
    struct gw_rows locations; /* of struct gw_pprof_location */
    int64_t *texts;           /* index in the profile by row of strings, 0: not there yet */
    int64_t *threads;         /* likewise the name of a thread, by row of threads */
    unsigned first_value, n_values;
    char *scratch; /* the text being made */
    size_t scratch_size;
};

/* Index of a text that is written to the stream returned by gw_pprof_begin_text, until
 * gw_pprof_end_text takes it. NULL after an error, which is in builder->stream.error. */
FILE *gw_pprof_begin_text(struct gw_pprof_builder *b);
int64_t gw_pprof_end_text(struct gw_pprof_builder *b, FILE *out);

/* Index of a text of our own. */
int64_t gw_pprof_constant(struct gw_pprof_builder *b, const char *text);

/* Index of a name of the model, escaped as in every output: by row of strings, threads and
 * functions. */
int64_t gw_pprof_model_text(struct gw_pprof_builder *b, uint32_t string);
int64_t gw_pprof_thread_name(struct gw_pprof_builder *b, uint32_t thread);
int64_t gw_pprof_function_name(struct gw_pprof_builder *b, uint32_t function);

/* Write a sample, and the locations that are new in it. */
void gw_pprof_put_sample(struct gw_pprof_builder *b, const struct gw_pprof_sample *row);

#endif
