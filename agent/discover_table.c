/* SPDX-License-Identifier: Apache-2.0 */
#include "discover_table.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/columns.h"
#include "base/text.h"
#include "consider.h"
#include "model/label.h"

enum column { PID, PYTHON, USER, SERVICE, GROUP, VERDICT, WHY, N_COLUMNS };

static const char *const titles[N_COLUMNS] = {"PID",   "PYTHON",  "USER", "SERVICE",
                                              "GROUP", "VERDICT", "WHY"};

struct row {
    const struct gw_process *process;
    char *cells[N_COLUMNS]; /* owned */
};

/* --- rows ------------------------------------------------------------------------------------- */

static int compare_rows(const void *left, const void *right)
{
    const struct gw_process *one = ((const struct row *)left)->process;
    const struct gw_process *other = ((const struct row *)right)->process;
    int order = strcmp(one->service, other->service);
    if (order == 0)
        order = (one->leader > other->leader) - (one->leader < other->leader);
    return order ? order : (one->pid > other->pid) - (one->pid < other->pid);
}

static struct row *make_rows(const struct gw_processes *all, size_t *n)
{
    struct row *rows = calloc(all->n + 1, sizeof *rows);
    *n = 0;
    for (size_t i = 0; rows && i < all->n; i++)
        if (all->items[i].is_python)
            rows[(*n)++].process = &all->items[i];
    if (rows)
        qsort(rows, *n, sizeof *rows, compare_rows);
    return rows;
}

static void free_rows(struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t column = 0; column < N_COLUMNS; column++)
            free(rows[i].cells[column]);
    free(rows);
}

/* --- table ------------------------------------------------------------------------------------ */

static void write_cell(FILE *out, const struct gw_process *process, enum column column)
{
    char user[64];
    switch (column) {
    case PID:
        fprintf(out, "%d", process->pid);
        break;
    case PYTHON:
        fputs(*process->version ? process->version : "?", out);
        break;
    case USER:
        gw_user_name(process->uid, user, sizeof user);
        gw_label_text(out, user, NULL);
        break;
    case SERVICE:
        gw_label_text(out, process->service, NULL);
        break;
    case GROUP:
        fprintf(out, "%d", process->leader);
        break;
    case VERDICT:
        fputs(gw_verdict_name(process->verdict), out);
        break;
    case WHY:
        gw_label_text(out, process->why, NULL);
        break;
    case N_COLUMNS:
        break;
    }
}

static int fill_cells(struct row *row)
{
    for (size_t column = 0; column < N_COLUMNS; column++) {
        size_t size;
        FILE *out = open_memstream(&row->cells[column], &size);
        if (!out)
            return -ENOMEM;
        write_cell(out, row->process, (enum column)column);
        if (fclose(out) != 0)
            return -ENOMEM;
    }
    return 0;
}

static void put_line(FILE *out, const char *const *cells, const size_t *widths)
{
    for (size_t column = 0; column < N_COLUMNS; column++) {
        if (column == PID || column == GROUP)
            gw_columns_put_right(out, cells[column], widths[column]);
        else if (column == N_COLUMNS - 1)
            fputs(cells[column], out);
        else
            gw_columns_put(out, cells[column], widths[column]);
        fputs(column == N_COLUMNS - 1 ? "\n" : "  ", out);
    }
}

static void put_counts(FILE *out, const struct gw_processes *all)
{
    size_t counts[GW_N_VERDICTS] = {0};
    for (size_t i = 0; i < all->n; i++)
        counts[all->items[i].verdict]++;
    fprintf(out, "%zu processes looked at", all->n);
    for (size_t i = 0; i < GW_N_VERDICTS; i++)
        if (counts[i])
            fprintf(out, ", %zu %s", counts[i], gw_verdict_name((enum gw_verdict)i));
    fputs(all->cut ? ", and more that were not\n" : "\n", out);
}

int gw_discover_table(FILE *out, const struct gw_processes *all)
{
    size_t n, widths[N_COLUMNS];
    struct row *rows = make_rows(all, &n);
    int err = rows ? 0 : -ENOMEM;
    for (size_t i = 0; !err && i < n; i++)
        err = fill_cells(&rows[i]);
    for (size_t column = 0; !err && column < N_COLUMNS; column++) {
        widths[column] = strlen(titles[column]);
        for (size_t i = 0; i < n; i++) {
            size_t width = gw_columns_width(rows[i].cells[column]);
            if (width > widths[column])
                widths[column] = width;
        }
    }
    if (!err && n)
        put_line(out, titles, widths);
    for (size_t i = 0; !err && i < n; i++)
        put_line(out, (const char *const *)rows[i].cells, widths);
    if (!err)
        put_counts(out, all);
    free_rows(rows, rows ? n : 0);
    return err;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *row_json(const struct gw_process *process)
{
    char name[64], user[GW_TEXT_ROOM];
    gw_user_name(process->uid, name, sizeof name);
    gw_text_from_bytes((const uint8_t *)name, strlen(name), user, sizeof user);
    json_t *rule =
        process->rule == GW_NO_RULE ? json_null() : json_integer((json_int_t)process->rule + 1);
    return json_pack("{s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:o, s:s}", "pid", process->pid,
                     "parent_pid", process->parent_pid, "leader_pid", process->leader, "python",
                     process->version, "user", user, "service", process->service, "verdict",
                     gw_verdict_name(process->verdict), "rule", rule, "why", process->why);
}

int gw_discover_json(FILE *out, const struct gw_processes *all)
{
    size_t n;
    struct row *rows = make_rows(all, &n);
    json_t *list = json_array();
    int err = rows && list ? 0 : -ENOMEM;
    for (size_t i = 0; !err && i < n; i++)
        err = json_array_append_new(list, row_json(rows[i].process)) ? -ENOMEM : 0;
    json_t *top =
        err ? NULL
            : json_pack("{s:i, s:O}", "schema_version", GW_DISCOVER_VERSION, "processes", list);
    if (top && json_dumpf(top, out, JSON_INDENT(2)) == 0)
        putc('\n', out);
    else
        err = -ENOMEM;
    json_decref(top);
    json_decref(list);
    free_rows(rows, rows ? n : 0);
    return err;
}
