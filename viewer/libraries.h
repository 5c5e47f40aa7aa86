/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which library holds the GIL, by the innermost code: a package, a module of the standard library
 * or the program itself. A C function is of its module; one of a built-in type or without a module
 * ("dict.get", "isinstance") works for the Python code that has called it, and counts as that.
 */
#ifndef GW_LIBRARIES_H
#define GW_LIBRARIES_H

#include "model/model.h"

enum gw_library_kind {
    GW_LIBRARY_PROGRAM, /* one library: whatever is in no place where libraries are installed */
    GW_LIBRARY_PACKAGE,
    GW_LIBRARY_STANDARD,
    GW_LIBRARY_C, /* a module that is written in C; which of the others it belongs to is not known
                   */
    GW_LIBRARY_NONE, /* no Python frame */
};

/* "program", "package", "standard library", "C module", "none" */
const char *gw_library_kind_name(enum gw_library_kind kind);

struct gw_library {
    uint32_t kind;    /* enum gw_library_kind */
    uint32_t name;    /* string of gw_libraries.names; "" for the program */
    uint64_t held_ns; /* threads held the GIL in it */
    uint64_t wait_ns; /* others waited meanwhile */
};

struct gw_libraries {
    struct gw_library *rows; /* by wait_ns, then held_ns */
    size_t n;
    struct gw_strtab *names;
    uint64_t held_ns, wait_ns; /* of all rows */
};

/* What the threads that are shown hold. NULL when memory ran out. */
struct gw_libraries *gw_libraries_new(const struct gw_model *model);
void gw_libraries_free(struct gw_libraries *libraries);

#endif
