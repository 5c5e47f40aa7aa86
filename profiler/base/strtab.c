/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strtab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/idmap.h"

#define BLOCK_BYTES ((size_t)64 << 10)

/* Text lives in blocks that never move, newest first. */
struct block {
    struct block *older;
    size_t used, size;
    char bytes[];
};

struct gw_strtab {
    struct block *blocks;
    const char **texts;
    uint32_t n, cap;
    uint32_t *index; /* open addressing: id + 1, 0 free */
    size_t n_index;
};

static uint64_t hash_text(const char *text, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3ull;
    return gw_mix64(hash);
}

static uint32_t *index_slot(const struct gw_strtab *table, const char *text)
{
    size_t mask = table->n_index - 1;
    size_t at = (size_t)hash_text(text, strlen(text)) & mask;
    while (table->index[at] && strcmp(table->texts[table->index[at] - 1], text) != 0)
        at = (at + 1) & mask;
    return &table->index[at];
}

static int grow_index(struct gw_strtab *table, size_t n)
{
    size_t size = table->n_index ? table->n_index : 256;
    while (size < n * 2)
        size *= 2;
    if (size == table->n_index)
        return 0;
    uint32_t *fresh = calloc(size, sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    free(table->index);
    table->index = fresh;
    table->n_index = size;
    for (uint32_t id = 0; id < table->n; id++)
        *index_slot(table, table->texts[id]) = id + 1;
    return 0;
}

static int grow_texts(struct gw_strtab *table, size_t n)
{
    if (n <= table->cap)
        return 0;
    if (n > UINT32_MAX / 2)
        return -ENOMEM;
    size_t cap = n + n / 2;
    const char **texts = reallocarray(table->texts, cap, sizeof *texts);
    if (!texts)
        return -ENOMEM;
    table->texts = texts;
    table->cap = (uint32_t)cap;
    return 0;
}

int gw_strtab_reserve(struct gw_strtab *table, size_t n, size_t bytes)
{
    int err = grow_texts(table, table->n + n);
    if (!err)
        err = grow_index(table, table->n + n);
    if (err)
        return err;
    size_t need = bytes + n; /* the final NULs */
    if (table->blocks && table->blocks->size - table->blocks->used >= need)
        return 0;
    size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        return -ENOMEM;
    *block = (struct block){.older = table->blocks, .size = size};
    table->blocks = block;
    return 0;
}

struct gw_strtab *gw_strtab_new(void)
{
    struct gw_strtab *table = calloc(1, sizeof *table);
    if (table &&
        (gw_strtab_reserve(table, 64, BLOCK_BYTES / 2) || gw_strtab_intern(table, "") < 0)) {
        gw_strtab_free(table);
        return NULL;
    }
    return table;
}

void gw_strtab_free(struct gw_strtab *table)
{
    if (!table)
        return;
    for (struct block *block = table->blocks, *older; block; block = older) {
        older = block->older;
        free(block);
    }
    free(table->texts);
    free(table->index);
    free(table);
}

int64_t gw_strtab_intern(struct gw_strtab *table, const char *text)
{
    uint32_t *slot = index_slot(table, text);
    if (*slot)
        return *slot - 1;
    size_t len = strlen(text) + 1;
    struct block *block = table->blocks;
    if (table->n == table->cap || block->size - block->used < len ||
        (size_t)(table->n + 1) * 2 > table->n_index)
        return -GW_E_LIMIT;
    char *copy = memcpy(block->bytes + block->used, text, len);
    block->used += len;
    table->texts[table->n] = copy;
    *slot = ++table->n;
    return table->n - 1;
}

uint32_t gw_strtab_count(const struct gw_strtab *table)
{
    return table->n;
}

const char *gw_strtab_text(const struct gw_strtab *table, uint32_t id)
{
    return table->texts[id];
}
