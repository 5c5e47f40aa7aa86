/* SPDX-License-Identifier: Apache-2.0 */
/* Which function an address lies in, for the hot path: ranges of addresses in order, each with a
 * number of the caller's. Zero-initialised is empty. */
#ifndef GW_NATIVE_FUNCTION_MAP_H
#define GW_NATIVE_FUNCTION_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/maps.h"

struct gw_function_range {
    gw_raddr start, end;
    uint32_t number;
};

struct gw_function_map {
    struct gw_function_range *ranges; /* sorted by start */
    size_t n, cap;
};

/* True and *number if the address is in a range. Allocates nothing. */
bool gw_function_map_find(const struct gw_function_map *map, gw_raddr pc, uint32_t *number);

/* Add a range that pc is in and that was not found. Where it would hide pc behind another range (of
 * a symbol within it), pc alone is added. 0 or -ENOMEM. */
int gw_function_map_put(struct gw_function_map *map, gw_raddr pc, struct gw_function_range range)
    __attribute__((warn_unused_result));

void gw_function_map_free(struct gw_function_map *map);

#endif
