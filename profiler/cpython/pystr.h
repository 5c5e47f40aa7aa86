/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPython's str and bytes objects in the target's memory.
 * Source of the structures: Include/cpython/unicodeobject.h (PEP 393),
 * Include/cpython/bytesobject.h.
 */
#ifndef GW_CPYTHON_PYSTR_H
#define GW_CPYTHON_PYSTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpython/layout.h"
#include "target/rmem.h"

/* Copy a str into out as safe UTF-8 (base/text.h; out holds GW_TEXT_ROOM bytes at least, else it is
 * cut earlier). Only compact strings, as all names of code are. Returns 0, -GW_E_TORN if the bytes
 * at addr are not a str, -EFAULT, -ESRCH, -EPERM. */
int gw_pystr_read(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                  char *out, size_t cap) __attribute__((warn_unused_result));

/* True if the copied bytes of an object, at least gw_pystr_bytes of them, are a str equal to this
 * ASCII text. The type is not looked at: made to compare many at once. */
bool gw_pystr_equals(const struct gw_layout *layout, struct gw_span object, const char *text);
size_t gw_pystr_bytes(const struct gw_layout *layout, const char *text);

/* Copy the contents of a bytes object: *len bytes into out. Longer than cap: -GW_E_LIMIT. Also
 * -GW_E_TORN, -EFAULT, -ESRCH, -EPERM. Allocates nothing. */
int gw_pybytes_read(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                    uint8_t *out, size_t cap, size_t *len) __attribute__((warn_unused_result));

#endif
