/* SPDX-License-Identifier: Apache-2.0 */
#include "native/function_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How many ranges begin at pc or before. */
static size_t n_up_to(const struct gw_function_map *map, gw_raddr pc)
{
    size_t low = 0, high = map->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->ranges[middle].start <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool gw_function_map_find(const struct gw_function_map *map, gw_raddr pc, uint32_t *number)
{
    size_t n = n_up_to(map, pc);
    if (n == 0 || map->ranges[n - 1].end <= pc)
        return false;
    *number = map->ranges[n - 1].number;
    return true;
}

int gw_function_map_put(struct gw_function_map *map, gw_raddr pc, struct gw_function_range range)
{
    size_t at = n_up_to(map, pc);
    if (at > 0 && map->ranges[at - 1].start >= range.start) {
        range.start = pc;
        range.end = pc + 1;
    }
    if (map->n == map->cap) {
        size_t cap = map->cap ? 2 * map->cap : 256;
        struct gw_function_range *ranges = reallocarray(map->ranges, cap, sizeof *ranges);
        if (!ranges)
            return -ENOMEM;
        map->ranges = ranges;
        map->cap = cap;
    }
    memmove(map->ranges + at + 1, map->ranges + at, (map->n - at) * sizeof range);
    map->ranges[at] = range;
    map->n++;
    return 0;
}

void gw_function_map_free(struct gw_function_map *map)
{
    free(map->ranges);
    *map = (struct gw_function_map){0};
}
