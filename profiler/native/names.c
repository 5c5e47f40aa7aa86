/* SPDX-License-Identifier: Apache-2.0 */
#include "native/names.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "native/pieces.h"
#include "native/symbol.h"
#include "target/debug_file.h"
#include "target/elf_image.h"

/* So many jumps of a part are followed, and so many lead into the function that it is a part of. A
 * byte that only looks like one leads there by chance in one case of 100,000. */
#define MAX_JUMPS 4096u
#define ENOUGH_JUMPS 2u
#define MAX_PART_BYTES ((size_t)512 << 10)

/* The best symbol so far for an address. */
struct candidate {
    uint64_t value; /* the address in the file */
    char *name;
    uint64_t start, size;
    bool is_global;
    uint64_t begin, end; /* of the code that is called so, around it */
};

/* Candidates sorted by value. */
struct naming {
    struct candidate *items;
    size_t n;
};

/* Of several names for the same code the shortest global one is what people call it. */
static bool is_better(const struct candidate *best, const struct gw_elf_function *function)
{
    if (!best->name || function->place.size != best->size)
        return !best->name || function->place.size < best->size;
    if (function->is_global != best->is_global)
        return function->is_global;
    return strlen(function->name) < strlen(best->name);
}

static int offer(void *context, const struct gw_elf_function *function)
{
    struct naming *naming = context;
    uint64_t start = function->place.value, size = function->place.size;
    size_t low = 0, high = naming->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (naming->items[middle].value < start)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < naming->n && naming->items[i].value - start < size; i++) {
        struct candidate *best = &naming->items[i];
        char *name = is_better(best, function) ? strndup(function->name, GW_MAX_STRING) : NULL;
        if (!name)
            continue;
        free(best->name);
        *best = (struct candidate){best->value,         name,  start,       size,
                                   function->is_global, start, start + size};
    }
    return 0;
}

/* Where the symbols of an object are. NULL: nowhere that can be read. Tables of symbols stay in
 * memory as long as the image that they are read through, so this is not the object's own. */
static struct gw_elf_image *open_symbols(pid_t pid, const struct gw_object *object)
{
    struct gw_elf_image *image;
    if (gw_elf_open_mapped(pid, &object->map, &image))
        return NULL;
    struct gw_elf_image *debug = gw_debug_file_open(pid, image);
    if (!debug)
        return image;
    gw_elf_close(image);
    return debug;
}

static void look_through(const struct gw_elf_image *symbols, struct naming *naming)
{
    if (symbols && naming->n > 0)
        gw_elf_each_function(symbols, offer, naming);
}

/* --- without a symbol ----------------------------------------------------------------------------
 */

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* Where the jumps of a piece lead outside of it: JMP rel32 (E9) and Jcc rel32 (0F 80 to 0F 8F),
 * Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. */
static void collect_jumps(const struct gw_object *object, const struct gw_piece *piece,
                          struct naming *out)
{
    size_t len =
        piece->end - piece->start < MAX_PART_BYTES ? piece->end - piece->start : MAX_PART_BYTES;
    GW_AUTO_FREE uint8_t *code = malloc(len);
    out->items = calloc(MAX_JUMPS, sizeof *out->items);
    if (!code || !out->items)
        return;
    len = gw_elf_read(object->image, piece->start, code, len);
    for (size_t i = 1; i + 4 < len && out->n < MAX_JUMPS; i++) {
        int32_t distance;
        if (code[i] != 0xe9 && (code[i - 1] != 0x0f || (code[i] & 0xf0) != 0x80))
            continue;
        memcpy(&distance, code + i + 1, sizeof distance);
        uint64_t target = piece->start + i + 5 + (uint64_t)(int64_t)distance;
        if (target < piece->start || target >= piece->end)
            out->items[out->n++].value = target;
    }
    qsort(out->items, out->n, sizeof *out->items, compare_candidates);
}

/* The function into whose inside most of the jumps lead; its start is a call in place of a return.
 * Candidates of one function are neighbours. */
static const struct candidate *owner_of(const struct naming *jumps)
{
    const struct candidate *best = NULL;
    size_t most = ENOUGH_JUMPS - 1, n = 0;
    for (size_t i = 0; i < jumps->n; i++) {
        const struct candidate *jump = &jumps->items[i];
        bool same = i > 0 && jump->name && jumps->items[i - 1].name &&
                    jump->start == jumps->items[i - 1].start;
        if (!same)
            n = 0;
        n += jump->name && jump->value != jump->start;
        if (n > most) {
            most = n;
            best = jump;
        }
    }
    return best;
}

/* Name a part by the function that it is one of, or note where it begins. */
static void name_part(const struct gw_elf_image *symbols, const struct gw_object *object,
                      struct candidate *unnamed)
{
    struct naming jumps = {0};
    struct gw_piece piece = gw_piece_at(object, unnamed->value);
    unnamed->start = unnamed->begin = piece.start;
    unnamed->end = piece.end;
    if (gw_elf_machine(object->image) == EM_X86_64)
        collect_jumps(object, &piece, &jumps);
    look_through(symbols, &jumps);
    const struct candidate *owner = owner_of(&jumps);
    if (owner) {
        unnamed->name = strdup(owner->name);
        unnamed->start = owner->start;
    }
    for (size_t i = 0; i < jumps.n; i++)
        free(jumps.items[i].name);
    free(jumps.items);
}

/* -------------------------------------------------------------------------------------------------
 */

static void name_in_object(pid_t pid, const struct gw_object *object, const gw_raddr *pcs, size_t n,
                           gw_name_visit visit, void *context)
{
    struct naming naming = {.items = calloc(n, sizeof *naming.items)};
    if (!naming.items)
        return;
    for (naming.n = 0; naming.n < n; naming.n++)
        naming.items[naming.n].value = pcs[naming.n] - object->bias;
    struct gw_elf_image *symbols = open_symbols(pid, object);
    look_through(symbols, &naming);
    for (size_t i = 0; i < n; i++) {
        struct candidate *best = &naming.items[i];
        if (!best->name)
            name_part(symbols, object, best);
        GW_AUTO_FREE char *readable = best->name ? gw_symbol_readable(best->name) : NULL;
        visit(context, pcs[i],
              &(struct gw_native_name){.function = readable ? readable : "",
                                       .object = object->name,
                                       .path = object->path,
                                       .start = best->start,
                                       .begin = best->begin + object->bias,
                                       .end = best->end + object->bias});
        free(best->name);
    }
    gw_elf_close(symbols);
    free(naming.items);
}

static int compare_addresses(const void *a, const void *b)
{
    gw_raddr x = *(const gw_raddr *)a, y = *(const gw_raddr *)b;
    return (x > y) - (x < y);
}

void gw_native_name(struct gw_objects *objects, gw_raddr *pcs, size_t n, gw_name_visit visit,
                    void *context)
{
    size_t end;
    bool due;
    if (n > 0)
        qsort(pcs, n, sizeof *pcs, compare_addresses);
    for (size_t i = 0; i < n; i = end) {
        const struct gw_object *object = gw_objects_find(objects, pcs[i], &due);
        for (end = i + 1; object && end < n && pcs[end] < object->end; end++)
            continue;
        if (object && object->image)
            name_in_object(gw_objects_pid(objects), object, pcs + i, end - i, visit, context);
    }
}
