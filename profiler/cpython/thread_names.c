/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/thread_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cpython/pydict.h"
#include "cpython/pyobject.h"
#include "cpython/pystr.h"

/* Include/cpython/longintrepr.h: an int is 30-bit digits, lowest first. */
#define DIGIT_BITS 30
#define DIGITS_OF_64_BITS 3u

/* From 3.12 on the number of digits shares its word with two bits of sign and one of use. */
#define LONG_TAG_BITS 3
#define LONG_TAG_SIGN 3u

/* Keys of threading._active that are read at once. */
#define KEYS_PER_READ 64u
#define KEY_BYTES 64u

/* What every step below needs. */
struct walk {
    const struct gw_rmem *memory;
    const struct gw_layout *layout;
    struct gw_thread_name **wanted; /* sorted by ident */
    size_t n_wanted;
};

/* interp.modules["threading"].__dict__["_active"] */
static int find_active(const struct gw_rmem *memory, const struct gw_layout *layout,
                       gw_raddr interp, gw_raddr *active)
{
    uint64_t modules, module, dict;
    int err = gw_pyword_read(memory, interp + gw_layout_at(layout, GW_F_interp_modules), &modules);
    if (!err)
        err = gw_pydict_find(memory, layout, modules, "threading", &module);
    if (!err)
        err = gw_pyword_read(memory, module + gw_layout_at(layout, GW_F_module_dict), &dict);
    if (!err)
        err = gw_pydict_find(memory, layout, dict, "_active", active);
    return err;
}

static bool parse_digit_count(const struct gw_layout *layout, struct gw_span object, uint64_t *out)
{
    uint64_t size;
    if (!gw_layout_get(layout, GW_F_pylong_size, object, &size))
        return false;
    bool tagged = layout->dicts == GW_DICT_V312 || layout->dicts == GW_DICT_V313;
    if (tagged && (size & LONG_TAG_SIGN))
        return false;
    *out = tagged ? size >> LONG_TAG_BITS : size;
    return *out >= 1 && *out <= DIGITS_OF_64_BITS;
}

/* A positive int of at most 64 bits out of its copied bytes. The type is not looked at: what is no
 * int will not equal the 64 bits of a thread's ident. */
static bool parse_ident(const struct gw_layout *layout, struct gw_span object, uint64_t *out)
{
    uint64_t n_digits, value = 0;
    if (!parse_digit_count(layout, object, &n_digits) ||
        !gw_span_skip(&object, gw_layout_at(layout, GW_F_pylong_digits)))
        return false;
    for (unsigned i = 0; i < n_digits; i++) {
        uint32_t digit;
        unsigned shift = i * DIGIT_BITS;
        if (!gw_span_u32(&object, &digit) || digit >> DIGIT_BITS || digit > UINT64_MAX >> shift)
            return false;
        value |= (uint64_t)digit << shift;
    }
    *out = value;
    return true;
}

static int compare_idents(const void *left, const void *right)
{
    const struct gw_thread_name *const *a = left;
    const struct gw_thread_name *const *b = right;
    return ((*a)->ident > (*b)->ident) - ((*a)->ident < (*b)->ident);
}

/* Index of the first one wanted with this ident, n_wanted if there is none. */
static size_t find_wanted(const struct walk *walk, uint64_t ident)
{
    size_t low = 0, high = walk->n_wanted;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (walk->wanted[middle]->ident < ident)
            low = middle + 1;
        else
            high = middle;
    }
    return low < walk->n_wanted && walk->wanted[low]->ident == ident ? low : walk->n_wanted;
}

static bool is_fatal(int err)
{
    return err == -ESRCH || err == -EPERM || err == -ENOMEM;
}

/* Name all that are wanted with this ident: two interpreters may have a thread in common. */
static int name_thread(const struct walk *walk, uint64_t ident, gw_raddr thread)
{
    size_t first = find_wanted(walk, ident);
    if (first == walk->n_wanted)
        return 0;
    gw_raddr text;
    char name[GW_TEXT_ROOM];
    int err = gw_pyattr_find(walk->memory, walk->layout, thread, "_name", &text);
    if (!err)
        err = gw_pystr_read(walk->memory, walk->layout, text, name, sizeof name);
    if (err)
        return is_fatal(err) ? err : 0;
    for (size_t i = first; i < walk->n_wanted && walk->wanted[i]->ident == ident; i++)
        memcpy(walk->wanted[i]->name, name, sizeof name);
    return 0;
}

static int name_batch(const struct walk *walk, const struct gw_pydict_item *items, size_t n)
{
    uint8_t keys[KEYS_PER_READ][KEY_BYTES];
    struct gw_rmem_range ranges[KEYS_PER_READ];
    size_t key_bytes =
        gw_layout_at(walk->layout, GW_F_pylong_digits) + DIGITS_OF_64_BITS * sizeof(uint32_t);
    if (key_bytes > KEY_BYTES)
        return -GW_E_LAYOUT;
    for (size_t i = 0; i < n; i++)
        ranges[i] = (struct gw_rmem_range){items[i].key, keys[i], key_bytes, 0};
    int err = gw_rmem_readv(walk->memory, ranges, n);
    for (size_t i = 0; !err && i < n; i++) {
        uint64_t ident;
        if (parse_ident(walk->layout, gw_span_of(keys[i], ranges[i].got), &ident))
            err = name_thread(walk, ident, items[i].value);
    }
    return err;
}

static int name_all(const struct walk *walk, const struct gw_pydict *active)
{
    int err = 0;
    for (size_t start = 0; !err && start < active->n; start += KEYS_PER_READ) {
        size_t n = active->n - start < KEYS_PER_READ ? active->n - start : KEYS_PER_READ;
        err = name_batch(walk, active->items + start, n);
    }
    return err;
}

static int walk_active(const struct walk *walk, gw_raddr interp)
{
    gw_raddr addr;
    struct gw_pydict active;
    int err = find_active(walk->memory, walk->layout, interp, &addr);
    if (!err)
        err = gw_pydict_read(walk->memory, walk->layout, addr, &active);
    if (err)
        return err;
    err = name_all(walk, &active);
    gw_pydict_free(&active);
    return err;
}

int gw_thread_names_read(const struct gw_rmem *memory, const struct gw_layout *layout,
                         gw_raddr interp, struct gw_thread_name *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        names[i].name[0] = '\0';
    if (layout->dicts == GW_DICT_NONE || !gw_layout_has(layout, GW_F_interp_modules) || n == 0)
        return 0;
    GW_AUTO_FREE struct gw_thread_name **wanted = calloc(n, sizeof *wanted);
    if (!wanted)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        wanted[i] = &names[i];
    qsort(wanted, n, sizeof *wanted, compare_idents);
    struct walk walk = {.memory = memory, .layout = layout, .wanted = wanted, .n_wanted = n};
    int err = walk_active(&walk, interp);
    if (is_fatal(err))
        return err;
    int n_found = 0;
    for (size_t i = 0; i < n; i++)
        n_found += names[i].name[0] != '\0';
    return n_found;
}
