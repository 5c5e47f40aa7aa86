/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_heap.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/pyobject.h"

#define WORD ((gw_raddr)sizeof(uint64_t))
#define FAKE_LOG2_SIZE 5

static void shift_field(struct gw_layout *layout, enum gw_field field, uint32_t by)
{
    layout->offset_plus_one[field] += by;
}

/* The header of every object is 16 bytes longer (Include/object.h). */
static void make_free_threaded(struct gw_layout *layout, unsigned minor)
{
    static const enum gw_field fields[] = {
        GW_F_object_type,    GW_F_type_name,          GW_F_type_flags,
        GW_F_type_basicsize, GW_F_type_dictoffset,    GW_F_heaptype_cached_keys,
        GW_F_bytes_size,     GW_F_bytes_data,         GW_F_unicode_length,
        GW_F_unicode_state,  GW_F_unicode_ascii_data, GW_F_unicode_compact_data,
        GW_F_module_dict,    GW_F_pylong_size,        GW_F_pylong_digits,
        GW_F_dict_keys,      GW_F_dict_values,
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        shift_field(layout, fields[i], 16);
    layout->free_threaded = true;
    layout->unicode_kind_bit = minor >= 14 ? 8 : 2;
}

void fake_layout(unsigned minor, bool free_threaded, struct gw_layout *out)
{
    uint32_t known = minor > 12 ? 12 : minor;
    if (gw_layout_from_table(0x03000000u | known << 16, EM_X86_64, out) != 0)
        abort();
    if (minor > 12) {
        out->dicts = GW_DICT_V313;
        shift_field(out, GW_F_dictvalues_items, 8);
    }
    if (free_threaded)
        make_free_threaded(out, minor);
}

static uint32_t at(const struct fake_heap *heap, enum gw_field field)
{
    if (!gw_layout_has(heap->layout, field))
        abort();
    return gw_layout_at(heap->layout, field);
}

static void put_word(struct fake_heap *heap, gw_raddr object, enum gw_field field, uint64_t value)
{
    fake_rmem_put_u64(heap->fake, object + at(heap, field), value);
}

gw_raddr fake_heap_alloc(struct fake_heap *heap, size_t len)
{
    gw_raddr addr = (heap->next + 15) & ~(gw_raddr)15;
    if (addr > heap->end || len > heap->end - addr)
        abort();
    heap->next = addr + len;
    return addr;
}

gw_raddr fake_heap_type(struct fake_heap *heap, uint64_t flags)
{
    size_t len = at(heap, GW_F_type_dictoffset) + WORD;
    if (gw_layout_has(heap->layout, GW_F_heaptype_cached_keys))
        len = at(heap, GW_F_heaptype_cached_keys) + WORD;
    gw_raddr type = fake_heap_alloc(heap, len);
    put_word(heap, type, GW_F_type_flags, flags);
    return type;
}

void fake_heap_init(struct fake_heap *heap, struct fake_rmem *fake, const struct gw_layout *layout,
                    gw_raddr base, size_t len)
{
    fake_rmem_map(fake, base, len);
    *heap = (struct fake_heap){.fake = fake, .layout = layout, .next = base, .end = base + len};
    heap->str_type = fake_heap_type(heap, GW_TYPE_STR);
    heap->bytes_type = fake_heap_type(heap, GW_TYPE_BYTES);
    heap->dict_type = fake_heap_type(heap, GW_TYPE_DICT);
    heap->other_type = fake_heap_type(heap, 0);
}

static gw_raddr new_object(struct fake_heap *heap, gw_raddr type, size_t len)
{
    gw_raddr object = fake_heap_alloc(heap, len);
    fake_rmem_put_u64(heap->fake, object, 1); /* references: an object does not start with 0 */
    put_word(heap, object, GW_F_object_type, type);
    return object;
}

static gw_raddr new_str(struct fake_heap *heap, const void *units, size_t n, unsigned width,
                        bool ascii)
{
    uint32_t data = at(heap, ascii ? GW_F_unicode_ascii_data : GW_F_unicode_compact_data);
    gw_raddr str = new_object(heap, heap->str_type, data + n * width + width);
    uint32_t state = width | 0x8u | (ascii ? 0x10u : 0);
    put_word(heap, str, GW_F_unicode_length, n);
    fake_rmem_put_u32(heap->fake, str + at(heap, GW_F_unicode_state),
                      state << heap->layout->unicode_kind_bit);
    if (n)
        fake_rmem_put(heap->fake, str + data, units, n * width);
    return str;
}

gw_raddr fake_heap_ascii(struct fake_heap *heap, const char *text)
{
    return new_str(heap, text, strlen(text), 1, true);
}

gw_raddr fake_heap_str(struct fake_heap *heap, const void *units, size_t n, unsigned width)
{
    return new_str(heap, units, n, width, false);
}

gw_raddr fake_heap_bytes(struct fake_heap *heap, const void *bytes, size_t len)
{
    uint32_t data = at(heap, GW_F_bytes_data);
    gw_raddr object = new_object(heap, heap->bytes_type, data + len + 1);
    put_word(heap, object, GW_F_bytes_size, len);
    if (len)
        fake_rmem_put(heap->fake, object + data, bytes, len);
    return object;
}

gw_raddr fake_heap_int(struct fake_heap *heap, uint64_t value)
{
    uint32_t digits = at(heap, GW_F_pylong_digits);
    gw_raddr object = new_object(heap, heap->other_type, digits + 12);
    uint64_t n = 0;
    for (; value; value >>= 30)
        fake_rmem_put_u32(heap->fake, object + digits + 4 * n++, (uint32_t)(value & 0x3fffffff));
    bool tagged = heap->layout->dicts == GW_DICT_V312 || heap->layout->dicts == GW_DICT_V313;
    put_word(heap, object, GW_F_pylong_size, tagged ? n << 3 : n);
    return object;
}

gw_raddr fake_heap_module(struct fake_heap *heap, gw_raddr dict)
{
    gw_raddr object = new_object(heap, heap->other_type, at(heap, GW_F_module_dict) + WORD);
    put_word(heap, object, GW_F_module_dict, dict);
    return object;
}

/* Sizes of the table as the version writes them; returns the bytes of the indices. */
static size_t put_index_size(struct fake_heap *heap, gw_raddr keys, unsigned log2_size)
{
    unsigned log2_index = log2_size < 8 ? 0 : log2_size < 16 ? 1 : 2;
    if (gw_layout_has(heap->layout, GW_F_dictkeys_size))
        put_word(heap, keys, GW_F_dictkeys_size, 1ull << log2_size);
    else
        fake_rmem_put_u8(heap->fake, keys + at(heap, GW_F_dictkeys_log2_index_bytes),
                         (uint8_t)(log2_size + log2_index));
    return (size_t)1 << (log2_size + log2_index);
}

gw_raddr fake_heap_keys(struct fake_heap *heap, enum fake_keys kind, unsigned log2_size,
                        const struct fake_item *items, size_t n)
{
    bool has_kind = gw_layout_has(heap->layout, GW_F_dictkeys_kind);
    size_t words = kind == FAKE_KEYS_STR && has_kind ? 2 : 3;
    uint32_t indices = at(heap, GW_F_dictkeys_indices);
    size_t most = ((size_t)2 << log2_size) * 2;
    gw_raddr keys = fake_heap_alloc(heap, indices + most + n * words * WORD);
    gw_raddr entries = keys + indices + put_index_size(heap, keys, log2_size);
    if (has_kind)
        fake_rmem_put_u8(heap->fake, keys + at(heap, GW_F_dictkeys_kind), words == 2);
    put_word(heap, keys, GW_F_dictkeys_nentries, n);
    for (size_t i = 0; i < n; i++) {
        gw_raddr value = entries + ((i + 1) * words - 1) * WORD;
        fake_rmem_put_u64(heap->fake, value - WORD, items[i].key);
        fake_rmem_put_u64(heap->fake, value, items[i].value);
    }
    return keys;
}

static gw_raddr new_dict(struct fake_heap *heap, gw_raddr keys, gw_raddr values)
{
    gw_raddr dict = new_object(heap, heap->dict_type, at(heap, GW_F_dict_values) + WORD);
    put_word(heap, dict, GW_F_dict_keys, keys);
    put_word(heap, dict, GW_F_dict_values, values);
    return dict;
}

gw_raddr fake_heap_dict(struct fake_heap *heap, enum fake_keys kind, unsigned log2_size,
                        const struct fake_item *items, size_t n)
{
    return new_dict(heap, fake_heap_keys(heap, kind, log2_size, items, n), 0);
}

/* Values of a split table at addr, with the head that 3.13+ put before them. */
static void put_values(struct fake_heap *heap, gw_raddr addr, const struct fake_item *items,
                       size_t n)
{
    if (heap->layout->dicts == GW_DICT_V313) {
        const uint8_t head[4] = {(uint8_t)n, (uint8_t)n, 1, 1};
        fake_rmem_put(heap->fake, addr, head, sizeof head);
    }
    for (size_t i = 0; i < n; i++)
        fake_rmem_put_u64(heap->fake, addr + at(heap, GW_F_dictvalues_items) + i * WORD,
                          items[i].value);
}

/* A key table that has the names only: the values of a class's instances differ. */
static gw_raddr shared_keys(struct fake_heap *heap, const struct fake_item *items, size_t n)
{
    struct fake_item names[1u << FAKE_LOG2_SIZE] = {0};
    for (size_t i = 0; i < n; i++)
        names[i].key = items[i].key;
    return fake_heap_keys(heap, FAKE_KEYS_STR, FAKE_LOG2_SIZE, names, n);
}

static gw_raddr instance_by_offset(struct fake_heap *heap, gw_raddr dict)
{
    uint32_t offset = at(heap, GW_F_object_type) + 3 * (uint32_t)WORD;
    gw_raddr type = fake_heap_type(heap, 0);
    put_word(heap, type, GW_F_type_dictoffset, offset);
    gw_raddr object = new_object(heap, type, offset + WORD);
    fake_rmem_put_u64(heap->fake, object + offset, dict);
    return object;
}

/* 3.11+: words before the object say where its attributes are. */
static gw_raddr instance_managed(struct fake_heap *heap, bool values, gw_raddr dict,
                                 const struct fake_item *items, size_t n)
{
    uint32_t basicsize = at(heap, GW_F_object_type) + (uint32_t)WORD;
    gw_raddr values_bytes = 2 * WORD + n * WORD;
    gw_raddr type = fake_heap_type(heap, GW_TYPE_MANAGED_DICT | GW_TYPE_INLINE_VALUES);
    put_word(heap, type, GW_F_type_basicsize, basicsize);
    put_word(heap, type, GW_F_heaptype_cached_keys, shared_keys(heap, items, n));
    gw_raddr apart = fake_heap_alloc(heap, values_bytes);
    gw_raddr object = fake_heap_alloc(heap, 4 * WORD + basicsize + values_bytes) + 4 * WORD;
    put_word(heap, object, GW_F_object_type, type);
    gw_raddr dict_word = object - (heap->layout->free_threaded ? 1 : 3) * WORD;
    fake_rmem_put_u64(heap->fake, dict_word, dict);
    if (!values)
        return object;
    if (heap->layout->dicts == GW_DICT_V311)
        fake_rmem_put_u64(heap->fake, object - 4 * WORD, apart);
    if (heap->layout->dicts == GW_DICT_V312)
        fake_rmem_put_u64(heap->fake, dict_word, apart - 1);
    put_values(heap, heap->layout->dicts == GW_DICT_V313 ? object + basicsize : apart, items, n);
    return object;
}

static gw_raddr split_dict(struct fake_heap *heap, const struct fake_item *items, size_t n)
{
    gw_raddr values = fake_heap_alloc(heap, 2 * WORD + n * WORD);
    put_values(heap, values, items, n);
    return new_dict(heap, shared_keys(heap, items, n), values);
}

gw_raddr fake_heap_instance(struct fake_heap *heap, enum fake_instance kind,
                            const struct fake_item *attributes, size_t n)
{
    bool managed = heap->layout->dicts != GW_DICT_V38;
    switch (kind) {
    case FAKE_INSTANCE_VALUES:
        if (managed)
            return instance_managed(heap, true, 0, attributes, n);
        return instance_by_offset(heap, split_dict(heap, attributes, n));
    case FAKE_INSTANCE_DICT:
        if (managed)
            return instance_managed(heap, false, split_dict(heap, attributes, n), attributes, n);
        break;
    case FAKE_INSTANCE_BARE:
        return new_object(heap, heap->other_type, at(heap, GW_F_object_type) + WORD);
    case FAKE_INSTANCE_OFFSET:
        break;
    }
    return instance_by_offset(heap,
                              fake_heap_dict(heap, FAKE_KEYS_STR, FAKE_LOG2_SIZE, attributes, n));
}
