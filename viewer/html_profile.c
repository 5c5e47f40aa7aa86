/* SPDX-License-Identifier: Apache-2.0 */
#include "html_profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "html_records.h"

/* Rows of the model, or of the fold, and where they are in the page: row + 1, 0 if nowhere. */
struct numbers {
    uint32_t *of;
    uint32_t *rows; /* the way back */
    uint32_t n;
};

struct profile {
    const struct gw_model *model;
    struct gw_html_fold fold;
    struct gw_html_records records;
    struct numbers threads, stacks, functions, files;
};

static bool numbers_init(struct numbers *numbers, size_t n)
{
    numbers->of = calloc(n + 1, sizeof *numbers->of);
    numbers->rows = calloc(n + 1, sizeof *numbers->rows);
    return numbers->of && numbers->rows;
}

static void numbers_fini(struct numbers *numbers)
{
    free(numbers->of);
    free(numbers->rows);
}

/* The number of a row, which it gets now if it has none. */
static uint32_t number(struct numbers *numbers, uint32_t row)
{
    if (numbers->of[row] == 0) {
        numbers->rows[numbers->n++] = row;
        numbers->of[row] = numbers->n;
    }
    return numbers->of[row] - 1;
}

static void fini(struct profile *profile)
{
    gw_html_fold_fini(&profile->fold);
    gw_html_records_fini(&profile->records);
    numbers_fini(&profile->threads);
    numbers_fini(&profile->stacks);
    numbers_fini(&profile->functions);
    numbers_fini(&profile->files);
}

/* Folded frames are a function of their own, behind those of the model. */
static uint32_t function_row(const struct profile *profile, uint32_t function)
{
    return function == GW_HTML_SMALL ? (uint32_t)profile->model->n_functions : function;
}

static void number_threads(struct profile *profile, const struct gw_ranking *ranking)
{
    for (size_t i = 0; i < ranking->n_threads; i++)
        number(&profile->threads, ranking->threads[i]);
    for (uint32_t row = 0; row < profile->model->n_threads; row++)
        number(&profile->threads, row);
}

/* Those that records use, with their callers, in the order of their rows. */
static bool number_stacks(struct profile *profile)
{
    const struct gw_html_fold *fold = &profile->fold;
    GW_AUTO_FREE bool *used = calloc(fold->n, sizeof *used);

    if (!used)
        return false;
    for (size_t i = 0; i < profile->records.n; i++) {
        used[profile->records.records[i].stack] = true;
        used[profile->records.records[i].holder_stack] = true;
    }
    for (size_t row = fold->n; row-- > 1;)
        if (used[row])
            used[fold->stacks[row].parent] = true;
    number(&profile->stacks, 0);
    for (uint32_t row = 1; row < fold->n; row++)
        if (used[row]) {
            number(&profile->stacks, row);
            number(&profile->functions, function_row(profile, fold->stacks[row].function));
        }
    return true;
}

static bool make(struct profile *profile, const struct gw_timeline *timeline,
                 const struct gw_ranking *ranking, size_t max_records)
{
    const struct gw_model *model = profile->model;

    if (gw_html_fold_make(&profile->fold, model, GW_HTML_FOLD_SHARE, GW_HTML_MAX_STACKS) < 0 ||
        gw_html_records_make(&profile->records, model, timeline, &profile->fold, max_records) < 0)
        return false;
    if (!numbers_init(&profile->threads, model->n_threads) ||
        !numbers_init(&profile->stacks, profile->fold.n) ||
        !numbers_init(&profile->functions, model->n_functions + 1) ||
        !numbers_init(&profile->files, gw_strtab_count(model->strings)))
        return false;
    number_threads(profile, ranking);
    return number_stacks(profile);
}

static void append_integer(json_t *column, int64_t value)
{
    json_array_append_new(column, json_integer((json_int_t)value));
}

static void append_text(json_t *column, const struct gw_model *model, uint32_t string)
{
    json_array_append_new(column, json_string(gw_model_text(model, string)));
}

static void append_small(json_t *names, json_t *files, json_t *lines, json_t *kinds)
{
    json_array_append_new(names, json_string("(small)"));
    append_integer(files, -1);
    append_integer(lines, 0);
    json_array_append_new(kinds, json_string("small"));
}

static json_t *functions_json(struct profile *profile)
{
    const struct gw_model *model = profile->model;
    json_t *names = json_array(), *files = json_array(), *lines = json_array();
    json_t *kinds = json_array();

    for (uint32_t i = 0; i < profile->functions.n; i++) {
        uint32_t row = profile->functions.rows[i];
        if (row == model->n_functions) {
            append_small(names, files, lines, kinds);
            continue;
        }
        const struct gw_model_function *function = &model->functions[row];
        bool in_file = *gw_model_text(model, function->file) != '\0';
        append_text(names, model, function->name);
        append_integer(files, in_file ? (int64_t)number(&profile->files, function->file) : -1);
        append_integer(lines, function->first_line);
        json_array_append_new(kinds, json_string(function->kind == GW_FUNCTION_C ? "c" : ""));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "name", names, "file", files, "line", lines, "kind",
                     kinds);
}

static json_t *files_json(const struct profile *profile)
{
    json_t *files = json_array();

    for (uint32_t i = 0; i < profile->files.n; i++)
        append_text(files, profile->model, profile->files.rows[i]);
    return files;
}

static json_t *stacks_json(struct profile *profile)
{
    json_t *parents = json_array(), *functions = json_array(), *lines = json_array();

    for (uint32_t i = 0; i < profile->stacks.n; i++) {
        const struct gw_html_stack *stack = &profile->fold.stacks[profile->stacks.rows[i]];
        append_integer(parents, number(&profile->stacks, stack->parent));
        append_integer(functions,
                       i ? number(&profile->functions, function_row(profile, stack->function)) : 0);
        append_integer(lines, stack->line);
    }
    return json_pack("{s:o, s:o, s:o}", "parent", parents, "function", functions, "line", lines);
}

static json_t *threads_json(const struct profile *profile)
{
    const struct gw_model *model = profile->model;
    json_t *threads = json_array();

    for (uint32_t i = 0; i < profile->threads.n; i++) {
        const struct gw_model_thread *thread = &model->threads[profile->threads.rows[i]];
        json_array_append_new(threads,
                              json_pack("{s:I, s:I, s:s, s:I, s:b}", "tid", (json_int_t)thread->tid,
                                        "pid", (json_int_t)model->processes[thread->process].pid,
                                        "name", gw_model_text(model, thread->name), "process",
                                        (json_int_t)thread->process, "hidden", thread->hidden));
    }
    return threads;
}

static json_t *gils_json(const struct gw_model *model)
{
    json_t *gils = json_array();

    for (size_t i = 0; i < model->n_gils; i++)
        json_array_append_new(gils,
                              json_pack("{s:I, s:I}", "pid",
                                        (json_int_t)model->processes[model->gils[i].process].pid,
                                        "interpreter", (json_int_t)model->gils[i].interpreter));
    return gils;
}

static json_t *states_json(void)
{
    json_t *states = json_array();

    for (unsigned state = 0; state < GW_N_STATES; state++)
        json_array_append_new(states, json_string(gw_state_name(state)));
    return states;
}

static json_t *kinds_json(void)
{
    json_t *kinds = json_array();

    for (unsigned kind = 0; kind < GW_N_BLAME_KINDS; kind++)
        json_array_append_new(kinds, json_string(gw_blame_name(kind)));
    json_array_append_new(kinds, json_string(""));
    return kinds;
}

static int64_t holder_number(struct profile *profile, uint32_t holder)
{
    return holder == GW_NO_THREAD ? -1 : (int64_t)number(&profile->threads, holder);
}

/* Whole microseconds; what is left over goes to the next one of the same kind, so that their sum is
 * off by less than one. */
static int64_t take_us(uint64_t ns, uint16_t *left_ns)
{
    uint64_t all = ns + *left_ns;

    *left_ns = (uint16_t)(all % 1000);
    return (int64_t)(all / 1000);
}

static json_t *records_json(struct profile *profile)
{
    enum { BUCKET, THREAD, STATE, STACK, KIND, HOLDER, HOLDER_STACK, US, N_COLUMNS };
    GW_AUTO_FREE uint16_t *left = calloc(profile->model->n_threads + 1, GW_N_STATES * sizeof *left);
    json_t *columns[N_COLUMNS];
    uint32_t bucket = 0;

    if (!left)
        return NULL; /* of which json_pack makes nothing at all */
    for (unsigned i = 0; i < N_COLUMNS; i++)
        columns[i] = json_array();
    for (size_t i = 0; i < profile->records.n; i++) {
        const struct gw_html_record *record = &profile->records.records[i];
        append_integer(columns[BUCKET], record->bucket - bucket);
        append_integer(columns[THREAD], number(&profile->threads, record->thread));
        append_integer(columns[STATE], record->state);
        append_integer(columns[STACK], number(&profile->stacks, record->stack));
        append_integer(columns[KIND], record->kind);
        append_integer(columns[HOLDER], holder_number(profile, record->holder));
        append_integer(columns[HOLDER_STACK], number(&profile->stacks, record->holder_stack));
        append_integer(columns[US],
                       take_us(record->ns, &left[record->thread * GW_N_STATES + record->state]));
        bucket = record->bucket;
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "bucket", columns[BUCKET],
                     "thread", columns[THREAD], "state", columns[STATE], "stack", columns[STACK],
                     "kind", columns[KIND], "holder", columns[HOLDER], "holder_stack",
                     columns[HOLDER_STACK], "us", columns[US]);
}

static json_t *holding_json(struct profile *profile)
{
    json_t *buckets = json_array(), *gils = json_array(), *kinds = json_array();
    json_t *holders = json_array(), *us = json_array();
    uint16_t left = 0;
    uint32_t bucket = 0;

    for (size_t i = 0; i < profile->records.n_holdings; i++) {
        const struct gw_html_holding *holding = &profile->records.holdings[i];
        append_integer(buckets, holding->bucket - bucket);
        append_integer(gils, holding->gil);
        append_integer(kinds, holding->kind);
        append_integer(holders, holder_number(profile, holding->holder));
        append_integer(us, take_us(holding->ns, &left));
        bucket = holding->bucket;
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "bucket", buckets, "gil", gils, "kind", kinds,
                     "holder", holders, "us", us);
}

static json_t *wait_json(const struct gw_html_records *records)
{
    json_t *wait = json_array();
    uint16_t left = 0;

    for (uint32_t i = 0; i < records->time.n_buckets; i++)
        append_integer(wait, take_us(records->wait_ns[i], &left));
    return wait;
}

/* Functions are numbered with the stacks, and files with the functions. */
static json_t *profile_json(struct profile *profile)
{
    const struct gw_html_time *time = &profile->records.time;
    double since = (double)time->begin_ns - (double)profile->model->part.from_ns;
    json_t *functions = functions_json(profile);

    return json_pack(
        "{s:f, s:f, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:f, s:f}, s:o, s:o, s:o}",
        "begin_s", since / 1e9, "bucket_s", (double)time->bucket_ns / 1e9, "buckets",
        (json_int_t)time->n_buckets, "files", files_json(profile), "functions", functions, "stacks",
        stacks_json(profile), "threads", threads_json(profile), "states", states_json(), "kinds",
        kinds_json(), "gils", gils_json(profile->model), "folded", "share", profile->fold.share,
        "grain_s", (double)profile->records.grain_ns / 1e9, "wait_us", wait_json(&profile->records),
        "records", records_json(profile), "holding", holding_json(profile));
}

json_t *gw_html_profile_json(const struct gw_model *model, const struct gw_timeline *timeline,
                             const struct gw_ranking *ranking, size_t max_records)
{
    struct profile profile = {.model = model};
    json_t *json = NULL;

    if (make(&profile, timeline, ranking, max_records))
        json = profile_json(&profile);
    fini(&profile);
    return json;
}
