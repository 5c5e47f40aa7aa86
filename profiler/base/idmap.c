/* SPDX-License-Identifier: Apache-2.0 */
#include "base/idmap.h"

#include <errno.h>
#include <stdlib.h>

/* At most two thirds full, so that a probe stays short. */
static bool has_room(size_t n, size_t n_slots)
{
    return n <= n_slots / 3 * 2;
}

static struct gw_idmap_slot *slot_of(const struct gw_idmap *map, uint64_t key)
{
    size_t mask = map->n_slots - 1;
    size_t at = (size_t)gw_mix64(key) & mask;
    while (map->slots[at].value_plus_one && map->slots[at].key != key)
        at = (at + 1) & mask;
    return &map->slots[at];
}

int gw_idmap_reserve(struct gw_idmap *map, size_t n)
{
    if (has_room(n, map->n_slots))
        return 0;
    struct gw_idmap bigger = {.n_slots = 64};
    while (!has_room(n, bigger.n_slots))
        bigger.n_slots *= 2;
    bigger.slots = calloc(bigger.n_slots, sizeof *bigger.slots);
    if (!bigger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < map->n_slots; i++)
        if (map->slots[i].value_plus_one)
            *slot_of(&bigger, map->slots[i].key) = map->slots[i];
    bigger.n = map->n;
    free(map->slots);
    *map = bigger;
    return 0;
}

bool gw_idmap_find(const struct gw_idmap *map, uint64_t key, uint32_t *value)
{
    if (!map->n_slots)
        return false;
    const struct gw_idmap_slot *slot = slot_of(map, key);
    if (!slot->value_plus_one)
        return false;
    *value = slot->value_plus_one - 1;
    return true;
}

bool gw_idmap_put(struct gw_idmap *map, uint64_t key, uint32_t value)
{
    if (!map->n_slots)
        return false;
    struct gw_idmap_slot *slot = slot_of(map, key);
    if (!slot->value_plus_one) {
        if (!has_room(map->n + 1, map->n_slots))
            return false;
        map->n++;
        slot->key = key;
    }
    slot->value_plus_one = value + 1;
    return true;
}

void gw_idmap_free(struct gw_idmap *map)
{
    free(map->slots);
    *map = (struct gw_idmap){0};
}
