/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPython objects in a fake process, laid out by a gw_layout: str, bytes, int, dict, module and
 * instances with their attributes in each of the places that versions keep them.
 */
#ifndef GW_TESTS_FAKE_HEAP_H
#define GW_TESTS_FAKE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpython/layout.h"
#include "support/fake_rmem.h"

/* The layout of 3.minor as in x86-64 builds. 3.13+ describe themselves in a live process; here they
 * are made from 3.12 by what differs in the objects below. */
void fake_layout(unsigned minor, bool free_threaded, struct gw_layout *out);

struct fake_heap {
    struct fake_rmem *fake;
    const struct gw_layout *layout;
    gw_raddr next, end;
    gw_raddr str_type, bytes_type, dict_type, other_type;
};

/* Objects go to [base, base + len), which is mapped here. */
void fake_heap_init(struct fake_heap *heap, struct fake_rmem *fake, const struct gw_layout *layout,
                    gw_raddr base, size_t len);

/* len zero bytes, 16-aligned. */
gw_raddr fake_heap_alloc(struct fake_heap *heap, size_t len);

/* A type object with these flags. */
gw_raddr fake_heap_type(struct fake_heap *heap, uint64_t flags);

gw_raddr fake_heap_ascii(struct fake_heap *heap, const char *text);

/* A compact str that is not ASCII: n units of width 1, 2 or 4 bytes. */
gw_raddr fake_heap_str(struct fake_heap *heap, const void *units, size_t n, unsigned width);

gw_raddr fake_heap_bytes(struct fake_heap *heap, const void *bytes, size_t len);
gw_raddr fake_heap_int(struct fake_heap *heap, uint64_t value);
gw_raddr fake_heap_module(struct fake_heap *heap, gw_raddr dict);

struct fake_item {
    gw_raddr key, value;
};

/* How a key table is made. */
enum fake_keys {
    FAKE_KEYS_GENERAL, /* entries with a hash; the only kind up to 3.10 */
    FAKE_KEYS_STR,     /* entries without; 3.11+ */
};

/* A key table with these items (values of 0: as in a split table) and room for log2_size more. */
gw_raddr fake_heap_keys(struct fake_heap *heap, enum fake_keys kind, unsigned log2_size,
                        const struct fake_item *items, size_t n);

gw_raddr fake_heap_dict(struct fake_heap *heap, enum fake_keys kind, unsigned log2_size,
                        const struct fake_item *items, size_t n);

/* Where an instance keeps its attributes. */
enum fake_instance {
    FAKE_INSTANCE_VALUES, /* values of shared keys: up to 3.10 a split dict, then no dict at all */
    FAKE_INSTANCE_DICT,   /* a dict of its own, which it got later */
    FAKE_INSTANCE_OFFSET, /* a dict at its type's dictoffset, as types written in C have */
    FAKE_INSTANCE_BARE,   /* none */
};

gw_raddr fake_heap_instance(struct fake_heap *heap, enum fake_instance kind,
                            const struct fake_item *attributes, size_t n);

#endif
