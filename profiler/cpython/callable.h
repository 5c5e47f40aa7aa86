/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object on a frame's stack is called, if it can be called: "zlib.compress", "str.join",
 * "dict.fromkeys", "list()", "_json.Encoder.__call__", "numpy.sin", "usleep (ctypes)". Types are
 * cached by address, names by what they are made of; the object itself is read each time, as its
 * address is used again.
 *
 * Sources: Include/cpython/methodobject.h, Include/descrobject.h, Objects/descrobject.c,
 * Include/object.h (flags of types), the same from 3.8 to 3.15.
 */
#ifndef GW_CPYTHON_CALLABLE_H
#define GW_CPYTHON_CALLABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "cpython/code.h"
#include "cpython/layout.h"
#include "target/rmem.h"

enum gw_callable_kind {
    GW_CALLABLE_UNREADABLE, /* no object, or one that could not be read */
    GW_CALLABLE_NOT,        /* an object that cannot be called */
    GW_CALLABLE_PYTHON,     /* a Python function, or a method of one */
    GW_CALLABLE_C,
};

struct gw_callable {
    enum gw_callable_kind kind;
    bool takes_self;   /* it may stand before a self: Py_TPFLAGS_METHOD_DESCRIPTOR */
    uint32_t function; /* of GW_CALLABLE_C: id of the function with its name, 0: no room */
    uint32_t last;     /* ... and string id of the last part of that name */
};

struct gw_callables;
/* All borrowed. NULL when there is no memory. */
struct gw_callables *gw_callables_new(const struct gw_rmem *memory, const struct gw_layout *layout,
                                      struct gw_functions *functions, struct gw_strtab *strings);
void gw_callables_free(struct gw_callables *callables);
/* A tick begins: the methods of types that it reads hold until the next one. */
void gw_callables_begin_tick(struct gw_callables *callables);
/* Room for n more names and types, outside of the tick. */
int gw_callables_reserve(struct gw_callables *callables, size_t n)
    __attribute__((warn_unused_result));

/* The object at an address, 0: none. source: by what name it is called there, a string id, 0: not
 * known. Allocates nothing. */
struct gw_callable gw_callable_at(struct gw_callables *callables, gw_raddr object, uint32_t source);

/* C code of the type of the object at an address, by the method that stands for it (a string id):
 * "int.__pow__". Of GW_CALLABLE_C, or GW_CALLABLE_UNREADABLE. *brief: numbers and iterators, on
 * which every operator takes some nanoseconds. Allocates nothing. */
struct gw_callable gw_callable_slot(struct gw_callables *callables, gw_raddr object,
                                    uint32_t method, bool *brief);

/* The object at an address is True or False. Allocates nothing. */
bool gw_callable_is_bool(struct gw_callables *callables, gw_raddr object);

#endif
