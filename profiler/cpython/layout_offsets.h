/* SPDX-License-Identifier: Apache-2.0 */
/* The part of layout.c that reads a target's own table; used by layout.c only. */
#ifndef GW_CPYTHON_LAYOUT_OFFSETS_H
#define GW_CPYTHON_LAYOUT_OFFSETS_H

#include "base/span.h"
#include "cpython/layout.h"

/* Everything the bytes of a _Py_DebugOffsets say, and what goes with that version; the shape of
 * the GIL's locks and validation are left to the caller. Returns 0, -GW_E_BAD_DATA, -GW_E_VERSION
 * or -GW_E_LAYOUT. */
int gw_layout_fill_from_offsets(struct gw_span table, struct gw_layout *out);

#endif
