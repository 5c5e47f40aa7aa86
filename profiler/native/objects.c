/* SPDX-License-Identifier: Apache-2.0 */
#include "native/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "target/elf_image.h"

/* Objects come and go by dlopen: how often the maps are read when code was met that is in none that
 * is known, and when not. */
#define UNKNOWN_NS GW_NS_PER_S
#define REFRESH_NS (10 * GW_NS_PER_S)

#define HEADER_VERSION 1u
/* DW_EH_PE_udata4; DW_EH_PE_datarel | DW_EH_PE_sdata4; the low half of DW_EH_PE_*data4. */
#define COUNT_ENCODING 0x03u
#define TABLE_ENCODING 0x3bu

struct gw_objects {
    pid_t pid;
    struct gw_object *items; /* sorted by start */
    size_t n;
    bool unknown_met, open_due;
    uint64_t next_unknown_ns, next_refresh_ns;
};

struct gw_objects *gw_objects_new(pid_t pid)
{
    struct gw_objects *objects = calloc(1, sizeof *objects);
    if (objects)
        objects->pid = pid;
    return objects;
}

static void close_object(struct gw_object *object)
{
    gw_elf_close(object->image);
    free(object->name);
    free(object->path);
}

void gw_objects_free(struct gw_objects *objects)
{
    if (!objects)
        return;
    for (size_t i = 0; i < objects->n; i++)
        close_object(&objects->items[i]);
    free(objects->items);
    free(objects);
}

pid_t gw_objects_pid(const struct gw_objects *objects)
{
    return objects->pid;
}

static struct gw_object *object_at(const struct gw_objects *objects, gw_raddr pc)
{
    size_t low = 0, high = objects->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (objects->items[middle].end <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < objects->n && objects->items[low].start <= pc ? &objects->items[low] : NULL;
}

const struct gw_object *gw_objects_find(struct gw_objects *objects, gw_raddr pc, bool *due)
{
    struct gw_object *object = object_at(objects, pc);
    *due = false;
    if (!object) {
        *due = !objects->unknown_met && objects->n == 0;
        objects->unknown_met = true;
        return NULL;
    }
    if (!object->opened) {
        object->wanted = objects->open_due = *due = true;
        return NULL;
    }
    return object;
}

/* --- opening -------------------------------------------------------------------------------------
 */

static void find_unwind_table(struct gw_object *object)
{
    struct gw_elf_place place;
    uint8_t header[GW_UNWIND_HEADER_BYTES];
    uint32_t n;
    if (!gw_elf_find_section(object->image, ".eh_frame_hdr", &place) ||
        gw_elf_read(object->image, place.value, header, sizeof header) != sizeof header ||
        header[0] != HEADER_VERSION || header[2] != COUNT_ENCODING || header[3] != TABLE_ENCODING)
        return;
    uint8_t pointer = header[1] & 0x0f;
    memcpy(&n, header + 8, sizeof n);
    if ((pointer != 0x03 && pointer != 0x0b) || n > (place.size - GW_UNWIND_HEADER_BYTES) / 8)
        return;
    object->unwind_header = place.value + object->bias;
    object->n_unwind_entries = n;
}

static void open_object(struct gw_objects *objects, struct gw_object *object)
{
    object->opened = true;
    if (gw_elf_open_mapped(objects->pid, &object->map, &object->image)) {
        object->image = NULL;
        return;
    }
    if (gw_elf_is_64(object->image) && gw_elf_bias(object->image, &object->map, &object->bias))
        find_unwind_table(object);
}

static bool is_same(const struct gw_object *object, const struct gw_map *map)
{
    return object->start == map->start && object->end == map->end &&
           object->map.inode == map->inode && object->map.dev == map->dev &&
           object->map.file_offset == map->file_offset;
}

static bool make_object(struct gw_object *object, const struct gw_map *map)
{
    const char *slash = strrchr(map->path, '/');
    *object = (struct gw_object){.start = map->start,
                                 .end = map->end,
                                 .map = *map,
                                 .path = strdup(map->path),
                                 .name = strdup(slash ? slash + 1 : map->path)};
    object->map.path = object->path;
    return object->path && object->name;
}

/* Fill `items` with an object for each map of code, known ones as they are. */
static size_t take_maps(struct gw_objects *objects, const struct gw_maps *maps,
                        struct gw_object *items, bool *changed)
{
    size_t n = 0;
    for (size_t i = 0; i < maps->n; i++) {
        const struct gw_map *map = &maps->items[i];
        if (!(map->perms & GW_MAP_EXEC) || map->inode == 0)
            continue;
        struct gw_object *known = object_at(objects, map->start);
        if (known && is_same(known, map)) {
            items[n++] = *known;
            *known = (struct gw_object){.start = known->start, .end = known->end};
        } else if (make_object(&items[n], map)) {
            *changed = true;
            n++;
        } else {
            close_object(&items[n]);
        }
    }
    return n;
}

static bool refresh(struct gw_objects *objects)
{
    struct gw_maps maps;
    bool changed = false;
    if (gw_maps_read(objects->pid, &maps))
        return false;
    struct gw_object *items = calloc(maps.n + 1, sizeof *items);
    if (items) {
        size_t n = take_maps(objects, &maps, items, &changed);
        for (size_t i = 0; i < objects->n; i++) {
            changed |= objects->items[i].path != NULL;
            close_object(&objects->items[i]);
        }
        free(objects->items);
        objects->items = items;
        objects->n = n;
    }
    gw_maps_free(&maps);
    return changed;
}

static bool are_maps_due(const struct gw_objects *objects, uint64_t now_ns)
{
    return (objects->unknown_met && now_ns >= objects->next_unknown_ns) ||
           now_ns >= objects->next_refresh_ns;
}

bool gw_objects_is_due(const struct gw_objects *objects, uint64_t now_ns)
{
    return objects->open_due || are_maps_due(objects, now_ns);
}

bool gw_objects_tend(struct gw_objects *objects, uint64_t now_ns)
{
    bool changed = false;
    if (are_maps_due(objects, now_ns)) {
        changed = refresh(objects);
        objects->unknown_met = false;
        objects->next_unknown_ns = now_ns + UNKNOWN_NS;
        objects->next_refresh_ns = now_ns + REFRESH_NS;
    }
    for (size_t i = 0; objects->open_due && i < objects->n; i++)
        if (objects->items[i].wanted && !objects->items[i].opened)
            open_object(objects, &objects->items[i]);
    objects->open_due = false;
    return changed;
}
