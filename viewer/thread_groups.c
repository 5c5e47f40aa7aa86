/* SPDX-License-Identifier: Apache-2.0 */
#include "thread_groups.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/label.h"
#include "number.h"

void gw_thread_groups_number(const char *name, size_t *begin, size_t *end)
{
    size_t at = strlen(name);

    while (at > 0 && !isdigit((unsigned char)name[at - 1]))
        at--;
    *end = at;
    while (at > 0 && isdigit((unsigned char)name[at - 1]))
        at--;
    *begin = at;
}

/* A thread among its like. */
struct member {
    uint32_t process, row;
    const char *name;
    size_t begin, end; /* of the number in it */
};

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* 0: of one group. */
static int compare_groups(const struct member *a, const struct member *b)
{
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    if ((a->begin == a->end) != (b->begin == b->end)) /* "hog" is none of "7hog" */
        return a->begin == a->end ? -1 : 1;
    int order = compare_bytes(a->name, a->begin, b->name, b->begin);
    return order ? order : strcmp(a->name + a->end, b->name + b->end);
}

static int compare_members(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    int order = compare_groups(a, b);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static struct member member_of(const struct gw_model *model, uint32_t row, bool by_process)
{
    const struct gw_model_thread *thread = &model->threads[row];
    struct member member = {.process = by_process ? thread->process : 0,
                            .row = row,
                            .name = gw_model_text(model, thread->name)};

    gw_thread_groups_number(member.name, &member.begin, &member.end);
    return member;
}

static size_t sort_members(const struct gw_model *model, bool by_process, struct member *members)
{
    size_t n = 0;

    for (uint32_t i = 0; i < model->n_threads; i++)
        if (model->threads[i].wall_ns > 0)
            members[n++] = member_of(model, i, by_process);
    qsort(members, n, sizeof *members, compare_members);
    return n;
}

static void fill(struct gw_thread_groups *groups, const struct member *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        groups->rows[i] = members[i].row;
        if (i == 0 || compare_groups(&members[i - 1], &members[i]) != 0)
            groups->groups[groups->n++].rows = &groups->rows[i];
        groups->groups[groups->n - 1].n++;
    }
}

struct gw_thread_groups *gw_thread_groups_new(const struct gw_model *model, bool by_process)
{
    size_t n = model->n_threads + 1;
    struct gw_thread_groups *groups = calloc(1, sizeof *groups);
    GW_AUTO_FREE struct member *members = calloc(n, sizeof *members);

    if (groups && members) {
        groups->rows = calloc(n, sizeof *groups->rows);
        groups->groups = calloc(n, sizeof *groups->groups);
        if (groups->rows && groups->groups) {
            fill(groups, members, sort_members(model, by_process, members));
            return groups;
        }
    }
    gw_thread_groups_free(groups);
    return NULL;
}

void gw_thread_groups_free(struct gw_thread_groups *groups)
{
    if (!groups)
        return;
    free(groups->rows);
    free(groups->groups);
    free(groups);
}

const struct gw_thread_group *gw_thread_groups_find(const struct gw_thread_groups *groups,
                                                    const struct gw_model *model,
                                                    const struct gw_model *other_model,
                                                    const struct gw_thread_group *other)
{
    struct member wanted = member_of(other_model, other->rows[0], false);
    size_t low = 0, high = groups->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct member here = member_of(model, groups->groups[middle].rows[0], false);
        int order = compare_groups(&here, &wanted);
        if (order == 0)
            return &groups->groups[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void gw_thread_groups_pattern(FILE *out, const struct gw_model *model,
                              const struct gw_thread_group *group, const char *also)
{
    const char *name = gw_model_text(model, model->threads[group->rows[0]].name);
    size_t begin, end;

    if (!*name) {
        fputs("threads without a name", out);
        return;
    }
    gw_thread_groups_number(name, &begin, &end);
    GW_AUTO_FREE char *head = strndup(name, begin);
    gw_label_text(out, head ? head : "", also);
    if (end > begin)
        putc('*', out);
    gw_label_text(out, name + end, also);
}

void gw_thread_groups_label(FILE *out, const struct gw_model *model,
                            const struct gw_thread_group *group, const char *also)
{
    if (group->n == 1) {
        gw_label_thread(out, model, group->rows[0], also);
        return;
    }
    gw_thread_groups_pattern(out, model, group, also);
    fputs(" (", out);
    gw_number_count(out, group->n);
    fputs(" threads)", out);
}
