/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/callsite.h"

#include <errno.h>
#include <stdlib.h>

#include "base/idmap.h"
#include "base/text.h"
#include "cpython/bytecode.h"
#include "cpython/pystr.h"

#define UNIT_BYTES 2u
/* Caches of one instruction. */
#define MAX_CACHES 16u
/* Instructions between a callable and its call that are looked through for its name. */
#define MAX_BACK 512u
/* CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR: Include/cpython/code.h. */
#define GENERATOR_FLAGS (0x20u | 0x80u | 0x200u)

struct gw_callsites {
    const struct gw_rmem *memory;
    const struct gw_layout *layout;
    struct gw_strtab *strings;
    struct gw_callsite *items;
    uint32_t n, cap;
    struct gw_idmap by_place;
    struct gw_depths *depths;
    uint8_t head[GW_MAX_CODE_BYTES];
    uint8_t code[GW_MAX_CODE_UNITS * UNIT_BYTES];
    uint8_t exceptions[GW_MAX_EXCEPTION_BYTES];
    char name[GW_TEXT_ROOM];
};

struct gw_callsites *gw_callsites_new(const struct gw_rmem *memory, const struct gw_layout *layout,
                                      struct gw_strtab *strings)
{
    struct gw_callsites *sites = calloc(1, sizeof *sites);
    if (!sites)
        return NULL;
    sites->memory = memory;
    sites->layout = layout;
    sites->strings = strings;
    sites->depths = gw_depths_new();
    if (!sites->depths) {
        gw_callsites_free(sites);
        return NULL;
    }
    return sites;
}

void gw_callsites_free(struct gw_callsites *sites)
{
    if (!sites)
        return;
    gw_depths_free(sites->depths);
    gw_idmap_free(&sites->by_place);
    free(sites->items);
    free(sites);
}

int gw_callsites_reserve(struct gw_callsites *sites, size_t n)
{
    size_t need = sites->n + n;
    int err = gw_idmap_reserve(&sites->by_place, need);
    if (err || need <= sites->cap)
        return err;
    size_t cap = need + need / 2;
    struct gw_callsite *items = reallocarray(sites->items, cap, sizeof *items);
    if (!items)
        return -ENOMEM;
    sites->items = items;
    sites->cap = (uint32_t)cap;
    return 0;
}

/* --- reading a code object ---------------------------------------------------------------------
 */

static bool read_exceptions(struct gw_callsites *sites, struct gw_span head, struct gw_span *out)
{
    uint64_t table;
    size_t len;
    *out = gw_span_of(sites->exceptions, 0);
    if (!gw_layout_has(sites->layout, GW_F_code_exceptiontable))
        return true;
    if (!gw_layout_get(sites->layout, GW_F_code_exceptiontable, head, &table) ||
        gw_pybytes_read(sites->memory, sites->layout, table, sites->exceptions,
                        sizeof sites->exceptions, &len))
        return false;
    *out = gw_span_of(sites->exceptions, len);
    return true;
}

static bool read_instructions(struct gw_callsites *sites, gw_raddr code, struct gw_span head,
                              struct gw_span *out)
{
    uint64_t bytes, units;
    size_t len = 0;
    switch (sites->layout->frames) {
    case GW_FRAMES_HEAP:
        if (!gw_layout_get(sites->layout, GW_F_code_bytecode, head, &bytes) ||
            gw_pybytes_read(sites->memory, sites->layout, bytes, sites->code, sizeof sites->code,
                            &len))
            return false;
        break;
    case GW_FRAMES_STACK:
        if (!gw_layout_get(sites->layout, GW_F_code_units, head, &units) ||
            units > GW_MAX_CODE_UNITS ||
            gw_rmem_read(sites->memory, code + gw_layout_at(sites->layout, GW_F_code_bytecode),
                         sites->code, units * UNIT_BYTES))
            return false;
        len = units * UNIT_BYTES;
        break;
    }
    *out = gw_span_of(sites->code, len);
    return true;
}

static bool read_bytecode(struct gw_callsites *sites, gw_raddr code, struct gw_bytecode *out)
{
    uint64_t flags;
    uint32_t len = sites->layout->extent[GW_S_code];
    struct gw_span head = gw_span_of(sites->head, len);
    *out = (struct gw_bytecode){.minor = gw_layout_minor(sites->layout)};
    if (gw_rmem_read(sites->memory, code, sites->head, len) ||
        !gw_layout_get(sites->layout, GW_F_code_flags, head, &flags))
        return false;
    out->is_generator = flags & GENERATOR_FLAGS;
    return read_instructions(sites, code, head, &out->code) &&
           read_exceptions(sites, head, &out->exceptions);
}

/* --- the call ------------------------------------------------------------------------------------
 */

/* The instruction that an instruction pointer belongs to: it may stand at a cache. */
static uint32_t owner_of(const struct gw_depths *depths, uint32_t unit)
{
    uint32_t at = unit;
    while (at > 0 && unit - at < MAX_CACHES && gw_depths_at(depths, at) == GW_DEPTH_UNREACHED)
        at--;
    return at;
}

static int slot_of(const struct gw_instruction *call, int depth)
{
    int n = call->argument <= INT16_MAX ? (int)call->argument : INT16_MAX;
    switch (call->role) {
    case GW_OP_CALL_N:
        return depth - n - call->number;
    case GW_OP_CALL_PAIR:
        return depth - n - 2;
    case GW_OP_CALL_ODD:
        return depth - call->number - (n & 1);
    case GW_OP_CALL_FIXED:
    case GW_OP_SLOT:
        return depth - call->number;
    default:
        return -1;
    }
}

static uint32_t intern(struct gw_callsites *sites, const char *name)
{
    int64_t id = gw_strtab_intern(sites->strings, name);
    return id > 0 ? (uint32_t)id : 0;
}

static uint32_t read_name(struct gw_callsites *sites, uint32_t index)
{
    uint64_t names, name;
    struct gw_span head = gw_span_of(sites->head, sites->layout->extent[GW_S_code]);
    if (!gw_layout_get(sites->layout, GW_F_code_names, head, &names) ||
        gw_rmem_read(sites->memory,
                     names + gw_layout_at(sites->layout, GW_F_tuple_items) +
                         (uint64_t)index * sizeof name,
                     &name, sizeof name) ||
        gw_pystr_read(sites->memory, sites->layout, name, sites->name, sizeof sites->name))
        return 0;
    return intern(sites, sites->name);
}

/* The name that the callable was loaded by: the nearest instruction before the call that can have
 * filled its slot. Found by depth alone, as what lies between may jump. */
static uint32_t find_source(struct gw_callsites *sites, const struct gw_bytecode *bytecode,
                            uint32_t call, int slot)
{
    int after = gw_depths_at(sites->depths, call);
    for (uint32_t at = call; at > 0 && call - at < MAX_BACK;) {
        struct gw_instruction instruction;
        int depth = gw_depths_at(sites->depths, --at);
        if (depth < 0)
            continue;
        if (!gw_instruction_at(sites->depths, bytecode, at, &instruction))
            return 0;
        bool replaces = instruction.role == GW_OP_NAME_OF && depth <= slot + 1;
        if (depth <= slot || after <= slot + 1 || replaces)
            return instruction.role == GW_OP_NAME || instruction.role == GW_OP_NAME_OF
                       ? read_name(sites, instruction.argument >> instruction.number)
                       : 0;
        after = depth;
    }
    return 0;
}

static enum gw_callsite_kind kind_of(const struct gw_instruction *instruction)
{
    switch (instruction->role) {
    case GW_OP_CALL_N:
    case GW_OP_CALL_ODD:
    case GW_OP_CALL_FIXED:
        return GW_CALLSITE_ONE;
    case GW_OP_CALL_PAIR:
        return GW_CALLSITE_PAIR;
    case GW_OP_SLOT:
        return instruction->slot == GW_SLOT_NONE ? GW_CALLSITE_NONE : GW_CALLSITE_SLOT;
    default:
        return GW_CALLSITE_NONE;
    }
}

static uint32_t read_nlocalsplus(const struct gw_callsites *sites)
{
    uint64_t n = 0;
    gw_layout_get(sites->layout, GW_F_code_nlocalsplus,
                  gw_span_of(sites->head, sites->layout->extent[GW_S_code]), &n);
    return (uint32_t)n;
}

/* The code may be another one's by the time it is read: then nothing fits. */
static bool fits_stack(const struct gw_callsites *sites, int depth)
{
    uint64_t size;
    return gw_layout_get(sites->layout, GW_F_code_stacksize,
                         gw_span_of(sites->head, sites->layout->extent[GW_S_code]), &size) &&
           (uint64_t)depth <= size;
}

static struct gw_callsite find_site(struct gw_callsites *sites, gw_raddr code, int64_t offset)
{
    struct gw_callsite site = {.kind = GW_CALLSITE_UNKNOWN};
    struct gw_bytecode bytecode;
    struct gw_instruction instruction;
    if (offset < 0)
        return (struct gw_callsite){.kind = GW_CALLSITE_NONE};
    if (!read_bytecode(sites, code, &bytecode) || gw_depths_find(sites->depths, &bytecode) < 0 ||
        offset / UNIT_BYTES >= GW_MAX_CODE_UNITS)
        return site;
    uint32_t at = owner_of(sites->depths, (uint32_t)(offset / UNIT_BYTES));
    int depth = gw_depths_at(sites->depths, at);
    if (depth < 0 || !fits_stack(sites, depth) ||
        !gw_instruction_at(sites->depths, &bytecode, at, &instruction) ||
        instruction.end <= offset / UNIT_BYTES)
        return site;
    int slot = slot_of(&instruction, depth);
    site.kind = kind_of(&instruction);
    if (site.kind == GW_CALLSITE_NONE)
        return site;
    if (slot < 0)
        return (struct gw_callsite){.kind = GW_CALLSITE_UNKNOWN};
    site.slot = (uint16_t)slot;
    site.depth = (uint16_t)depth;
    site.gives_bool = instruction.slot == GW_SLOT_CONTAINS;
    site.nlocalsplus = read_nlocalsplus(sites);
    site.source = site.kind == GW_CALLSITE_SLOT
                      ? intern(sites, gw_slot_name(instruction.slot))
                      : find_source(sites, &bytecode, at, slot + (site.kind == GW_CALLSITE_PAIR));
    return site;
}

struct gw_callsite gw_callsite_at(struct gw_callsites *sites, gw_raddr code, uint64_t identity,
                                  int64_t offset)
{
    uint64_t key = gw_mix64(identity) ^ (uint64_t)offset;
    uint32_t at;
    if (gw_idmap_find(&sites->by_place, key, &at))
        return sites->items[at];
    struct gw_callsite site = find_site(sites, code, offset);
    if (sites->n < sites->cap && gw_idmap_put(&sites->by_place, key, sites->n))
        sites->items[sites->n++] = site;
    return site;
}
