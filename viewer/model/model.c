/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/capture_reader.h"
#include "model/cut.h"
#include "model/estimate.h"
#include "model/natives.h"
#include "model/reading.h"
#include "model/timeline.h"

/* A rate of a hostile file may be no number, which nothing that shows it could say. */
static double finite_or_0(double value)
{
    return isfinite(value) ? value : 0;
}

int gw_reading_header(struct gw_reading *reading, const Gilwait__Capture__Header *header)
{
    struct gw_model *model = reading->model;
    int64_t writer = gw_tables_string(&reading->tables, header->writer);
    int64_t kernel = gw_tables_string(&reading->tables, header->kernel);

    if (reading->header_seen)
        return -GW_E_BAD_DATA;
    if (writer < 0 || kernel < 0)
        return -ENOMEM;
    reading->header_seen = true;
    model->writer = (uint32_t)writer;
    model->kernel = (uint32_t)kernel;
    model->cpus = header->cpus;
    model->realtime_ns = header->realtime_ns;
    model->monotonic_ns = header->monotonic_ns;
    model->rate_hz = finite_or_0(header->rate_hz);
    model->max_cpu = finite_or_0(header->max_cpu);
    return 0;
}

static void take_quality(struct gw_model_quality *sum, const struct gw_block *block,
                         const Gilwait__Capture__Quality *quality)
{
    sum->ticks += block->n_ticks;
    sum->gap_ns += block->gap_ns;
    if (!quality)
        return;
    sum->late += gw_block_share(block, quality->late);
    sum->torn += gw_block_share(block, quality->torn);
    sum->dropped += gw_block_share(block, quality->dropped);
    sum->displacing += gw_block_share(block, quality->displacing);
    sum->stops += gw_block_share(block, quality->stops);
    sum->stopped_ns += gw_block_share(block, quality->stopped_ns);
    sum->own_cpu_ns += gw_block_share(block, quality->own_cpu_ns);
    if (quality->max_rss_bytes > sum->max_rss_bytes)
        sum->max_rss_bytes = quality->max_rss_bytes;
    sum->rate_hz = finite_or_0(quality->rate_hz);
}

/* Take off the block at hand what is not asked for. Returns 0 if nothing is left, else 1. */
static int cut_block(struct gw_reading *reading)
{
    const struct gw_cut *cut = reading->cut;
    struct gw_block *block = &reading->block;
    uint32_t begin = cut->after ? gw_block_first_after(block, cut->after_ns) : 0;
    uint32_t end = cut->until ? gw_block_first_after(block, cut->until_ns) : block->n_ticks;

    if (begin > 0 || block->n_ticks == 0) {
        int rc = gw_account_before(&reading->account, &reading->tables, block, begin);
        if (rc < 0)
            return rc;
    }
    if (begin >= end)
        return 0;
    reading->model->part.blocks_cut |= end - begin < block->n_ticks;
    gw_block_cut(block, begin, end);
    return 1;
}

int gw_reading_block(struct gw_reading *reading, const Gilwait__Capture__Block *message)
{
    struct gw_model *model = reading->model;
    struct gw_block *block = &reading->block;
    bool first = model->quality.ticks == 0;

    int rc = gw_block_parse(block, message, &reading->ids, &reading->tables);
    if (rc == 0 && reading->cut) {
        rc = cut_block(reading);
        if (rc <= 0)
            return rc;
        rc = 0;
    }
    if (rc == 0)
        rc = gw_account_block(&reading->account, &reading->tables, block);
    if (rc == 0)
        rc = gw_natives_add_stops(&reading->tables, block, message, &reading->ids);
    if (rc == 0)
        rc = gw_blame_block(&reading->blame, &reading->pairs, block);
    if (rc == 0)
        rc = gw_follow_block(&reading->follow, &reading->tables, block);
    if (rc < 0)
        return rc;
    if (reading->timeline)
        gw_timeline_block(reading->timeline, &reading->tables, block);
    if (first || block->start_ns < model->start_ns)
        model->start_ns = block->start_ns;
    if (block->end_ns > model->end_ns)
        model->end_ns = block->end_ns;
    take_quality(&model->quality, block, message->quality);
    return 0;
}

void gw_reading_end(struct gw_reading *reading, const Gilwait__Capture__End *end)
{
    unsigned reason = (unsigned)end->reason;

    reading->model->end.seen = true;
    reading->model->end.reason =
        reason < GW_N_END_REASONS ? (enum gw_end_reason)reason : GW_END_UNKNOWN;
}

static int take_data(struct gw_reading *reading, const Gilwait__Capture__Data *data)
{
    int rc = gw_ids_define(&reading->ids, &reading->tables, data);

    for (size_t i = 0; rc == 0 && i < data->n_blocks; i++)
        rc = gw_reading_block(reading, data->blocks[i]);
    return rc;
}

static int take_chunk(struct gw_reading *reading, const struct gw_chunk *chunk)
{
    if (chunk->header)
        return gw_reading_header(reading, chunk->header);
    if (!reading->header_seen)
        return -GW_E_BAD_DATA;
    if (chunk->data)
        return take_data(reading, chunk->data);
    gw_reading_end(reading, chunk->end);
    return 0;
}

/* Chunk by chunk until END, the end of the stream or something wrong, which model->end tells.
 * Returns an error only if there is no model to show for it. */
static int take_chunks(struct gw_reading *reading, struct gw_capture_reader *reader)
{
    struct gw_model_end *end = &reading->model->end;
    struct gw_chunk chunk;
    int rc = 1;

    while (rc > 0 && !end->seen) {
        end->good_bytes = gw_capture_reader_offset(reader);
        rc = gw_capture_reader_next(reader, &chunk);
        if (rc <= 0)
            break;
        int taken = take_chunk(reading, &chunk);
        if (taken < 0)
            rc = taken;
    }
    if (rc >= 0)
        end->good_bytes = gw_capture_reader_offset(reader);
    else
        end->error = rc;
    if (!reading->header_seen)
        return rc < 0 ? rc : -GW_E_TRUNCATED;
    return rc == -ENOMEM || rc == -GW_E_LIMIT ? rc : 0;
}

int gw_reading_settle(struct gw_reading *reading)
{
    struct gw_model *model = reading->model;
    struct gw_tables *tables = &reading->tables;
    struct gw_model_pair *pairs = NULL;
    int rc = gw_pairs_finish(&reading->pairs, tables, &pairs, &model->n_pairs);

    model->pairs = pairs;
    model->quality.grain_ns = reading->pairs.grain_ns;
    gw_account_finish(&reading->account, tables);
    for (size_t i = 0; i < tables->threads.n; i++)
        gw_estimate_doubt(gw_tables_thread(tables, (uint32_t)i), &model->quality);
    gw_follow_finish(&reading->follow, tables);
    model->tick_ns = gw_follow_tick_ns(&reading->follow);
    model->part.from_ns = model->start_ns;
    model->part.to_ns = model->end_ns;
    return rc;
}

/* The tables become the model. */
static int finish(struct gw_reading *reading)
{
    struct gw_model *model = reading->model;
    struct gw_tables *tables = &reading->tables;
    int rc = gw_reading_settle(reading);

    model->strings = tables->strings;
    tables->strings = NULL;
    model->n_functions = tables->functions.n;
    model->functions = gw_rows_steal(&tables->functions);
    model->n_stacks = tables->stacks.n;
    model->stacks = gw_rows_steal(&tables->stacks);
    model->n_processes = tables->processes.n;
    model->processes = gw_rows_steal(&tables->processes);
    model->n_threads = tables->threads.n;
    model->threads = gw_rows_steal(&tables->threads);
    model->n_gils = tables->gils.n;
    model->gils = gw_rows_steal(&tables->gils);
    model->n_slices = tables->slices.n;
    model->slices = gw_rows_steal(&tables->slices);
    model->n_natives = tables->natives.n;
    model->natives = gw_rows_steal(&tables->natives);
    return rc;
}

static void begin_sums(struct gw_reading *reading)
{
    gw_follow_init(&reading->follow, &reading->model->waits, &reading->model->holds);
    gw_pairs_init(&reading->pairs, GW_MAX_PAIRS);
}

static void end_sums(struct gw_reading *reading)
{
    gw_follow_fini(&reading->follow);
    gw_pairs_fini(&reading->pairs);
    gw_account_fini(&reading->account);
}

int gw_reading_init(struct gw_reading *reading, struct gw_model *model)
{
    *reading = (struct gw_reading){.model = model};
    begin_sums(reading);
    return gw_tables_init(&reading->tables);
}

void gw_reading_fini(struct gw_reading *reading)
{
    end_sums(reading);
    gw_blame_fini(&reading->blame);
    gw_block_fini(&reading->block);
    gw_ids_fini(&reading->ids);
    gw_tables_fini(&reading->tables);
}

void gw_reading_clear(struct gw_reading *reading)
{
    struct gw_model *model = reading->model;

    end_sums(reading);
    gw_tables_clear_sums(&reading->tables);
    free((void *)(uintptr_t)model->pairs);
    model->pairs = NULL;
    model->n_pairs = 0;
    model->start_ns = model->end_ns = model->tick_ns = 0;
    model->waits = model->holds = (struct gw_episodes){0};
    model->quality = (struct gw_model_quality){0};
    begin_sums(reading);
}

static int hide_threads(struct gw_reading *reading)
{
    const struct gw_cut *cut = reading->cut;
    int64_t shown = gw_tables_string(&reading->tables, cut->shown ? cut->shown : "");

    if (shown < 0)
        return (int)shown;
    reading->model->shown = (uint32_t)shown;
    reading->tables.hidden = cut->hidden;
    reading->tables.n_hidden = cut->n_hidden;
    return 0;
}

static int read_model(struct gw_capture_reader *reader, const struct gw_cut *cut,
                      struct gw_model *model)
{
    struct gw_reading reading;
    int rc = gw_reading_init(&reading, model);

    reading.cut = cut;
    reading.timeline = cut ? cut->timeline : NULL;
    if (rc == 0 && cut)
        rc = hide_threads(&reading);
    if (rc == 0)
        rc = take_chunks(&reading, reader);
    if (rc == 0)
        rc = finish(&reading);
    gw_reading_fini(&reading);
    return rc;
}

static int explain(int rc, const char *path, struct gw_diag *diag)
{
    gw_diag_what(diag, rc, "cannot read %s", path);
    if (rc == -GW_E_TRUNCATED)
        gw_diag_why(diag, "it is empty or ends before the first whole chunk of a capture");
    if (rc == -GW_E_FORMAT_VERSION) {
        gw_diag_why(diag, "it was written in another major version of the capture format");
        gw_diag_fix(diag, "read it with the gilwait-view that came with the recorder");
    }
    return rc;
}

int gw_model_read_cut(int fd, const char *path, const struct gw_cut *cut, struct gw_model **out,
                      struct gw_diag *diag)
{
    struct gw_capture_reader *reader;
    int rc = gw_capture_reader_new(fd, &reader);

    if (rc < 0)
        return explain(rc, path, diag);
    struct gw_model *model = calloc(1, sizeof *model);
    rc = model ? read_model(reader, cut, model) : -ENOMEM;
    gw_capture_reader_free(reader);
    if (rc < 0) {
        gw_model_free(model);
        return explain(rc, path, diag);
    }
    *out = model;
    return 0;
}

int gw_model_read(int fd, const char *path, struct gw_model **out, struct gw_diag *diag)
{
    return gw_model_read_cut(fd, path, NULL, out, diag);
}

int gw_model_open(const char *path, struct gw_model **out, struct gw_diag *diag)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return gw_diag_what(diag, -errno, "cannot open %s", path);
    return gw_model_read(fd, is_stdin ? "standard input" : path, out, diag);
}

const char *gw_model_end_reason(const struct gw_model *model)
{
    static const char *const names[GW_N_END_REASONS] = {
#define GW_END_NAME(name, number, text) [number] = text,
        GW_END_LIST(GW_END_NAME)
#undef GW_END_NAME
    };
    return names[model->end.reason];
}

/* The arrays are read-only to everyone else, hence the casts. */
void gw_model_free(struct gw_model *model)
{
    if (!model)
        return;
    gw_strtab_free((struct gw_strtab *)(uintptr_t)model->strings);
    free((void *)(uintptr_t)model->functions);
    free((void *)(uintptr_t)model->stacks);
    free((void *)(uintptr_t)model->processes);
    free((void *)(uintptr_t)model->threads);
    free((void *)(uintptr_t)model->gils);
    free((void *)(uintptr_t)model->slices);
    free((void *)(uintptr_t)model->natives);
    free((void *)(uintptr_t)model->pairs);
    free(model);
}
