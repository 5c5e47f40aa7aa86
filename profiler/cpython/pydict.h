/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPython's dicts and the attributes of instances in the target's memory. A dict is read whole and
 * looked through in order, for hashes of strings are random per process. What changes under the
 * read gives a wrong or missing item, never more.
 * Source of the structures: Include/cpython/dictobject.h, Objects/dict-common.h (up to 3.10),
 * Include/internal/pycore_dict.h and pycore_object.h (3.11+).
 */
#ifndef GW_CPYTHON_PYDICT_H
#define GW_CPYTHON_PYDICT_H

#include <stddef.h>
#include <stdint.h>

#include "cpython/layout.h"
#include "target/rmem.h"

struct gw_pydict_item {
    gw_raddr key;   /* never 0 */
    gw_raddr value; /* never 0 */
};

struct gw_pydict {
    struct gw_pydict_item *items; /* owned: gw_pydict_free */
    size_t n;
};

/* Read the items of the dict at addr, in the order of insertion. Returns 0, -GW_E_TORN (no dict, or
 * changed under the read), -GW_E_LIMIT (more than GW_MAX_DICT_ENTRIES), -EFAULT, -ESRCH, -EPERM,
 * -ENOMEM. *out is written on success only. */
int gw_pydict_read(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                   struct gw_pydict *out) __attribute__((warn_unused_result));

void gw_pydict_free(struct gw_pydict *dict);

/* The value of an ASCII str key of the dict at addr. -GW_E_NOT_FOUND if absent; also as above. */
int gw_pydict_find(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                   const char *name, gw_raddr *value) __attribute__((warn_unused_result));

/* The value of an attribute that the instance at addr has itself, in its dict or in the values its
 * class shares the names of; what its class has is not seen. Errors as above. */
int gw_pyattr_find(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                   const char *name, gw_raddr *value) __attribute__((warn_unused_result));

#endif
