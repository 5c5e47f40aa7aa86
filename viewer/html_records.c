/* SPDX-License-Identifier: Apache-2.0 */
#include "html_records.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "html_thin.h"
#include "model/rows.h"

/* So many times the records that stay may be in memory before some are drawn. */
#define ROOM 4u

/* States that a thread is in within a bucket: each needs a record. */
#define USUAL_STATES 4u

struct builder {
    const struct gw_model *model;
    const struct gw_html_fold *fold;
    struct gw_html_time time;
    struct gw_rows records, holdings;
    uint64_t *wait_ns;
    uint64_t grain_ns;
    size_t max;
};

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct gw_html_time gw_html_time_of(const struct gw_model *model)
{
    uint64_t ns = model->end_ns - model->start_ns;
    uint64_t n = lesser(GW_HTML_BUCKETS, ns);

    if (model->n_threads > 0)
        n = lesser(n, GW_HTML_MAX_RECORDS / (USUAL_STATES * model->n_threads));
    if (model->tick_ns > 0)
        n = lesser(n, ns / model->tick_ns);
    n = n > 0 ? n : 1;
    return (struct gw_html_time){.begin_ns = model->start_ns,
                                 .bucket_ns = ns > n ? (ns + n - 1) / n : 1,
                                 .n_buckets = (uint32_t)n};
}

/* What a tick stands for may begin before the first bucket. */
static uint32_t bucket_at(const struct gw_html_time *time, uint64_t ns)
{
    uint64_t bucket = ns > time->begin_ns ? (ns - time->begin_ns) / time->bucket_ns : 0;

    return bucket < time->n_buckets ? (uint32_t)bucket : time->n_buckets - 1;
}

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/* Keys of so many bytes, which are numbers of 32 bits. */
static int compare_keys(const uint32_t *a, const uint32_t *b, size_t bytes)
{
    int order = 0;

    for (size_t i = 0; order == 0 && i < bytes / sizeof *a; i++)
        order = compare_u32(a[i], b[i]);
    return order;
}

static int compare_records(const void *a, const void *b)
{
    return compare_keys(a, b, offsetof(struct gw_html_record, ns));
}

static int compare_holdings(const void *a, const void *b)
{
    return compare_keys(a, b, offsetof(struct gw_html_holding, ns));
}

static uint64_t total_ns(const struct gw_html_record *records, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += records[i].ns;
    return sum;
}

/* Draw by lot, with ever coarser grains, until at most `max` of the records are left or no more can
 * be drawn. Returns how many are left. */
static size_t thin(struct builder *b, struct gw_html_record *records, size_t n, size_t max)
{
    if (n > 0)
        qsort(records, n, sizeof *records, compare_records);
    uint64_t whole = total_ns(records, n);
    while (n > max && b->grain_ns < whole) {
        uint64_t grain = whole / max + 1;
        b->grain_ns = b->grain_ns * 2 > grain ? b->grain_ns * 2 : grain;
        n = gw_html_thin(records, n, b->grain_ns);
    }
    return n;
}

static int make_room(struct builder *b)
{
    size_t n = b->records.n;
    struct gw_html_record *records = gw_rows_steal(&b->records);
    int64_t row = 0;

    n = thin(b, records, n, ROOM * b->max / 2);
    for (size_t i = 0; row >= 0 && i < n; i++) {
        row = gw_rows_put(&b->records, &records[i]);
        if (row >= 0)
            ((struct gw_html_record *)gw_rows_at(&b->records, (uint32_t)row))->ns = records[i].ns;
    }
    free(records);
    return row < 0 ? (int)row : 0;
}

static int add_record(struct builder *b, const struct gw_html_record *record)
{
    if (b->records.n >= ROOM * b->max) {
        int rc = make_room(b);
        if (rc < 0)
            return rc;
    }
    int64_t row = gw_rows_put(&b->records, record);
    if (row < 0)
        return (int)row;
    ((struct gw_html_record *)gw_rows_at(&b->records, (uint32_t)row))->ns += record->ns;
    return 0;
}

static int add_holding(struct builder *b, const struct gw_html_holding *holding)
{
    int64_t row = gw_rows_put(&b->holdings, holding);

    if (row < 0)
        return (int)row;
    ((struct gw_html_holding *)gw_rows_at(&b->holdings, (uint32_t)row))->ns += holding->ns;
    return 0;
}

/* Of a thread that is not shown, the waits for those that are. */
static bool is_shown(const struct gw_model *model, const struct gw_timeline_span *span)
{
    return !model->threads[span->thread].hidden ||
           (gw_state_wants_gil(span->state) && span->kind == GW_BLAME_HELD &&
            !model->threads[span->holder].hidden);
}

/* The part of a span that lies in one bucket. */
static int add_part(struct builder *b, const struct gw_timeline_span *span, uint32_t bucket,
                    uint64_t ns)
{
    if (span->thread == GW_NO_THREAD)
        return add_holding(b, &(const struct gw_html_holding){.bucket = bucket,
                                                              .gil = span->gil,
                                                              .kind = span->kind,
                                                              .holder = span->holder,
                                                              .ns = ns});
    bool waits = gw_state_wants_gil(span->state);
    if (waits)
        b->wait_ns[bucket] += ns;
    if (!is_shown(b->model, span))
        return 0;
    return add_record(b, &(const struct gw_html_record){
                             .bucket = bucket,
                             .thread = span->thread,
                             .state = span->state,
                             .stack = b->fold->row[span->stack],
                             .kind = waits ? span->kind : GW_HTML_NO_WAIT,
                             .holder = waits ? span->holder : GW_NO_THREAD,
                             .holder_stack = waits ? b->fold->row[span->holder_stack] : 0,
                             .ns = ns,
                         });
}

static int add_span(struct builder *b, const struct gw_timeline_span *span)
{
    uint64_t at = span->begin_ns;
    int rc = 0;

    while (at < span->end_ns && rc == 0) {
        uint32_t bucket = bucket_at(&b->time, at);
        uint64_t end = b->time.begin_ns + (bucket + 1) * b->time.bucket_ns;
        if (end > span->end_ns || bucket + 1 == b->time.n_buckets)
            end = span->end_ns;
        rc = add_part(b, span, bucket, end - at);
        at = end;
    }
    return rc;
}

/* Hand over what was built. */
static void finish(struct builder *b, struct gw_html_records *records)
{
    records->n = b->records.n;
    records->records = gw_rows_steal(&b->records);
    records->n = thin(b, records->records, records->n, b->max);
    records->n_holdings = b->holdings.n;
    records->holdings = gw_rows_steal(&b->holdings);
    if (records->holdings)
        qsort(records->holdings, records->n_holdings, sizeof *records->holdings, compare_holdings);
    records->grain_ns = b->grain_ns;
}

int gw_html_records_make(struct gw_html_records *records, const struct gw_model *model,
                         const struct gw_timeline *timeline, const struct gw_html_fold *fold,
                         size_t max)
{
    struct builder b = {
        .model = model,
        .fold = fold,
        .time = gw_html_time_of(model),
        .records = {.row_bytes = sizeof(struct gw_html_record),
                    .key_bytes = offsetof(struct gw_html_record, holder_stack) + sizeof(uint32_t)},
        .holdings = {.row_bytes = sizeof(struct gw_html_holding),
                     .key_bytes = offsetof(struct gw_html_holding, ns)},
        .max = max,
    };
    int rc = 0;

    records->time = b.time;
    records->wait_ns = b.wait_ns = calloc(b.time.n_buckets, sizeof *b.wait_ns);
    if (!b.wait_ns)
        return -ENOMEM;
    for (size_t i = 0; i < timeline->n && rc == 0; i++)
        rc = add_span(&b, &timeline->spans[i]);
    if (rc == 0)
        finish(&b, records);
    gw_rows_fini(&b.records);
    gw_rows_fini(&b.holdings);
    return rc;
}

void gw_html_records_fini(struct gw_html_records *records)
{
    free(records->records);
    free(records->holdings);
    free(records->wait_ns);
    *records = (struct gw_html_records){0};
}
