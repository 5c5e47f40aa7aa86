/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/callable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "base/text.h"
#include "cpython/bytecode.h"
#include "cpython/pystr.h"

/* Bytes of an object that hold all that names are made of. */
#define OBJECT_BYTES 80u
/* Bytes of a C string that are read; names of the standard library have up to 60. */
#define NAME_BYTES 256u
/* Methods kept for the rest of a tick, in which many threads may be in the same few. */
#define N_KEPT 64u
/* A partial of a method of a partial ... */
#define MAX_WRAPPED 4u

/* Flags of types: Include/object.h. */
#define TYPE_READY (1ull << 12)
#define TYPE_METHOD_DESCRIPTOR (1ull << 17)
#define TYPE_TYPE (1ull << 31) /* its instances are types */

enum type_class {
    TYPE_OTHER,
    TYPE_IS_TYPE, /* what its instances are */
    TYPE_FUNCTION,
    TYPE_C_FUNCTION,
    TYPE_DESCR,
    TYPE_WRAPPED, /* a bound method, a method-wrapper, a partial */
    TYPE_NUMPY_UFUNC,
    TYPE_NUMPY_DISPATCHER,
    TYPE_CTYPES,
};

/* numpy 1.26 to 2.3: PyUFuncObject.name (numpy/ufuncobject.h), and default_impl of
 * PyArray_ArrayFunctionDispatcherObject (numpy/_core/src/multiarray/arrayfunction_override.c). */
#define UFUNC_NAME 56u
#define DISPATCHER_IMPLEMENTATION 40u

struct type {
    enum type_class class;
    bool is_callable, takes_self;
    bool is_int, is_brief;
    uint32_t name; /* string id */
    uint32_t as_type,
        as_object; /* items: called itself, and an instance of it called; 0: not yet */
};

struct item {
    uint32_t function, last;
};

/* An object as this tick has found it. */
struct kept {
    gw_raddr addr;
    uint64_t tick;
    uint8_t bytes[OBJECT_BYTES];
};

struct gw_callables {
    const struct gw_rmem *memory;
    const struct gw_layout *layout;
    struct gw_functions *functions;
    struct gw_strtab *strings;
    struct type *types;
    struct item *items; /* item 0 stands for none */
    uint32_t n_types, cap_types, n_items, cap_items;
    struct gw_idmap type_by_addr, item_by_parts;
    struct kept kept[N_KEPT]; /* by the mix of the address */
    uint64_t tick;            /* number of the present one, 0: there are none */
    char name[GW_TEXT_ROOM], first[GW_TEXT_ROOM], second[GW_TEXT_ROOM];
};

struct gw_callables *gw_callables_new(const struct gw_rmem *memory, const struct gw_layout *layout,
                                      struct gw_functions *functions, struct gw_strtab *strings)
{
    struct gw_callables *callables = calloc(1, sizeof *callables);
    if (!callables)
        return NULL;
    callables->memory = memory;
    callables->layout = layout;
    callables->functions = functions;
    callables->strings = strings;
    callables->n_items = 1;
    return callables;
}

void gw_callables_free(struct gw_callables *callables)
{
    if (!callables)
        return;
    gw_idmap_free(&callables->type_by_addr);
    gw_idmap_free(&callables->item_by_parts);
    free(callables->types);
    free(callables->items);
    free(callables);
}

void gw_callables_begin_tick(struct gw_callables *callables)
{
    callables->tick++;
}

static int reserve(void **items, uint32_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    size_t more = need + need / 2;
    void *grown = reallocarray(*items, more, size);
    if (!grown)
        return -ENOMEM;
    *items = grown;
    *cap = (uint32_t)more;
    return 0;
}

int gw_callables_reserve(struct gw_callables *callables, size_t n)
{
    void *types = callables->types, *items = callables->items;
    int err = reserve(&types, &callables->cap_types, callables->n_types + n, sizeof(struct type));
    callables->types = types;
    if (!err)
        err = reserve(&items, &callables->cap_items, callables->n_items + n, sizeof(struct item));
    callables->items = items;
    if (!err)
        err = gw_idmap_reserve(&callables->type_by_addr, callables->type_by_addr.n + n);
    if (!err)
        err = gw_idmap_reserve(&callables->item_by_parts, callables->item_by_parts.n + n);
    return err;
}

/* --- types ---------------------------------------------------------------------------------------
 */

static bool read_c_string(struct gw_callables *callables, gw_raddr addr, char *out, size_t cap)
{
    uint8_t bytes[NAME_BYTES];
    ssize_t got = addr ? gw_rmem_read_some(callables->memory, addr, bytes, sizeof bytes) : 0;
    if (got <= 0)
        return false;
    size_t len = strnlen((const char *)bytes, (size_t)got);
    gw_text_from_bytes(bytes, len, out, cap);
    return len > 0;
}

static enum type_class class_of(const char *name, uint64_t flags)
{
    static const struct {
        const char *name;
        enum type_class class;
    } classes[] = {
        {"function", TYPE_FUNCTION},
        {"builtin_function_or_method", TYPE_C_FUNCTION},
        {"builtin_method", TYPE_C_FUNCTION},
        {"method_descriptor", TYPE_DESCR},
        {"classmethod_descriptor", TYPE_DESCR},
        {"wrapper_descriptor", TYPE_DESCR},
        {"method-wrapper", TYPE_WRAPPED},
        {"method", TYPE_WRAPPED},
        {"functools.partial", TYPE_WRAPPED},
        {"numpy.ufunc", TYPE_NUMPY_UFUNC},
        {"numpy._ArrayFunctionDispatcher", TYPE_NUMPY_DISPATCHER},
        {"_FuncPtr", TYPE_CTYPES},
    };
    if (flags & TYPE_TYPE)
        return TYPE_IS_TYPE;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(name, classes[i].name) == 0)
            return classes[i].class;
    return strstr(name, "cython_function_or_method") ? TYPE_C_FUNCTION : TYPE_OTHER;
}

/* Iterators and numbers of fixed size. */
static bool is_brief(const char *name)
{
    static const char *const names[] = {"bool",
                                        "float",
                                        "range",
                                        "range_iterator",
                                        "list_iterator",
                                        "tuple_iterator",
                                        "str_iterator",
                                        "str_ascii_iterator",
                                        "bytes_iterator",
                                        "set_iterator",
                                        "dict_keyiterator",
                                        "dict_valueiterator",
                                        "dict_itemiterator"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static struct type *find_type(struct gw_callables *callables, gw_raddr addr)
{
    const struct gw_layout *layout = callables->layout;
    uint64_t flags, call, name;
    uint32_t at;
    if (gw_idmap_find(&callables->type_by_addr, addr, &at))
        return &callables->types[at];
    if (callables->n_types == callables->cap_types ||
        gw_rmem_read(callables->memory, addr + gw_layout_at(layout, GW_F_type_flags), &flags,
                     sizeof flags) ||
        !(flags & TYPE_READY) ||
        gw_rmem_read(callables->memory, addr + gw_layout_at(layout, GW_F_type_call), &call,
                     sizeof call) ||
        gw_rmem_read(callables->memory, addr + gw_layout_at(layout, GW_F_type_name), &name,
                     sizeof name) ||
        !read_c_string(callables, name, callables->name, sizeof callables->name))
        return NULL;
    int64_t id = gw_strtab_intern(callables->strings, callables->name);
    if (id < 0 || !gw_idmap_put(&callables->type_by_addr, addr, callables->n_types))
        return NULL;
    struct type *type = &callables->types[callables->n_types++];
    *type = (struct type){.class = class_of(callables->name, flags),
                          .is_callable = call != 0,
                          .is_int = strcmp(callables->name, "int") == 0,
                          .is_brief = is_brief(callables->name),
                          .takes_self = flags & TYPE_METHOD_DESCRIPTOR,
                          .name = (uint32_t)id};
    return type;
}

/* --- names ---------------------------------------------------------------------------------------
 */

/* Its own place and name, after `first` and a dot if there is one. */
static uint32_t add_item(struct gw_callables *callables, const char *first, const char *second)
{
    if (callables->n_items == callables->cap_items)
        return 0;
    size_t cap = sizeof callables->name;
    int len = first[0] ? snprintf(callables->name, cap, "%.*s.%.*s", (int)NAME_BYTES, first,
                                  (int)NAME_BYTES, second)
                       : snprintf(callables->name, cap, "%.*s", (int)NAME_BYTES, second);
    const char *dot = strrchr(callables->name, '.');
    int64_t last = gw_strtab_intern(callables->strings, dot ? dot + 1 : callables->name);
    if (len <= 0 || last < 0)
        return 0;
    callables->items[callables->n_items] =
        (struct item){.function = gw_functions_intern_c(callables->functions, callables->name),
                      .last = (uint32_t)last};
    return callables->n_items++;
}

static const char *type_name(const struct gw_callables *callables, const struct type *type)
{
    return gw_strtab_text(callables->strings, type->name);
}

/* "list()": the parentheses are no part of the name. */
static uint32_t item_of_type(struct gw_callables *callables, struct type *type)
{
    if (type->as_type)
        return type->as_type;
    snprintf(callables->first, sizeof callables->first, "%.*s()", (int)NAME_BYTES,
             type_name(callables, type));
    uint32_t item = add_item(callables, "", callables->first);
    const char *dot = strrchr(type_name(callables, type), '.');
    int64_t last = gw_strtab_intern(callables->strings, dot ? dot + 1 : type_name(callables, type));
    if (item && last >= 0)
        callables->items[item].last = (uint32_t)last;
    type->as_type = item;
    return item;
}

static uint32_t item_of_instance(struct gw_callables *callables, struct type *type)
{
    if (!type->as_object)
        type->as_object = add_item(callables, type_name(callables, type), "__call__");
    return type->as_object;
}

static uint32_t item_of_parts(struct gw_callables *callables, uint64_t owner, uint64_t definition,
                              const char *first)
{
    uint64_t key = gw_mix64(gw_mix64(owner) ^ definition), name;
    uint32_t item;
    if (gw_idmap_find(&callables->item_by_parts, key, &item))
        return item;
    if (gw_rmem_read(callables->memory,
                     definition + gw_layout_at(callables->layout, GW_F_definition_name), &name,
                     sizeof name) ||
        !read_c_string(callables, name, callables->second, sizeof callables->second))
        return 0;
    item = add_item(callables, first, callables->second);
    if (item)
        gw_idmap_put(&callables->item_by_parts, key, item);
    return item;
}

/* In front of a function's own name: that of its module, but for built-in ones; of a method that of
 * its self's type, or of the self that is a type. */
static const char *owner_name(struct gw_callables *callables, uint64_t module, uint64_t self,
                              uint64_t *owner)
{
    uint64_t type_addr;
    *owner = module;
    if (module) {
        if (gw_pystr_read(callables->memory, callables->layout, module, callables->first,
                          sizeof callables->first))
            return NULL;
        return strcmp(callables->first, "builtins") == 0 ? "" : callables->first;
    }
    if (!self)
        return "";
    if (gw_rmem_read(callables->memory, self + gw_layout_at(callables->layout, GW_F_object_type),
                     &type_addr, sizeof type_addr))
        return NULL;
    struct type *type = find_type(callables, type_addr);
    *owner = type_addr;
    if (type && type->class == TYPE_IS_TYPE) {
        *owner = self;
        type = find_type(callables, self);
    }
    return type ? type_name(callables, type) : NULL;
}

static uint32_t item_of_c_function(struct gw_callables *callables, struct gw_span object)
{
    uint64_t definition, module, self, owner;
    if (!gw_layout_get(callables->layout, GW_F_cfunction_definition, object, &definition) ||
        !gw_layout_get(callables->layout, GW_F_cfunction_module, object, &module) ||
        !gw_layout_get(callables->layout, GW_F_cfunction_self, object, &self))
        return 0;
    uint32_t item;
    if (module &&
        gw_idmap_find(&callables->item_by_parts, gw_mix64(gw_mix64(module) ^ definition), &item))
        return item;
    const char *first = owner_name(callables, module, self, &owner);
    return first ? item_of_parts(callables, owner, definition, first) : 0;
}

static uint32_t item_of_descr(struct gw_callables *callables, struct gw_span object)
{
    uint64_t definition, owner;
    if (!gw_layout_get(callables->layout, GW_F_descr_definition, object, &definition) ||
        !gw_layout_get(callables->layout, GW_F_descr_type, object, &owner))
        return 0;
    struct type *type = find_type(callables, owner);
    return type ? item_of_parts(callables, owner, definition, type_name(callables, type)) : 0;
}

static uint32_t item_of_ufunc(struct gw_callables *callables, gw_raddr object)
{
    uint64_t name;
    uint32_t item;
    if (gw_rmem_read(callables->memory, object + UFUNC_NAME, &name, sizeof name))
        return 0;
    if (gw_idmap_find(&callables->item_by_parts, gw_mix64(name), &item))
        return item;
    if (!read_c_string(callables, name, callables->second, sizeof callables->second))
        return 0;
    item = add_item(callables, "numpy", callables->second);
    if (item)
        gw_idmap_put(&callables->item_by_parts, gw_mix64(name), item);
    return item;
}

/* A foreign function does not know its name; the text that calls it does. */
static uint32_t item_of_ctypes(struct gw_callables *callables, uint32_t source)
{
    uint64_t key = gw_mix64(source) + TYPE_CTYPES;
    uint32_t item;
    if (gw_idmap_find(&callables->item_by_parts, key, &item))
        return item;
    snprintf(callables->first, sizeof callables->first, "%.*s%s(ctypes)", (int)NAME_BYTES,
             gw_strtab_text(callables->strings, source), source ? " " : "");
    item = add_item(callables, "", callables->first);
    if (item) {
        callables->items[item].last = source;
        gw_idmap_put(&callables->item_by_parts, key, item);
    }
    return item;
}

/* -------------------------------------------------------------------------------------------------
 */

static struct gw_callable named(const struct gw_callables *callables, const struct type *type,
                                uint32_t item)
{
    if (!item)
        return (struct gw_callable){.kind = GW_CALLABLE_UNREADABLE};
    return (struct gw_callable){.kind = GW_CALLABLE_C,
                                .takes_self = type->takes_self,
                                .function = callables->items[item].function,
                                .last = callables->items[item].last};
}

static struct kept *kept_at(struct gw_callables *callables, gw_raddr addr)
{
    return &callables->kept[gw_mix64(addr) % N_KEPT];
}

static struct gw_span read_object(struct gw_callables *callables, gw_raddr addr, uint8_t *bytes)
{
    const struct kept *kept = kept_at(callables, addr);
    if (callables->tick && kept->tick == callables->tick && kept->addr == addr)
        return gw_span_of(kept->bytes, OBJECT_BYTES);
    ssize_t got = gw_rmem_read_some(callables->memory, addr, bytes, OBJECT_BYTES);
    return gw_span_of(bytes, got > 0 ? (size_t)got : 0);
}

/* For methods of types only: a bound one is made for a call, and another one for the next call,
 * which may stand at the same address within the same tick. */
static void keep_object(struct gw_callables *callables, gw_raddr addr, struct gw_span object)
{
    struct kept *kept = kept_at(callables, addr);
    if (object.len != OBJECT_BYTES || object.at == kept->bytes)
        return;
    kept->addr = addr;
    kept->tick = callables->tick;
    memcpy(kept->bytes, object.at, OBJECT_BYTES);
}

/* *wrapped is set if the object stands for another one. */
static struct gw_callable describe(struct gw_callables *callables, gw_raddr addr, uint32_t source,
                                   gw_raddr *wrapped)
{
    static const struct gw_callable unreadable = {.kind = GW_CALLABLE_UNREADABLE};
    uint8_t bytes[OBJECT_BYTES];
    uint64_t type_addr;
    struct gw_span object = read_object(callables, addr, bytes);
    if (!gw_layout_get(callables->layout, GW_F_object_type, object, &type_addr))
        return unreadable;
    struct type *type = find_type(callables, type_addr);
    if (!type)
        return unreadable;
    if (!type->is_callable)
        return (struct gw_callable){.kind = GW_CALLABLE_NOT};
    switch (type->class) {
    case TYPE_FUNCTION:
        return (struct gw_callable){.kind = GW_CALLABLE_PYTHON, .takes_self = type->takes_self};
    case TYPE_C_FUNCTION:
        return named(callables, type, item_of_c_function(callables, object));
    case TYPE_DESCR:
        keep_object(callables, addr, object);
        return named(callables, type, item_of_descr(callables, object));
    case TYPE_WRAPPED:
        if (!gw_layout_get(callables->layout, GW_F_wrapped_function, object, wrapped))
            *wrapped = 0;
        return unreadable;
    case TYPE_NUMPY_UFUNC:
        return named(callables, type, item_of_ufunc(callables, addr));
    case TYPE_NUMPY_DISPATCHER:
        if (!gw_span_peek(object, DISPATCHER_IMPLEMENTATION, wrapped, sizeof *wrapped))
            *wrapped = 0;
        return unreadable;
    case TYPE_CTYPES:
        return named(callables, type, item_of_ctypes(callables, source));
    case TYPE_IS_TYPE: {
        struct type *itself = find_type(callables, addr);
        return itself ? named(callables, type, item_of_type(callables, itself)) : unreadable;
    }
    case TYPE_OTHER:
        break;
    }
    return named(callables, type, item_of_instance(callables, type));
}

struct gw_callable gw_callable_at(struct gw_callables *callables, gw_raddr object, uint32_t source)
{
    struct gw_callable callable = {.kind = GW_CALLABLE_UNREADABLE};
    for (unsigned i = 0; i < MAX_WRAPPED && object; i++) {
        gw_raddr wrapped = 0;
        callable = describe(callables, object, source, &wrapped);
        if (i > 0) /* a bound one has its self already */
            callable.takes_self = false;
        object = wrapped;
    }
    return callable;
}

/* A with statement has put the manager's bound __exit__ in its place by the time that it enters it.
 */
static gw_raddr self_of_exit(const struct gw_callables *callables, struct gw_span object)
{
    uint64_t self;
    if (!gw_layout_get(callables->layout, GW_F_cfunction_self, object, &self))
        return 0;
    return self;
}

/* An int of more digits than this takes its time. Up to 3.11 the sign of the word is that of the
 * number; from 3.12 on the lowest three bits are no part of the count. */
#define FEW_DIGITS 64u

static bool is_small(const struct gw_callables *callables, struct gw_span object)
{
    uint64_t size;
    if (!gw_layout_get(callables->layout, GW_F_pylong_size, object, &size))
        return true;
    if (callables->layout->dicts >= GW_DICT_V312)
        return size >> 3 <= FEW_DIGITS;
    return (int64_t)size <= (int64_t)FEW_DIGITS && (int64_t)size >= -(int64_t)FEW_DIGITS;
}

static struct type *type_of(struct gw_callables *callables, gw_raddr object, uint32_t method,
                            bool *brief)
{
    uint8_t bytes[OBJECT_BYTES];
    uint64_t addr;
    ssize_t got = gw_rmem_read_some(callables->memory, object, bytes, sizeof bytes);
    struct gw_span span = gw_span_of(bytes, got > 0 ? (size_t)got : 0);
    if (!gw_layout_get(callables->layout, GW_F_object_type, span, &addr))
        return NULL;
    struct type *type = find_type(callables, addr);
    *brief = type && (type->is_brief || (type->is_int && is_small(callables, span)));
    if (!type || type->class != TYPE_C_FUNCTION ||
        strcmp(gw_strtab_text(callables->strings, method), gw_slot_name(GW_SLOT_ENTER)) != 0)
        return type;
    gw_raddr self = self_of_exit(callables, span);
    if (!self ||
        gw_rmem_read(callables->memory, self + gw_layout_at(callables->layout, GW_F_object_type),
                     &addr, sizeof addr))
        return NULL;
    return find_type(callables, addr);
}

struct gw_callable gw_callable_slot(struct gw_callables *callables, gw_raddr object,
                                    uint32_t method, bool *brief)
{
    *brief = false;
    struct type *type = object ? type_of(callables, object, method, brief) : NULL;
    if (!type || !method)
        return (struct gw_callable){.kind = GW_CALLABLE_UNREADABLE};
    uint64_t key = gw_mix64((uint64_t)type->name << 32 | method) + TYPE_OTHER;
    uint32_t item;
    if (!gw_idmap_find(&callables->item_by_parts, key, &item)) {
        item = add_item(callables, type_name(callables, type),
                        gw_strtab_text(callables->strings, method));
        if (item)
            gw_idmap_put(&callables->item_by_parts, key, item);
    }
    return named(callables, type, item);
}

bool gw_callable_is_bool(struct gw_callables *callables, gw_raddr object)
{
    uint64_t addr;
    if (!object ||
        gw_rmem_read(callables->memory, object + gw_layout_at(callables->layout, GW_F_object_type),
                     &addr, sizeof addr))
        return false;
    const struct type *type = find_type(callables, addr);
    return type && strcmp(type_name(callables, type), "bool") == 0;
}
