/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as strict readers want it: ids count from 1 without holes, string 0 is "", every sample
 * has a value of each type.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/exporters.h"
#include "export/pprof_builder.h"
#include "model/label.h"

#define NS_PER_S 1e9

static const char *const value_types[] = {
#define TYPE(name, type, unit) type,
    GW_PPROF_VALUE_LIST(TYPE)
#undef TYPE
        NULL,
};

static const char *const value_units[] = {
#define UNIT(name, type, unit) unit,
    GW_PPROF_VALUE_LIST(UNIT)
#undef UNIT
};

static void put_value_types(struct gw_pprof_builder *b)
{
    for (unsigned i = 0; i < b->n_values; i++) {
        Perftools__Profiles__ValueType type = PERFTOOLS__PROFILES__VALUE_TYPE__INIT;
        Perftools__Profiles__ValueType *types[] = {&type};
        Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
        type.type = gw_pprof_constant(b, value_types[b->first_value + i]);
        type.unit = gw_pprof_constant(b, value_units[b->first_value + i]);
        part.n_sample_type = 1;
        part.sample_type = types;
        gw_pprof_stream_put(&b->stream, &part);
    }
}

static void put_times(struct gw_pprof_builder *b)
{
    const struct gw_model *model = b->model;
    Perftools__Profiles__ValueType type = PERFTOOLS__PROFILES__VALUE_TYPE__INIT;
    Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

    type.type = gw_pprof_constant(b, value_types[GW_PPROF_WALL]);
    type.unit = gw_pprof_constant(b, value_units[GW_PPROF_WALL]);
    part.default_sample_type = gw_pprof_constant(b, value_types[b->first_value + b->n_values - 1]);
    part.time_nanos = (int64_t)(model->realtime_ns + (model->start_ns - model->monotonic_ns));
    part.duration_nanos = (int64_t)(model->end_ns - model->start_ns);
    if (model->rate_hz >= GW_MIN_RATE_HZ && model->rate_hz <= GW_MAX_RATE_HZ) {
        part.period_type = &type;
        part.period = (int64_t)(NS_PER_S / model->rate_hz);
    }
    gw_pprof_stream_put(&b->stream, &part);
}

static void put_comment(struct gw_pprof_builder *b, int64_t text)
{
    Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

    part.n_comment = 1;
    part.comment = &text;
    gw_pprof_stream_put(&b->stream, &part);
}

static void put_quality(struct gw_pprof_builder *b)
{
    const struct gw_model *model = b->model;
    const struct gw_model_quality *quality = &model->quality;
    FILE *out = gw_pprof_begin_text(b);

    if (!out)
        return;
    gw_label_text(out, gw_model_text(model, model->writer), NULL);
    fprintf(out,
            ": %" PRIu64 " ticks (%" PRIu64 " late, %" PRIu64 " torn, %" PRIu64
            " dropped), gaps of %.3f s",
            quality->ticks, quality->late, quality->torn, quality->dropped,
            (double)quality->gap_ns / NS_PER_S);
    put_comment(b, gw_pprof_end_text(b, out));
    if (quality->grain_ns > 0 && (out = gw_pprof_begin_text(b))) {
        fprintf(out, "gil_wait and gil_blame of single samples below %.6f s are drawn by lot",
                (double)quality->grain_ns / NS_PER_S);
        put_comment(b, gw_pprof_end_text(b, out));
    }
    if (model->part.given && (out = gw_pprof_begin_text(b))) {
        fputs("part of the recording: ", out);
        gw_label_part(out, model);
        put_comment(b, gw_pprof_end_text(b, out));
    }
    if (gw_model_filtered(model) && (out = gw_pprof_begin_text(b))) {
        fputs("only threads that match ", out);
        gw_label_text(out, gw_model_text(model, model->shown), NULL);
        put_comment(b, gw_pprof_end_text(b, out));
    }
    if (gw_model_incomplete(model))
        put_comment(b, gw_pprof_constant(b, "incomplete: the recording was not closed properly"));
}

/* The programs are there to be named; all symbols are, so that no reader looks for them. */
static void put_mappings(struct gw_pprof_builder *b)
{
    for (size_t i = 0; i < b->model->n_processes; i++) {
        Perftools__Profiles__Mapping mapping = PERFTOOLS__PROFILES__MAPPING__INIT;
        Perftools__Profiles__Mapping *mappings[] = {&mapping};
        Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
        mapping.id = i + 1;
        mapping.filename = gw_pprof_model_text(b, b->model->processes[i].exe);
        mapping.has_functions = mapping.has_filenames = mapping.has_line_numbers = true;
        part.n_mapping = 1;
        part.mapping = mappings;
        gw_pprof_stream_put(&b->stream, &part);
    }
}

/* There is no system_name: if it equals the name, pprof takes the name for C++ and cuts what stands
 * in < and > off (internal/symbolizer), which leaves nothing of "<module>". */
static void put_functions(struct gw_pprof_builder *b)
{
    for (uint32_t i = 0; i < b->model->n_functions; i++) {
        const struct gw_model_function *row = &b->model->functions[i];
        Perftools__Profiles__Function function = PERFTOOLS__PROFILES__FUNCTION__INIT;
        Perftools__Profiles__Function *functions[] = {&function};
        Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
        function.id = i + UINT64_C(1);
        function.name = gw_pprof_function_name(b, i);
        function.filename = gw_pprof_model_text(b, row->file);
        function.start_line = row->first_line;
        part.n_function = 1;
        part.function = functions;
        gw_pprof_stream_put(&b->stream, &part);
    }
}

static bool has_value(const struct gw_pprof_builder *b, const struct gw_pprof_sample *sample)
{
    for (unsigned i = 0; i < b->n_values; i++)
        if (sample->values[b->first_value + i] > 0)
            return true;
    return false;
}

static void put_samples(struct gw_pprof_builder *b, const struct gw_rows *samples)
{
    for (uint32_t row = 0; row < samples->n && !b->stream.error; row++)
        if (has_value(b, gw_rows_at(samples, row)))
            gw_pprof_put_sample(b, gw_rows_at(samples, row));
}

static int write_profile(struct gw_pprof_builder *b)
{
    struct gw_rows samples;
    int rc = gw_pprof_samples(b->model, &samples);

    if (rc == 0) {
        put_value_types(b);
        put_times(b);
        put_quality(b);
        put_mappings(b);
        put_functions(b);
        put_samples(b, &samples);
        rc = gw_pprof_stream_finish(&b->stream);
    }
    gw_rows_fini(&samples);
    return rc;
}

/* All values, or the one that is asked for. */
static void choose_values(struct gw_pprof_builder *b, const char *value)
{
    b->n_values = GW_PPROF_N_VALUES;
    for (unsigned i = 0; value && i < GW_PPROF_N_VALUES; i++) {
        if (strcmp(value_types[i], value) == 0) {
            b->first_value = i;
            b->n_values = 1;
        }
    }
}

static int write_pprof(const struct gw_model *model, const struct gw_export_options *options,
                       FILE *out)
{
    struct gw_pprof_builder b = {
        .model = model,
        .locations = {.row_bytes = sizeof(struct gw_pprof_location),
                      .key_bytes = sizeof(struct gw_pprof_location)},
        .texts = calloc(gw_strtab_count(model->strings), sizeof *b.texts),
        .threads = calloc(model->n_threads + 1, sizeof *b.threads),
    };
    int rc = b.texts && b.threads ? gw_pprof_stream_init(&b.stream, out) : -ENOMEM;

    if (rc == 0) {
        choose_values(&b, options->value);
        rc = write_profile(&b);
        gw_pprof_stream_fini(&b.stream);
    }
    gw_rows_fini(&b.locations);
    free(b.texts);
    free(b.threads);
    return rc;
}

const struct gw_exporter gw_exporter_pprof = {
    .name = "pprof",
    .summary = "for `go tool pprof`, Pyroscope, Parca, speedscope: waits and their causes",
    .extension = ".pb.gz",
    .binary = true,
    .values = value_types,
    .write = write_pprof,
};
