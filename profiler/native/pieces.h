/* SPDX-License-Identifier: Apache-2.0 */
/* Where functions begin and end, by the unwind table of their object. */
#ifndef GW_NATIVE_PIECES_H
#define GW_NATIVE_PIECES_H

#include "native/objects.h"

/* A function, or a part of one that lies apart, in the file's addresses. */
struct gw_piece {
    uint64_t start, end;
};

/* The one around an address of the file; the address alone if there is none. Allocates nothing. */
struct gw_piece gw_piece_at(const struct gw_object *object, uint64_t value);

#endif
