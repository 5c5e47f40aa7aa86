/* SPDX-License-Identifier: Apache-2.0 */
/* A maps file: parsed, it is sorted, and every map is found by its own addresses. */
#include <stdlib.h>
#include <string.h>

#include "target/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_maps maps;
    if (gw_maps_parse(gw_span_of(data, size), &maps) < 0)
        return 0;
    gw_raddr last_end = 0;
    for (size_t i = 0; i < maps.n; i++) {
        const struct gw_map *map = &maps.items[i];
        if (map->start < last_end || map->end <= map->start || strlen(map->path) > size ||
            gw_maps_find(&maps, map->start) != map || gw_maps_find(&maps, map->end - 1) != map)
            abort();
        last_end = map->end;
    }
    gw_maps_free(&maps);
    return 0;
}
