/* SPDX-License-Identifier: Apache-2.0 */
#include "top_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "losses.h"
#include "model/label.h"
#include "model/rows.h"
#include "number.h"
#include "ranking.h"

char gw_top_class_letter(enum gw_top_class class)
{
    static const char letters[GW_TOP_N_CLASSES] = {
#define GW_TOP_CLASS_LETTER(name, letter, text) [GW_TOP_##name] = letter,
        GW_TOP_CLASS_LIST(GW_TOP_CLASS_LETTER)
#undef GW_TOP_CLASS_LETTER
    };
    return class < GW_TOP_N_CLASSES ? letters[class] : ' ';
}

const char *gw_top_class_text(enum gw_top_class class)
{
    static const char *const texts[GW_TOP_N_CLASSES] = {
#define GW_TOP_CLASS_TEXT(name, letter, text) [GW_TOP_##name] = text,
        GW_TOP_CLASS_LIST(GW_TOP_CLASS_TEXT)
#undef GW_TOP_CLASS_TEXT
    };
    return class < GW_TOP_N_CLASSES ? texts[class] : "stopped";
}

enum gw_top_class gw_top_class_of(unsigned state)
{
    if (gw_state_holds_gil(state))
        return GW_TOP_HAS_GIL;
    switch (gw_state_rollup(state)) {
    case GW_ROLLUP_RUNNING:
        return GW_TOP_NATIVE;
    case GW_ROLLUP_GIL_WAIT:
        return GW_TOP_WANTS_GIL;
    case GW_ROLLUP_IO_WAIT:
        return GW_TOP_IO;
    case GW_ROLLUP_IDLE:
        return GW_TOP_IDLE;
    case GW_ROLLUP_CPU_WAIT:
        return GW_TOP_CPU_WAIT;
    case GW_ROLLUP_STOPPED:
        return GW_TOP_N_CLASSES;
    case GW_ROLLUP_UNKNOWN:
    case GW_N_ROLLUPS:
        return GW_TOP_UNKNOWN;
    }
    return GW_TOP_UNKNOWN;
}

/* The text that was written into a cell, to keep; NULL when memory ran out. */
static char *take_text(struct gw_cell *cell)
{
    char *text = cell->file ? strdup(gw_cell_text(cell)) : NULL;

    gw_cell_end(cell);
    return text;
}

static bool table_init(struct gw_top_table *table, size_t n)
{
    size_t room = n < GW_MAX_TOP_ROWS ? n : GW_MAX_TOP_ROWS;

    table->n_left_out = n - room;
    table->rows = calloc(room + 1, sizeof *table->rows);
    return table->rows != NULL;
}

/* --- threads ---------------------------------------------------------------------------------- */

/* "G build (app/reports.py:86)": as in the bar, then the place. */
static char *where_now(const struct gw_model *model, struct gw_live_now now)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell) && now.known) {
        enum gw_top_class class = gw_top_class_of(now.state);
        if (class == GW_TOP_N_CLASSES)
            fputs(gw_top_class_text(class), cell.file);
        else
            putc(gw_top_class_letter(class), cell.file);
        putc(' ', cell.file);
        gw_label_leaf(cell.file, model, now.stack, NULL);
    } else if (cell.file) {
        fputs("ended", cell.file);
    }
    return take_text(&cell);
}

static bool add_thread(struct gw_top_table *table, const struct gw_model *model,
                       const struct gw_live *live, uint32_t row, double last)
{
    const struct gw_model_thread *thread = &model->threads[row];
    struct gw_top_row *into = &table->rows[table->n++];
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_label_thread(cell.file, model, row, NULL);
    into->texts[0] = take_text(&cell);
    into->texts[1] = where_now(model, gw_live_now(live, row));
    into->shares[0] = last;
    into->shares[1] = gw_share(thread->wait_ns, thread->wall_ns);
    for (unsigned state = 0; state < GW_N_STATES; state++) {
        enum gw_top_class class = gw_top_class_of(state);
        if (class < GW_TOP_N_CLASSES)
            into->class_ns[class] += thread->state_ns[state];
    }
    return into->texts[0] && into->texts[1];
}

static bool is_seen(const struct gw_model_thread *thread)
{
    return thread->wall_ns + thread->state_ns[GW_STATE_STOPPED] > 0;
}

/* last: GIL wait of each thread in the last interval. */
static bool add_threads(struct gw_top_view *view, const struct gw_model *model,
                        const struct gw_live *live, const struct gw_ranking *ranking,
                        const double *last)
{
    struct gw_top_table *table = &view->tables[GW_TOP_THREADS];
    size_t seen = 0;

    for (size_t i = 0; i < model->n_threads; i++)
        seen += is_seen(&model->threads[i]);
    bool done = table_init(table, seen);
    for (size_t i = 0; done && i < ranking->n_threads && table->n < GW_MAX_TOP_ROWS; i++) {
        uint32_t row = ranking->threads[i];
        if (is_seen(&model->threads[row]))
            done = add_thread(table, model, live, row, last[row]);
    }
    return done;
}

/* --- functions and pairs ---------------------------------------------------------------------- */

static bool add_functions(struct gw_top_view *view, const struct gw_model *model,
                          const struct gw_ranking *ranking)
{
    struct gw_top_table *table = &view->tables[GW_TOP_FUNCTIONS];
    bool done = table_init(table, ranking->n_caused);

    for (size_t i = 0; done && i < ranking->n_caused && i < GW_MAX_TOP_ROWS; i++) {
        const struct gw_ranking_function *function = &ranking->caused[i];
        struct gw_top_row *into = &table->rows[table->n++];
        struct gw_cell cell;
        if (gw_cell_begin(&cell))
            gw_label_place(cell.file, model, function->function,
                           model->functions[function->function].first_line, NULL);
        into->texts[0] = take_text(&cell);
        into->shares[0] = gw_share(function->self_ns, ranking->wait_ns);
        into->shares[1] = gw_share(function->total_ns, ranking->wait_ns);
        done = into->texts[0];
    }
    return done;
}

/* All waits of one thread for one holder in one function, wherever in it and in whatever the
 * waiter is. */
struct pair {
    uint32_t waiter, holder; /* rows of threads */
    uint32_t function;
    uint32_t kind;
    uint64_t ns;
};

static int by_weight(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;

    return a->ns < b->ns ? 1 : a->ns > b->ns ? -1 : 0;
}

/* The pairs as an array of their own, heaviest first; NULL if there are none or memory ran out,
 * which *done tells. */
static struct pair *merge_pairs(const struct gw_ranking *ranking, size_t *n, bool *done)
{
    struct gw_rows rows = {.row_bytes = sizeof(struct pair),
                           .key_bytes = offsetof(struct pair, kind) + sizeof(uint32_t)};

    *done = true;
    for (size_t i = 0; i < ranking->n_blame && *done; i++) {
        const struct gw_ranking_blame *blame = &ranking->blame[i];
        struct pair key = {.waiter = blame->waiter.thread,
                           .holder = blame->holder.thread,
                           .function = blame->holder.function,
                           .kind = blame->kind};
        int64_t row = gw_rows_put(&rows, &key);
        *done = row >= 0;
        if (*done) {
            struct pair *pair = gw_rows_at(&rows, (uint32_t)row);
            pair->ns += blame->ns;
        }
    }
    *n = rows.n;
    struct pair *pairs = gw_rows_steal(&rows);
    if (*n)
        qsort(pairs, *n, sizeof *pairs, by_weight);
    return pairs;
}

static bool add_pair(struct gw_top_row *into, const struct gw_model *model, const struct pair *pair)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_label_thread(cell.file, model, pair->waiter, NULL);
    into->texts[0] = take_text(&cell);
    if (gw_cell_begin(&cell)) {
        if (pair->kind == GW_BLAME_HELD)
            gw_label_thread(cell.file, model, pair->holder, NULL);
        else
            fputs(pair->kind == GW_BLAME_HANDOFF ? "nobody (handoff)" : "unknown", cell.file);
    }
    into->texts[1] = take_text(&cell);
    if (gw_cell_begin(&cell) && pair->kind == GW_BLAME_HELD)
        gw_label_place(cell.file, model, pair->function,
                       model->functions[pair->function].first_line, NULL);
    into->texts[2] = take_text(&cell);
    return into->texts[0] && into->texts[1] && into->texts[2];
}

static bool add_pairs(struct gw_top_view *view, const struct gw_model *model,
                      const struct gw_ranking *ranking)
{
    struct gw_top_table *table = &view->tables[GW_TOP_PAIRS];
    size_t n;
    bool done;
    struct pair *pairs = merge_pairs(ranking, &n, &done);

    done = done && table_init(table, n);
    for (size_t i = 0; done && i < n && i < GW_MAX_TOP_ROWS; i++) {
        struct gw_top_row *into = &table->rows[table->n++];
        into->shares[0] = gw_share(pairs[i].ns, ranking->wait_ns);
        done = add_pair(into, model, &pairs[i]);
    }
    free(pairs);
    return done;
}

/* --- the head --------------------------------------------------------------------------------- */

static char *name_target(const struct gw_model *model)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        for (size_t i = 0; i < model->n_processes; i++) {
            const struct gw_model_process *process = &model->processes[i];
            const char *exe = gw_model_text(model, process->exe);
            const char *slash = strrchr(exe, '/');
            if (process->skipped)
                continue;
            fprintf(cell.file, "%spid %u  ", i ? "  " : "", process->pid);
            gw_label_text(cell.file, slash ? slash + 1 : exe, NULL);
            fputs("  Python ", cell.file);
            gw_label_text(cell.file, gw_model_text(model, process->python), NULL);
        }
    return take_text(&cell);
}

static bool fill_head(struct gw_top_view *view, const struct gw_model *model)
{
    const struct gw_model_gil *gil = gw_losses_gil(model);
    uint64_t window_ns = model->end_ns - model->start_ns;

    view->target = name_target(model);
    view->window_s = (double)window_ns / 1e9;
    view->asked_hz = model->rate_hz;
    view->own_cpu = gw_share(model->quality.own_cpu_ns, window_ns);
    if (window_ns)
        view->rate_hz = (double)model->quality.ticks / view->window_s;
    if (gil && window_ns && gil->held_ns + gil->free_ns + gil->wait_ns > 0) {
        view->gil_known = true;
        view->busy = gw_losses_busy(gil);
        view->waiters = gw_share(gil->wait_ns, model->processes[gil->process].live_ns);
        view->switches = (double)gil->switches / view->window_s;
    }
    return view->target != NULL;
}

/* GIL wait of each thread in the last interval; NULL when memory ran out. */
static double *last_waits(const struct gw_model *model)
{
    double *last = calloc(model->n_threads + 1, sizeof *last);

    for (size_t i = 0; last && i < model->n_threads; i++)
        last[i] = gw_share(model->threads[i].wait_ns, model->threads[i].wall_ns);
    return last;
}

static bool fill_view(struct gw_top_view *view, const struct gw_model *model,
                      const struct gw_live *live, const double *last)
{
    struct gw_ranking *ranking = gw_ranking_new(model);
    bool done = ranking && fill_head(view, model) &&
                add_threads(view, model, live, ranking, last) &&
                add_functions(view, model, ranking) && add_pairs(view, model, ranking);

    if (done)
        view->wait_ns = ranking->wait_ns;
    gw_ranking_free(ranking);
    return done;
}

int gw_top_view_new(struct gw_live *live, uint64_t interval_ns, uint64_t window_ns,
                    struct gw_top_view **out)
{
    const struct gw_model *model;
    int rc = gw_live_window(live, interval_ns, &model);
    double *last = rc == 0 ? last_waits(model) : NULL;

    if (rc == 0)
        rc = last ? gw_live_window(live, window_ns, &model) : -ENOMEM;
    struct gw_top_view *view = rc == 0 ? calloc(1, sizeof *view) : NULL;
    if (rc == 0 && !(view && fill_view(view, model, live, last))) {
        gw_top_view_free(view);
        rc = -ENOMEM;
    }
    free(last);
    if (rc == 0)
        *out = view;
    return rc;
}

void gw_top_view_free(struct gw_top_view *view)
{
    if (!view)
        return;
    free(view->target);
    for (size_t t = 0; t < GW_TOP_N_TABLES; t++) {
        for (size_t i = 0; i < view->tables[t].n; i++)
            for (size_t j = 0; j < GW_TOP_MAX_TEXTS; j++)
                free(view->tables[t].rows[i].texts[j]);
        free(view->tables[t].rows);
    }
    free(view);
}
