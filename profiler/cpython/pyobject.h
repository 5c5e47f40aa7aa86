/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of object stands at an address of the target, by the flags of its type. Reading starts
 * here wherever an address may be stale: rubbish very seldom points to a type with the right flag.
 * Source of the flags: Include/object.h, 3.8 to 3.15.
 */
#ifndef GW_CPYTHON_PYOBJECT_H
#define GW_CPYTHON_PYOBJECT_H

#include <stdint.h>

#include "cpython/layout.h"
#include "target/rmem.h"

/* Bits of type.flags; they never changed their meaning. */
#define GW_TYPE_INLINE_VALUES (1u << 2) /* 3.13+: attributes stand right after the object */
#define GW_TYPE_MANAGED_DICT (1u << 4)  /* 3.11+: the dict is found before the object */
#define GW_TYPE_BYTES (1u << 27)        /* this and the next two: the type or a subclass of it */
#define GW_TYPE_STR (1u << 28)
#define GW_TYPE_DICT (1u << 29)

struct gw_pytype {
    gw_raddr addr;
    uint64_t flags; /* GW_TYPE_* and others */
};

/* The 64-bit word at addr. Returns 0, -EFAULT, -ESRCH, -EPERM. */
int gw_pyword_read(const struct gw_rmem *memory, gw_raddr addr, uint64_t *out)
    __attribute__((warn_unused_result));

/* The type of the object at addr. Returns 0, -EFAULT, -ESRCH, -EPERM. */
int gw_pytype_read(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                   struct gw_pytype *out) __attribute__((warn_unused_result));

/* 0 if the type of the object at addr has the flag, -GW_E_TORN if not; also as above. */
int gw_pyobject_expect(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                       uint32_t flag) __attribute__((warn_unused_result));

#endif
