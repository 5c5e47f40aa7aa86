/* SPDX-License-Identifier: Apache-2.0 */
#include "model/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "model/grow.h"
#include "model/reading.h"

/* One block as it came. */
struct kept_block {
    uint8_t *bytes;
    size_t len;
    uint64_t end_ns;
};

struct gw_live {
    struct gw_reading reading;
    struct gw_model model; /* its arrays are lent by the tables but for pairs */
    uint64_t keep_ns;
    uint64_t newest_ns; /* end of the newest block */
    struct kept_block *blocks;
    size_t n_blocks, cap_blocks;
    size_t kept_bytes;
    struct gw_live_now *now; /* by row of threads */
    size_t cap_now;
};

int gw_live_new(uint64_t keep_ns, struct gw_live **out)
{
    struct gw_live *live = calloc(1, sizeof *live);

    if (!live)
        return -ENOMEM;
    live->keep_ns = keep_ns;
    int rc = gw_reading_init(&live->reading, &live->model);
    if (rc < 0) {
        gw_live_free(live);
        return rc;
    }
    *out = live;
    return 0;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Forget the n oldest. */
static void drop_blocks(struct gw_live *live, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        live->kept_bytes -= live->blocks[i].len;
        free(live->blocks[i].bytes);
    }
    live->n_blocks -= n;
    if (n)
        memmove(live->blocks, live->blocks + n, live->n_blocks * sizeof *live->blocks);
}

static void drop_old(struct gw_live *live)
{
    size_t bytes = live->kept_bytes, n = 0;

    while (n < live->n_blocks && (live->newest_ns - live->blocks[n].end_ns >= live->keep_ns ||
                                  bytes > GW_MAX_WINDOW_BYTES))
        bytes -= live->blocks[n++].len;
    drop_blocks(live, n);
}

static int keep_block(struct gw_live *live, const Gilwait__Capture__Block *message)
{
    struct kept_block kept = {.len = gilwait__capture__block__get_packed_size(message),
                              .end_ns = message->start_ns};

    for (size_t i = 0; i < message->n_dt_ns; i++)
        if (__builtin_add_overflow(kept.end_ns, message->dt_ns[i], &kept.end_ns))
            return -GW_E_BAD_DATA;
    int rc = GW_GROW(live, blocks, live->n_blocks + 1);
    kept.bytes = rc == 0 ? malloc(kept.len + 1) : NULL;
    if (!kept.bytes)
        return -ENOMEM;
    gilwait__capture__block__pack(message, kept.bytes);
    live->blocks[live->n_blocks++] = kept;
    live->kept_bytes += kept.len;
    if (kept.end_ns > live->newest_ns)
        live->newest_ns = kept.end_ns;
    return 0;
}

void gw_live_restart(struct gw_live *live)
{
    drop_blocks(live, live->n_blocks);
}

/* --- chunks ----------------------------------------------------------------------------------- */

/* The tables are the reading's: a model that is asked for anew gets them lent. */
static void end_model(struct gw_live *live)
{
    gw_reading_clear(&live->reading);
}

static int forget_definitions(struct gw_live *live)
{
    bool header_seen = live->reading.header_seen;

    drop_blocks(live, live->n_blocks);
    gw_reading_fini(&live->reading);
    int rc = gw_reading_init(&live->reading, &live->model);
    live->reading.header_seen = header_seen;
    live->model.writer = live->model.kernel = 0;
    return rc;
}

static int take_data(struct gw_live *live, const struct gw_chunk *chunk)
{
    const Gilwait__Capture__Data *data = chunk->data;
    int rc = 0;

    if (data->reset_ids || (chunk->kind == GW_CHUNK_KEYFRAME &&
                            live->reading.tables.threads.n > GW_MAX_WINDOW_THREADS))
        rc = forget_definitions(live);
    if (rc == 0)
        rc = gw_ids_define(&live->reading.ids, &live->reading.tables, data);
    for (size_t i = 0; rc == 0 && i < data->n_blocks; i++)
        rc = keep_block(live, data->blocks[i]);
    drop_old(live);
    return rc;
}

int gw_live_take(struct gw_live *live, const struct gw_chunk *chunk)
{
    end_model(live);
    if (chunk->header)
        return gw_reading_header(&live->reading, chunk->header);
    if (!live->reading.header_seen)
        return -GW_E_BAD_DATA;
    if (chunk->data)
        return take_data(live, chunk);
    gw_reading_end(&live->reading, chunk->end);
    return 0;
}

/* --- the window ------------------------------------------------------------------------------- */

/* What each thread of the process did at the last tick of the block that was just added. */
static int note_now(struct gw_live *live)
{
    const struct gw_block *block = &live->reading.block;
    const struct gw_tables *tables = &live->reading.tables;
    int rc = GW_GROW(live, now, tables->threads.n);

    for (uint32_t i = 0; rc == 0 && i < tables->threads.n; i++)
        if (gw_tables_thread(tables, i)->process == block->process)
            live->now[i] = (struct gw_live_now){0};
    for (uint32_t i = 0; rc == 0 && i < block->n_tracks; i++) {
        const struct gw_track *track = &block->tracks[i];
        const struct gw_run *last =
            track->n_runs ? &block->runs[track->first_run + track->n_runs - 1] : NULL;
        if (last && last->end == block->n_ticks)
            live->now[track->thread] =
                (struct gw_live_now){.known = true, .state = last->state, .stack = last->stack};
    }
    return rc;
}

static int add_block(struct gw_live *live, const struct kept_block *kept)
{
    Gilwait__Capture__Block *message =
        gilwait__capture__block__unpack(NULL, kept->len, kept->bytes);

    if (!message)
        return -ENOMEM;
    int rc = gw_reading_block(&live->reading, message);
    if (rc == 0)
        rc = note_now(live);
    gilwait__capture__block__free_unpacked(message, NULL);
    return rc;
}

static void lend_tables(struct gw_live *live)
{
    struct gw_model *model = &live->model;
    const struct gw_tables *tables = &live->reading.tables;

    model->strings = tables->strings;
    model->functions = (const struct gw_model_function *)tables->functions.rows;
    model->stacks = (const struct gw_model_stack *)tables->stacks.rows;
    model->processes = (const struct gw_model_process *)tables->processes.rows;
    model->threads = (const struct gw_model_thread *)tables->threads.rows;
    model->gils = (const struct gw_model_gil *)tables->gils.rows;
    model->slices = (const struct gw_model_slice *)tables->slices.rows;
    model->natives = (const struct gw_model_native *)tables->natives.rows;
    model->n_functions = tables->functions.n;
    model->n_stacks = tables->stacks.n;
    model->n_processes = tables->processes.n;
    model->n_threads = tables->threads.n;
    model->n_gils = tables->gils.n;
    model->n_slices = tables->slices.n;
    model->n_natives = tables->natives.n;
}

int gw_live_window(struct gw_live *live, uint64_t window_ns, const struct gw_model **out)
{
    int rc = 0;

    end_model(live);
    if (live->now)
        memset(live->now, 0, live->cap_now * sizeof *live->now);
    for (size_t i = 0; rc == 0 && i < live->n_blocks; i++)
        if (live->newest_ns - live->blocks[i].end_ns < window_ns)
            rc = add_block(live, &live->blocks[i]);
    if (rc == 0)
        rc = gw_reading_settle(&live->reading);
    lend_tables(live);
    *out = &live->model;
    return rc;
}

uint64_t gw_live_newest_ns(const struct gw_live *live)
{
    return live->newest_ns;
}

struct gw_live_now gw_live_now(const struct gw_live *live, uint32_t thread)
{
    return thread < live->cap_now ? live->now[thread] : (struct gw_live_now){0};
}

void gw_live_free(struct gw_live *live)
{
    if (!live)
        return;
    end_model(live);
    drop_blocks(live, live->n_blocks);
    gw_reading_fini(&live->reading);
    free(live->blocks);
    free(live->now);
    free(live);
}
