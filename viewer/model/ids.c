/* SPDX-License-Identifier: Apache-2.0 */
#include "model/ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static int grow(struct gw_idlist *list, uint32_t n)
{
    if (n > list->cap) {
        uint32_t cap = n + n / 2 + 64;
        uint32_t *rows = reallocarray(list->rows, cap, sizeof *rows);
        if (!rows)
            return -ENOMEM;
        list->rows = rows;
        list->cap = cap;
    }
    if (n > list->n) {
        memset(list->rows + list->n, 0, (n - list->n) * sizeof *list->rows);
        list->n = n;
    }
    return 0;
}

/* Let the id stand for the row; `row` may be the negative error of finding it. An id that is
 * known must keep its meaning. */
static int define(struct gw_idlist *list, uint32_t id, uint32_t limit, int64_t row)
{
    if (row < 0)
        return (int)row;
    if (id >= limit)
        return -GW_E_BAD_DATA;
    int rc = grow(list, id + 1);
    if (rc < 0)
        return rc;
    uint32_t old = list->rows[id];
    if (old != 0 && old != (uint32_t)row + 1)
        return -GW_E_BAD_DATA;
    list->rows[id] = (uint32_t)row + 1;
    return 0;
}

static int forget_all(struct gw_ids *ids)
{
    struct gw_idlist *lists[] = {&ids->strings,   &ids->functions, &ids->stacks, &ids->natives,
                                 &ids->processes, &ids->threads,   &ids->gils};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        lists[i]->n = 0;
    int rc = define(&ids->strings, 0, GW_MAX_IDS, 0);
    if (rc == 0)
        rc = define(&ids->functions, 0, GW_MAX_IDS, 0);
    if (rc == 0)
        rc = define(&ids->stacks, 0, GW_MAX_IDS, 0);
    if (rc == 0)
        rc = define(&ids->natives, 0, GW_MAX_IDS, 0);
    return rc;
}

/* The n ids from `first` on must continue or repeat what is there. */
static int check_range(const struct gw_idlist *list, uint32_t first, size_t n)
{
    if (n == 0)
        return 0;
    if (first == 0 || first > list->n)
        return -GW_E_BAD_DATA;
    return n > GW_MAX_IDS - first ? -GW_E_BAD_DATA : 0;
}

static int define_strings(struct gw_ids *ids, struct gw_tables *tables,
                          const Gilwait__Capture__Strings *strings)
{
    int rc = check_range(&ids->strings, strings->first_id, strings->n_values);

    for (size_t i = 0; rc == 0 && i < strings->n_values; i++)
        rc = define(&ids->strings, strings->first_id + (uint32_t)i, GW_MAX_IDS,
                    gw_tables_string(tables, strings->values[i]));
    return rc;
}

static int define_functions(struct gw_ids *ids, struct gw_tables *tables,
                            const Gilwait__Capture__Functions *functions)
{
    size_t n = functions->n_name;
    int rc = check_range(&ids->functions, functions->first_id, n);

    if (functions->n_file != n || functions->n_first_line != n ||
        (functions->n_kind && functions->n_kind != n))
        return -GW_E_BAD_DATA;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct gw_model_function key = {.first_line = functions->first_line[i],
                                        .kind = functions->n_kind ? functions->kind[i]
                                                                  : GW_FUNCTION_PYTHON};
        if (key.kind > GW_FUNCTION_NATIVE ||
            !gw_idlist_find(&ids->strings, functions->name[i], &key.name) ||
            !gw_idlist_find(&ids->strings, functions->file[i], &key.file))
            return -GW_E_BAD_DATA;
        rc = define(&ids->functions, functions->first_id + (uint32_t)i, GW_MAX_IDS,
                    gw_rows_put(&tables->functions, &key));
    }
    return rc;
}

/* An id of a stack, by its rows without and with the frames of the native stack. */
static int define_stack(struct gw_ids *ids, struct gw_tables *tables, uint32_t id, uint32_t parent,
                        uint32_t function, uint32_t line)
{
    uint32_t plain, whole;
    if (!gw_idlist_find(&ids->stacks, parent, &plain) ||
        !gw_idlist_find(&ids->natives, parent, &whole))
        return -GW_E_BAD_DATA;
    const struct gw_model_function *leaf = gw_rows_at(&tables->functions, function);
    bool is_native = leaf->kind == GW_FUNCTION_NATIVE;
    int rc = define(&ids->natives, id, GW_MAX_IDS, gw_tables_stack(tables, whole, function, line));
    if (rc < 0)
        return rc;
    return define(&ids->stacks, id, GW_MAX_IDS,
                  is_native ? (int64_t)plain : gw_tables_stack(tables, plain, function, line));
}

static int define_stacks(struct gw_ids *ids, struct gw_tables *tables,
                         const Gilwait__Capture__Stacks *stacks)
{
    size_t n = stacks->n_parent;
    int rc = check_range(&ids->stacks, stacks->first_id, n);

    if (stacks->n_function != n || stacks->n_line != n)
        return -GW_E_BAD_DATA;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        uint32_t id = stacks->first_id + (uint32_t)i;
        uint32_t function;
        if (stacks->parent[i] >= id ||
            !gw_idlist_find(&ids->functions, stacks->function[i], &function))
            return -GW_E_BAD_DATA;
        rc = define_stack(ids, tables, id, stacks->parent[i], function, stacks->line[i]);
    }
    return rc;
}

static int define_process(struct gw_ids *ids, struct gw_tables *tables,
                          const Gilwait__Capture__Process *process)
{
    struct gw_model_process key = {.first_seen_ns = process->first_seen_ns, .pid = process->pid};
    uint32_t exe, python, reason;

    if (!gw_idlist_find(&ids->strings, process->exe, &exe) ||
        !gw_idlist_find(&ids->strings, process->python, &python) ||
        !gw_idlist_find(&ids->strings, process->reason, &reason))
        return -GW_E_BAD_DATA;
    int64_t row = gw_rows_put(&tables->processes, &key);
    int rc = define(&ids->processes, process->id, GW_MAX_SPARSE_IDS, row);
    if (rc < 0)
        return rc;
    struct gw_model_process *into = gw_tables_process(tables, (uint32_t)row);
    into->ns_pid = process->ns_pid;
    into->parent_pid = process->parent_pid;
    into->exe = exe;
    into->python = python;
    into->python_hex = process->python_hex;
    into->reason = reason;
    into->skipped = process->status == GILWAIT__CAPTURE__PROCESS__STATUS__SKIPPED;
    into->free_threaded = process->free_threaded;
    into->ended_ns = process->ended_ns;
    return 0;
}

static int define_thread(struct gw_ids *ids, struct gw_tables *tables,
                         const Gilwait__Capture__Thread *thread)
{
    struct gw_model_thread key = {.first_seen_ns = thread->first_seen_ns, .tid = thread->tid};
    uint32_t name;

    if (!gw_idlist_find(&ids->processes, thread->process, &key.process) ||
        !gw_idlist_find(&ids->strings, thread->name, &name))
        return -GW_E_BAD_DATA;
    int64_t row = gw_rows_put(&tables->threads, &key);
    int rc = define(&ids->threads, thread->id, GW_MAX_SPARSE_IDS, row);
    if (rc < 0)
        return rc;
    struct gw_model_thread *into = gw_tables_thread(tables, (uint32_t)row);
    into->ns_tid = thread->ns_tid;
    into->name = name;
    into->main = thread->main;
    into->hidden = tables->hidden && ((size_t)row >= tables->n_hidden || tables->hidden[row]);
    return 0;
}

static int define_gil(struct gw_ids *ids, struct gw_tables *tables,
                      const Gilwait__Capture__Gil *gil)
{
    struct gw_model_gil key = {.interpreter = gil->interpreter};

    if (!gw_idlist_find(&ids->processes, gil->process, &key.process))
        return -GW_E_BAD_DATA;
    return define(&ids->gils, gil->id, GW_MAX_SPARSE_IDS, gw_rows_put(&tables->gils, &key));
}

int gw_ids_define(struct gw_ids *ids, struct gw_tables *tables, const Gilwait__Capture__Data *data)
{
    int rc = 0;

    if (data->reset_ids || ids->strings.n == 0)
        rc = forget_all(ids);
    if (rc == 0 && data->strings)
        rc = define_strings(ids, tables, data->strings);
    if (rc == 0 && data->functions)
        rc = define_functions(ids, tables, data->functions);
    if (rc == 0 && data->stacks)
        rc = define_stacks(ids, tables, data->stacks);
    for (size_t i = 0; rc == 0 && i < data->n_processes; i++)
        rc = define_process(ids, tables, data->processes[i]);
    for (size_t i = 0; rc == 0 && i < data->n_threads; i++)
        rc = define_thread(ids, tables, data->threads[i]);
    for (size_t i = 0; rc == 0 && i < data->n_gils; i++)
        rc = define_gil(ids, tables, data->gils[i]);
    return rc;
}

void gw_ids_fini(struct gw_ids *ids)
{
    free(ids->strings.rows);
    free(ids->functions.rows);
    free(ids->stacks.rows);
    free(ids->natives.rows);
    free(ids->processes.rows);
    free(ids->threads.rows);
    free(ids->gils.rows);
    *ids = (struct gw_ids){0};
}
