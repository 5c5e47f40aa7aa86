/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What functions of a process's objects are called: by their symbols (.symtab, in the object's file
 * or its debug file, else .dynsym), never by those of a neighbour. A part that a compiler has moved
 * away from its function (.text.unlikely) has no symbol in a stripped file; on x86-64 it is known
 * by its jumps back into the function.
 */
#ifndef GW_NATIVE_NAMES_H
#define GW_NATIVE_NAMES_H

#include "native/objects.h"

/* A function. Where no symbol covers it, function is "" and start is where the unwind table has it
 * begin, or the code itself. Valid during the call. */
struct gw_native_name {
    const char *function;
    const char *object;
    const char *path;    /* of the object, as the process names it */
    uint64_t start;      /* in the file's addresses */
    gw_raddr begin, end; /* of the process: the code that is called so, around the address */
};
typedef void (*gw_name_visit)(void *context, gw_raddr pc, const struct gw_native_name *name);

/* Name n addresses, each in one visit; those in no object that was opened in none. Looks through a
 * symbol table twice at most. Allocates. pcs is sorted on return. */
void gw_native_name(struct gw_objects *objects, gw_raddr *pcs, size_t n, gw_name_visit visit,
                    void *context);

#endif
