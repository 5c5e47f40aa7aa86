/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the instruction that a frame stands at calls, or which operator it is: at which place of the
 * frame's own stack the callable lies, and by which name the source text called it. Found once for
 * each place of each code object; what lies there now is told by callable.h.
 *
 * Sources: Python/ceval.c up to 3.11 and Python/bytecodes.c from 3.12 on, for where the callable
 * of each kind of call lies.
 */
#ifndef GW_CPYTHON_CALLSITE_H
#define GW_CPYTHON_CALLSITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strtab.h"
#include "cpython/layout.h"
#include "target/rmem.h"

enum gw_callsite_kind {
    GW_CALLSITE_UNKNOWN, /* the code could not be followed to it */
    GW_CALLSITE_NONE,    /* no call */
    GW_CALLSITE_ONE,     /* the callable lies at `slot` */
    GW_CALLSITE_SLOT, /* C code of the type of what lies at `slot`, for an operator or the like */
    GW_CALLSITE_PAIR, /* at `slot` a method, and behind it its self; or NULL and the callable */
};

struct gw_callsite {
    enum gw_callsite_kind kind;
    uint16_t slot;        /* values below it on the frame's stack */
    uint16_t depth;       /* values on the stack before the call */
    bool gives_bool;      /* of GW_CALLSITE_SLOT: in time a bool, its result, lies below `slot` */
    uint32_t nlocalsplus; /* words between the frame's own fields and its stack: 3.11+ */
    uint32_t source;      /* name in the source text, a string id; 0: not a name. Of
                             GW_CALLSITE_SLOT the method that stands for the operator: __add__ */
};

struct gw_callsites;
/* strings, memory and layout: borrowed. NULL when there is no memory. */
struct gw_callsites *gw_callsites_new(const struct gw_rmem *memory, const struct gw_layout *layout,
                                      struct gw_strtab *strings);
void gw_callsites_free(struct gw_callsites *sites);
/* Room for n more places, outside of the tick. */
int gw_callsites_reserve(struct gw_callsites *sites, size_t n) __attribute__((warn_unused_result));

/* The site at an instruction, by its byte offset in the code object at an address. identity: a
 * number that is another one when another code object is found there (gw_codes_identity). */
struct gw_callsite gw_callsite_at(struct gw_callsites *sites, gw_raddr code, uint64_t identity,
                                  int64_t offset);

#endif
