/* SPDX-License-Identifier: Apache-2.0 */
/* What the C functions of the interpreter itself are to somebody who reads a native stack. */
#ifndef GW_CPYTHON_INTERNALS_H
#define GW_CPYTHON_INTERNALS_H

enum gw_internal_role {
    GW_INTERNAL_NONE, /* does something by itself: list_sort, sock_recv, k_mul */
    GW_INTERNAL_CALL, /* hands a call on, or is a function of the C API that one of those uses */
    GW_INTERNAL_EVAL, /* runs Python frames */
};

/* The role of a function in the interpreter's own object file, by its symbol. Names of 3.8 to 3.15:
 * Python/ceval.c, ceval_gil.h (ceval_gil.c from 3.12), pystate.c, Objects/call.c, methodobject.c,
 * descrobject.c, typeobject.c. What a compiler appends (".part.0") does not matter. */
enum gw_internal_role gw_internal_role(const char *symbol);

#endif
