/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/pydict.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "cpython/pyobject.h"
#include "cpython/pystr.h"

/* More hash table than the largest dict we look at can have, as a power of two of bytes. */
#define MAX_LOG2_INDEX_BYTES 32u

/* SHARED_KEYS_MAX_SIZE of 3.11+ (pycore_dict.h): instances with more attributes get a dict. */
#define MAX_SHARED_KEYS 30u

/* dictoffset of a class lies behind its few fixed fields; a larger one is rubbish. */
#define MAX_DICT_OFFSET 65536u

/* Keys of a dict compared with a name in one batched read. */
#define KEYS_PER_READ 64u
#define KEY_BYTES 96u

/* A PyDictKeysObject: where its entries are and what is in each. */
struct key_table {
    gw_raddr entries;
    size_t n;
    size_t entry_bytes; /* {hash, key, value} or {key, value} */
};

/* Where the attributes of an instance are: in a dict, or in values for the shared keys. */
struct attributes {
    gw_raddr dict;   /* 0: none */
    gw_raddr values; /* of struct _dictvalues, 0: none */
    size_t capacity; /* of values */
};

/* Up to 3.10: indices as small as the size of the table allows. */
static bool index_bytes_of_size(uint64_t size, uint64_t *out)
{
    if (size > 1ull << MAX_LOG2_INDEX_BYTES)
        return false;
    uint64_t index = size <= UINT8_MAX ? 1 : size <= UINT16_MAX ? 2 : size <= UINT32_MAX ? 4 : 8;
    *out = size * index;
    return true;
}

static bool parse_index_bytes(const struct gw_layout *layout, struct gw_span header, uint64_t *out)
{
    uint64_t value;
    if (gw_layout_has(layout, GW_F_dictkeys_size))
        return gw_layout_get(layout, GW_F_dictkeys_size, header, &value) &&
               index_bytes_of_size(value, out);
    if (!gw_layout_get(layout, GW_F_dictkeys_log2_index_bytes, header, &value) ||
        value > MAX_LOG2_INDEX_BYTES)
        return false;
    *out = 1ull << value;
    return true;
}

static int read_key_table(const struct gw_rmem *memory, const struct gw_layout *layout,
                          gw_raddr keys, struct key_table *out)
{
    uint8_t bytes[64];
    size_t header_bytes = gw_layout_at(layout, GW_F_dictkeys_indices);
    if (header_bytes > sizeof bytes)
        return -GW_E_LAYOUT;
    int err = gw_rmem_read(memory, keys, bytes, header_bytes);
    if (err)
        return err;
    struct gw_span header = gw_span_of(bytes, header_bytes);
    uint64_t index_bytes, n, kind = 0;
    if (!parse_index_bytes(layout, header, &index_bytes) ||
        !gw_layout_get(layout, GW_F_dictkeys_nentries, header, &n))
        return -GW_E_TORN;
    if (n > GW_MAX_DICT_ENTRIES)
        return -GW_E_LIMIT;
    gw_layout_get(layout, GW_F_dictkeys_kind, header, &kind);
    out->entries = keys + header_bytes + index_bytes;
    out->n = (size_t)n;
    out->entry_bytes = (kind ? 2 : 3) * sizeof(uint64_t);
    return 0;
}

/* An array of n 64-bit words, which the caller frees. */
static int read_words(const struct gw_rmem *memory, gw_raddr addr, size_t n, uint64_t **out)
{
    GW_AUTO_FREE uint64_t *words = calloc(n ? n : 1, sizeof *words);
    if (!words)
        return -ENOMEM;
    int err = gw_rmem_read(memory, addr, words, n * sizeof *words);
    if (err)
        return err;
    *out = words;
    words = NULL;
    return 0;
}

/* Items of a key table; with values (the array itself) it is a split one. */
static int read_items(const struct gw_rmem *memory, const struct key_table *table, gw_raddr values,
                      struct gw_pydict *out)
{
    GW_AUTO_FREE uint64_t *entries = NULL;
    GW_AUTO_FREE uint64_t *split = NULL;
    size_t words = table->entry_bytes / sizeof *entries;
    int err = read_words(memory, table->entries, table->n * words, &entries);
    if (!err && values)
        err = read_words(memory, values, table->n, &split);
    if (err)
        return err;
    struct gw_pydict_item *items = calloc(table->n ? table->n : 1, sizeof *items);
    if (!items)
        return -ENOMEM;
    *out = (struct gw_pydict){.items = items};
    for (size_t i = 0; i < table->n; i++) {
        const uint64_t *key_and_value = entries + (i + 1) * words - 2;
        uint64_t value = split ? split[i] : key_and_value[1];
        if (key_and_value[0] && value) /* neither deleted nor never set */
            items[out->n++] = (struct gw_pydict_item){key_and_value[0], value};
    }
    return 0;
}

int gw_pydict_read(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                   struct gw_pydict *out)
{
    uint64_t keys, values;
    struct key_table table;
    int err = gw_pyobject_expect(memory, layout, addr, GW_TYPE_DICT);
    if (!err)
        err = gw_pyword_read(memory, addr + gw_layout_at(layout, GW_F_dict_keys), &keys);
    if (!err)
        err = gw_pyword_read(memory, addr + gw_layout_at(layout, GW_F_dict_values), &values);
    if (!err)
        err = read_key_table(memory, layout, keys, &table);
    if (err)
        return err;
    if (values)
        values += gw_layout_at(layout, GW_F_dictvalues_items);
    return read_items(memory, &table, values, out);
}

void gw_pydict_free(struct gw_pydict *dict)
{
    free(dict->items);
    *dict = (struct gw_pydict){0};
}

/* Index of the first of n items whose key is this str, n if none is; n <= KEYS_PER_READ. */
static int find_in_batch(const struct gw_rmem *memory, const struct gw_layout *layout,
                         const struct gw_pydict_item *items, size_t n, const char *name,
                         size_t *index)
{
    uint8_t keys[KEYS_PER_READ][KEY_BYTES];
    struct gw_rmem_range ranges[KEYS_PER_READ];
    size_t key_bytes = gw_pystr_bytes(layout, name);
    if (key_bytes > KEY_BYTES)
        return -GW_E_LAYOUT;
    for (size_t i = 0; i < n; i++)
        ranges[i] = (struct gw_rmem_range){items[i].key, keys[i], key_bytes, 0};
    int err = gw_rmem_readv(memory, ranges, n);
    if (err)
        return err;
    for (*index = 0; *index < n; ++*index)
        if (gw_pystr_equals(layout, gw_span_of(keys[*index], ranges[*index].got), name))
            break;
    return 0;
}

static int find_item(const struct gw_rmem *memory, const struct gw_layout *layout,
                     const struct gw_pydict *dict, const char *name, gw_raddr *value)
{
    for (size_t start = 0; start < dict->n; start += KEYS_PER_READ) {
        size_t n = dict->n - start < KEYS_PER_READ ? dict->n - start : KEYS_PER_READ;
        size_t index;
        int err = find_in_batch(memory, layout, dict->items + start, n, name, &index);
        if (err)
            return err;
        if (index == n)
            continue;
        *value = dict->items[start + index].value;
        return 0;
    }
    return -GW_E_NOT_FOUND;
}

int gw_pydict_find(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                   const char *name, gw_raddr *value)
{
    struct gw_pydict dict;
    int err = gw_pydict_read(memory, layout, addr, &dict);
    if (err)
        return err;
    err = find_item(memory, layout, &dict, name, value);
    gw_pydict_free(&dict);
    return err;
}

/* A pointer in the instance, where its class says: all classes up to 3.10, some in C later. */
static int locate_by_offset(const struct gw_rmem *memory, const struct gw_layout *layout,
                            gw_raddr addr, const struct gw_pytype *type, struct attributes *out)
{
    uint64_t offset;
    int err =
        gw_pyword_read(memory, type->addr + gw_layout_at(layout, GW_F_type_dictoffset), &offset);
    if (err)
        return err;
    if (offset == 0 || offset > MAX_DICT_OFFSET)
        return -GW_E_NOT_FOUND;
    return gw_pyword_read(memory, addr + offset, &out->dict);
}

/* 3.11: the words 4 and 3 before the object are its values and its dict, one of them 0. */
static int locate_v311(const struct gw_rmem *memory, gw_raddr addr, struct attributes *out)
{
    uint64_t values_and_dict[2];
    int err =
        gw_rmem_read(memory, addr - 4 * sizeof(uint64_t), values_and_dict, sizeof values_and_dict);
    if (err)
        return err;
    out->values = values_and_dict[0];
    out->dict = values_and_dict[1];
    return 0;
}

/* 3.12: the word 3 before the object is its dict or, with bit 0 set, one less than its values. */
static int locate_v312(const struct gw_rmem *memory, gw_raddr addr, struct attributes *out)
{
    uint64_t dict_or_values;
    int err = gw_pyword_read(memory, addr - 3 * sizeof(uint64_t), &dict_or_values);
    if (err)
        return err;
    if (dict_or_values & 1)
        out->values = dict_or_values + 1;
    else
        out->dict = dict_or_values;
    return 0;
}

/* 3.13+: the dict before the object, if there is one already; else the values right behind it,
 * which start with {capacity, size, embedded, valid} of a byte each. */
static int locate_v313(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                       const struct gw_pytype *type, struct attributes *out)
{
    uint64_t before = layout->free_threaded ? 1 : 3, basicsize;
    uint8_t head[4];
    int err = gw_pyword_read(memory, addr - before * sizeof(uint64_t), &out->dict);
    if (err || out->dict)
        return err;
    if (!(type->flags & GW_TYPE_INLINE_VALUES))
        return -GW_E_NOT_FOUND;
    err =
        gw_pyword_read(memory, type->addr + gw_layout_at(layout, GW_F_type_basicsize), &basicsize);
    if (!err)
        err = gw_rmem_read(memory, addr + basicsize, head, sizeof head);
    if (err)
        return err;
    if (head[3] != 1)
        return -GW_E_TORN;
    out->values = addr + basicsize;
    out->capacity = head[0];
    return 0;
}

static int locate_attributes(const struct gw_rmem *memory, const struct gw_layout *layout,
                             gw_raddr addr, const struct gw_pytype *type, struct attributes *out)
{
    *out = (struct attributes){.capacity = MAX_SHARED_KEYS};
    enum gw_dict_family family = layout->dicts;
    if (!(type->flags & GW_TYPE_MANAGED_DICT))
        family = GW_DICT_V38;
    switch (family) {
    case GW_DICT_NONE:
        return -GW_E_NOT_FOUND;
    case GW_DICT_V38:
        return locate_by_offset(memory, layout, addr, type, out);
    case GW_DICT_V311:
        return locate_v311(memory, addr, out);
    case GW_DICT_V312:
        return locate_v312(memory, addr, out);
    case GW_DICT_V313:
        return locate_v313(memory, layout, addr, type, out);
    }
    return -GW_E_NOT_FOUND;
}

static int find_in_values(const struct gw_rmem *memory, const struct gw_layout *layout,
                          const struct gw_pytype *type, const struct attributes *attributes,
                          const char *name, gw_raddr *value)
{
    uint64_t keys;
    struct key_table table;
    struct gw_pydict dict;
    int err =
        gw_pyword_read(memory, type->addr + gw_layout_at(layout, GW_F_heaptype_cached_keys), &keys);
    if (!err)
        err = read_key_table(memory, layout, keys, &table);
    if (err)
        return err;
    if (table.n > attributes->capacity)
        table.n = attributes->capacity;
    gw_raddr items = attributes->values + gw_layout_at(layout, GW_F_dictvalues_items);
    err = read_items(memory, &table, items, &dict);
    if (err)
        return err;
    err = find_item(memory, layout, &dict, name, value);
    gw_pydict_free(&dict);
    return err;
}

int gw_pyattr_find(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                   const char *name, gw_raddr *value)
{
    struct gw_pytype type;
    struct attributes attributes;
    int err = gw_pytype_read(memory, layout, addr, &type);
    if (!err)
        err = locate_attributes(memory, layout, addr, &type, &attributes);
    if (err)
        return err;
    if (attributes.dict)
        return gw_pydict_find(memory, layout, attributes.dict, name, value);
    if (attributes.values)
        return find_in_values(memory, layout, &type, &attributes, name, value);
    return -GW_E_NOT_FOUND;
}
