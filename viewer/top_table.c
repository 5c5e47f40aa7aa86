/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/columns.h"
#include "cell.h"
#include "number.h"
#include "top_lines.h"

/* WHERE is a text that begins with the character of a class. */
enum column_kind { TEXT, WHERE, SHARE, BAR };

struct column {
    const char *title; /* NULL: GIL wait, and in which seconds */
    enum column_kind kind;
    unsigned index;        /* of the row's texts or shares */
    unsigned width;        /* 0: all that is left */
    unsigned narrow_width; /* in a narrow window; 0: the same, HIDDEN: not shown */
};

#define HIDDEN 1000u
#define MAX_COLUMNS 5u

static const struct column columns_of[GW_TOP_N_TABLES][MAX_COLUMNS] = {
    [GW_TOP_THREADS] = {{"thread", TEXT, 0, 16, 11},
                        {NULL, SHARE, 0, 8, HIDDEN},
                        {NULL, SHARE, 1, 6, 6},
                        {"what it did", BAR, 0, 14, 8},
                        {"where it is now", WHERE, 1, 0, 0}},
    [GW_TOP_FUNCTIONS] = {{"in it", SHARE, 0, 8, 7},
                          {"with callees", SHARE, 1, 13, HIDDEN},
                          {"function that makes others wait for the GIL", TEXT, 0, 0, 0}},
    [GW_TOP_PAIRS] = {{"wait", SHARE, 0, 8, 6},
                      {"thread", TEXT, 0, 18, 10},
                      {"waits for", TEXT, 1, 18, 10},
                      {"which is in", TEXT, 2, 0, 0}},
};

static bool is_column(enum gw_top_table_id table, unsigned at)
{
    const struct column *column = &columns_of[table][at];

    return at < MAX_COLUMNS && (column->title || column->width || column->narrow_width);
}

unsigned gw_top_layout_first_sort(enum gw_top_table_id table)
{
    return table == GW_TOP_THREADS ? 2 : 0;
}

unsigned gw_top_layout_next_sort(enum gw_top_table_id table, unsigned sort)
{
    do
        sort = is_column(table, sort + 1) ? sort + 1 : 0;
    while (columns_of[table][sort].kind == BAR);
    return sort;
}

/* --- which rows ------------------------------------------------------------------------------- */

struct order {
    const struct gw_top_table *table;
    const struct column *by;
};

static int compare(const void *left, const void *right, void *context)
{
    const struct order *order = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    const struct gw_top_row *x = &order->table->rows[a], *y = &order->table->rows[b];
    unsigned index = order->by->index;
    int result = 0;

    if (order->by->kind == SHARE)
        result = x->shares[index] < y->shares[index]   ? 1
                 : x->shares[index] > y->shares[index] ? -1
                                                       : 0;
    else
        result = strcmp(x->texts[index], y->texts[index]);
    return result ? result : a < b ? -1 : 1;
}

static bool matches(const struct gw_top_row *row, const char *filter)
{
    for (size_t i = 0; i < GW_TOP_MAX_TEXTS; i++)
        if (row->texts[i] && strcasestr(row->texts[i], filter))
            return true;
    return !*filter;
}

/* The rows that are wanted, in order; NULL when memory ran out. */
static size_t *choose(const struct gw_top_table *table, const struct column *by, const char *filter,
                      size_t *n)
{
    size_t *chosen = calloc(table->n + 1, sizeof *chosen);
    struct order order = {.table = table, .by = by};

    *n = 0;
    for (size_t i = 0; chosen && i < table->n; i++)
        if (matches(&table->rows[i], filter))
            chosen[(*n)++] = i;
    if (chosen)
        qsort_r(chosen, *n, sizeof *chosen, compare, &order);
    return chosen;
}

/* --- how they look ---------------------------------------------------------------------------- */

static void put_share(FILE *out, double share, size_t width)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_number_percent(cell.file, share);
    gw_columns_put_right(out, gw_cell_text(&cell), width);
    gw_cell_end(&cell);
}

/* Each character stands for its part of the time; the classes come in their order. */
static void put_bar(struct gw_top_lines *lines, const struct gw_top_row *row, size_t width)
{
    uint64_t total = 0, until = 0;
    unsigned class = 0, shown = GW_TOP_N_CLASSES;

    for (unsigned i = 0; i < GW_TOP_N_CLASSES; i++)
        total += row->class_ns[i];
    until = row->class_ns[0];
    for (size_t i = 0; i < width; i++) {
        double at = ((double)i + 0.5) / (double)width * (double)total;
        while (class + 1 < GW_TOP_N_CLASSES && (double)until <= at)
            until += row->class_ns[++class];
        if (total && class != shown)
            gw_top_lines_style(lines, class);
        shown = class;
        putc(total ? gw_top_class_letter((enum gw_top_class) class) : ' ', lines->out);
    }
    gw_top_lines_style(lines, GW_TOP_PLAIN);
}

/* The state in its colour, then the place. */
static void put_where(struct gw_top_lines *lines, const char *text, size_t width)
{
    bool is_class = false;

    for (unsigned i = 0; i < GW_TOP_N_CLASSES; i++)
        if (text[0] == gw_top_class_letter((enum gw_top_class)i) && text[1] == ' ') {
            gw_top_lines_style(lines, i);
            is_class = true;
        }
    if (is_class && width > 0) {
        putc(text[0], lines->out);
        gw_top_lines_style(lines, GW_TOP_PLAIN);
        text++;
        width--;
    }
    gw_columns_put(lines->out, text, width);
}

static void put_cell(struct gw_top_lines *lines, const struct column *column,
                     const struct gw_top_row *row, size_t width)
{
    switch (column->kind) {
    case SHARE:
        put_share(lines->out, row->shares[column->index], width);
        break;
    case BAR:
        put_bar(lines, row, width);
        break;
    case WHERE:
        put_where(lines, row->texts[column->index], width);
        break;
    case TEXT:
        gw_columns_put(lines->out, row->texts[column->index], width);
        break;
    }
}

/* A star marks the column of the order. */
static void put_title(struct gw_top_lines *lines, const struct column *column,
                      const struct gw_top_ui *ui, bool sorted, size_t width)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell)) {
        fputs(sorted ? "*" : "", cell.file);
        if (column->title)
            fputs(column->title, cell.file);
        else if (lines->columns < GW_TOP_NARROW)
            fputs("wait", cell.file);
        else if (column->index == 0)
            fprintf(cell.file, "wait %gs", ui->interval_s);
        else
            fprintf(cell.file, "%.3gs", ui->window_s);
    }
    if (column->kind == SHARE)
        gw_columns_put_right(lines->out, gw_cell_text(&cell), width);
    else
        gw_columns_put(lines->out, gw_cell_text(&cell), width);
    gw_cell_end(&cell);
}

/* Two spaces before a text or bar, one before a share. row: NULL for titles. */
static void put_row(struct gw_top_lines *lines, const struct gw_top_ui *ui,
                    enum gw_top_table_id table, const struct gw_top_row *row)
{
    size_t at = 0;

    for (unsigned i = 0; is_column(table, i); i++) {
        const struct column *column = &columns_of[table][i];
        bool narrow = lines->columns < GW_TOP_NARROW && column->narrow_width;
        size_t width = narrow ? column->narrow_width : column->width;
        size_t space = i == 0 ? 0 : column->kind == SHARE ? 1 : 2;
        if (width == HIDDEN)
            continue;
        if (width == 0)
            width = lines->columns > at + space ? lines->columns - at - space : 0;
        fprintf(lines->out, "%*s", (int)space, "");
        if (row)
            put_cell(lines, column, row, width);
        else
            put_title(lines, column, ui, ui->sort[table] == i, width);
        at += space + width;
    }
}

static void put_more(struct gw_top_lines *lines, size_t n)
{
    FILE *out = gw_top_lines_begin(lines);

    if (out) {
        gw_top_lines_style(lines, GW_TOP_DIM);
        fputs("... and ", out);
        gw_number_count(out, n);
        fputs(" more", out);
    }
    gw_top_lines_end(lines);
}

static void put_nothing(struct gw_top_lines *lines, const struct gw_top_ui *ui,
                        enum gw_top_table_id table)
{
    const char *text = ui->filter[0]             ? "no row has that text in it"
                       : table == GW_TOP_THREADS ? "no thread was seen"
                                                 : "no thread waited for the GIL";

    gw_top_lines_put(lines, GW_TOP_DIM, text);
}

void gw_top_table_put(struct gw_top_lines *lines, const struct gw_top_view *view,
                      const struct gw_top_ui *ui, enum gw_top_table_id id, size_t room)
{
    const struct gw_top_table *table = &view->tables[id];
    size_t n, *chosen = choose(table, &columns_of[id][ui->sort[id]], ui->filter, &n);
    size_t all = n + table->n_left_out;
    size_t shown = all > room ? (room ? room - 1 : 0) : n;

    if (gw_top_lines_begin(lines)) {
        gw_top_lines_style(lines, GW_TOP_HEADING);
        put_row(lines, ui, id, NULL);
    }
    gw_top_lines_end(lines);
    lines->failed = lines->failed || !chosen;
    for (size_t i = 0; !lines->failed && i < shown; i++) {
        if (gw_top_lines_begin(lines))
            put_row(lines, ui, id, &table->rows[chosen[i]]);
        gw_top_lines_end(lines);
    }
    if (all > shown && room)
        put_more(lines, all - shown);
    if (all == 0)
        put_nothing(lines, ui, id);
    free(chosen);
}
