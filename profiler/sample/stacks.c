/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/stacks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/idmap.h"
#include "base/limits.h"

struct gw_stacks {
    struct gw_stack_node *nodes;
    uint32_t n, cap;
    uint32_t *index; /* open addressing: id, 0 free */
    size_t n_index;
};

static uint32_t *index_slot(const struct gw_stacks *stacks, struct gw_stack_node node)
{
    uint64_t key = gw_mix64((uint64_t)node.parent << 32 | node.function) + node.line;
    size_t mask = stacks->n_index - 1;
    size_t at = (size_t)gw_mix64(key) & mask;
    while (stacks->index[at]) {
        const struct gw_stack_node *there = &stacks->nodes[stacks->index[at]];
        if (there->parent == node.parent && there->function == node.function &&
            there->line == node.line)
            break;
        at = (at + 1) & mask;
    }
    return &stacks->index[at];
}

static int grow_index(struct gw_stacks *stacks, size_t n)
{
    size_t size = stacks->n_index ? stacks->n_index : 1024;
    while (size < 2 * n)
        size *= 2;
    if (size == stacks->n_index)
        return 0;
    uint32_t *fresh = calloc(size, sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    free(stacks->index);
    stacks->index = fresh;
    stacks->n_index = size;
    for (uint32_t id = 1; id < stacks->n; id++)
        *index_slot(stacks, stacks->nodes[id]) = id;
    return 0;
}

int gw_stacks_reserve(struct gw_stacks *stacks, size_t n)
{
    size_t need = stacks->n + n;
    if (need > GW_MAX_IDS)
        return -GW_E_LIMIT;
    int err = grow_index(stacks, need);
    if (err || need <= stacks->cap)
        return err;
    size_t cap = need + need / 2;
    struct gw_stack_node *nodes = reallocarray(stacks->nodes, cap, sizeof *nodes);
    if (!nodes)
        return -ENOMEM;
    stacks->nodes = nodes;
    stacks->cap = (uint32_t)cap;
    return 0;
}

struct gw_stacks *gw_stacks_new(void)
{
    struct gw_stacks *stacks = calloc(1, sizeof *stacks);
    if (!stacks)
        return NULL;
    if (gw_stacks_reserve(stacks, 1024)) {
        gw_stacks_free(stacks);
        return NULL;
    }
    stacks->nodes[stacks->n++] = (struct gw_stack_node){0};
    return stacks;
}

void gw_stacks_free(struct gw_stacks *stacks)
{
    if (!stacks)
        return;
    free(stacks->nodes);
    free(stacks->index);
    free(stacks);
}

uint32_t gw_stacks_push(struct gw_stacks *stacks, uint32_t parent, uint32_t function, uint32_t line)
{
    struct gw_stack_node node = {.parent = parent, .function = function, .line = line};
    uint32_t *slot = index_slot(stacks, node);
    if (*slot)
        return *slot;
    if (stacks->n == stacks->cap)
        return parent;
    stacks->nodes[stacks->n] = node;
    *slot = stacks->n;
    return stacks->n++;
}

uint32_t gw_stacks_count(const struct gw_stacks *stacks)
{
    return stacks->n;
}

const struct gw_stack_node *gw_stacks_get(const struct gw_stacks *stacks, uint32_t id)
{
    return &stacks->nodes[id];
}
