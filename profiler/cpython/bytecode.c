/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/bytecode.h"

#include <stdlib.h>
#include <string.h>

#define UNIT_BYTES 2u
/* Depths of one unit that are kept apart; only finally blocks of 3.8 have several. */
#define MAX_STATES 4u
#define MAX_DEPTH INT16_MAX

enum gw_effect {
    GW_EFFECT_CONST,
    GW_EFFECT_PLUS_N,
    GW_EFFECT_MINUS_N,
    GW_EFFECT_MINUS_2N,
    GW_EFFECT_PLUS_ODD,
    GW_EFFECT_MINUS_ODD,
    GW_EFFECT_MINUS_BITS, /* one for each of the lowest four bits */
    GW_EFFECT_MINUS_IS_3,
    GW_EFFECT_MINUS_BIT_2,
    GW_EFFECT_UNPACK, /* the values before and behind a starred one */
};

enum gw_flow {
    GW_FLOW_UNKNOWN, /* no opcode, or one that hides another */
    GW_FLOW_NOWHERE,
    GW_FLOW_END,
    GW_FLOW_FORWARD, /* may jump; with _ONLY it does */
    GW_FLOW_FORWARD_ONLY,
    GW_FLOW_BACKWARD,
    GW_FLOW_BACKWARD_ONLY,
    GW_FLOW_ABSOLUTE,
    GW_FLOW_ABSOLUTE_ONLY,
};

struct op_row {
    int8_t constant;
    uint8_t effect; /* enum gw_effect */
    int8_t jump_constant;
    uint8_t jump_effect;
    uint8_t flow; /* enum gw_flow */
    uint8_t role; /* enum gw_op_role */
    uint8_t number;
    uint8_t slot;   /* enum gw_slot, or one of those below */
    uint8_t caches; /* units behind it */
};

/* Slots that the argument tells. */
enum {
    GW_SLOT_BY_BINARY = GW_N_SLOTS,
    GW_SLOT_BY_COMPARE,
    GW_SLOT_BY_COMPARE_4, /* shifted by so many bits: flags stand below */
    GW_SLOT_BY_COMPARE_5,
};

struct op_table {
    uint8_t jump_unit;       /* bytes that 1 in the argument of a jump stands for */
    uint8_t generator_depth; /* values on a generator's stack when it starts */
    struct op_row rows[256];
    uint8_t base[256]; /* of which opcode this one is a special form; 0: of none */
};

#include "cpython/opcodes.inc"

/* How a finally block of 3.8 was come to: two bits for each block that the code is in. */
enum way { WAY_RAISED, WAY_FELL, WAY_CALLED };
#define NO_WAYS 1u
#define WAYS_FULL (1u << 28)

struct state {
    int16_t depth;
    uint32_t ways;
};

struct unit {
    struct state states[MAX_STATES];
    uint8_t n_states;
    bool several;
};

struct gw_depths {
    struct unit units[GW_MAX_CODE_UNITS];
    uint32_t todo[GW_MAX_CODE_UNITS * MAX_STATES]; /* unit * MAX_STATES + state */
    uint32_t n_units, n_todo;
    int greatest;
};

struct gw_depths *gw_depths_new(void)
{
    return calloc(1, sizeof(struct gw_depths));
}

void gw_depths_free(struct gw_depths *depths)
{
    free(depths);
}

static const struct op_table *table_of(unsigned minor)
{
    if (minor < GW_PYTHON_MINOR_FIRST || minor > GW_PYTHON_MINOR_LAST)
        return NULL;
    return &op_tables[minor - GW_PYTHON_MINOR_FIRST];
}

static uint32_t count_units(const struct gw_bytecode *bytecode)
{
    return (uint32_t)(bytecode->code.len / UNIT_BYTES);
}

static uint8_t base_opcode(const struct op_table *table, uint8_t opcode)
{
    return table->base[opcode] ? table->base[opcode] : opcode;
}

/* In 64 bits: the argument is foreign, and any 32 bits of it. */
static int64_t effect_of(int constant, enum gw_effect effect, uint32_t n)
{
    switch (effect) {
    case GW_EFFECT_CONST:
        return constant;
    case GW_EFFECT_PLUS_N:
        return constant + (int64_t)n;
    case GW_EFFECT_MINUS_N:
        return constant - (int64_t)n;
    case GW_EFFECT_MINUS_2N:
        return constant - 2 * (int64_t)n;
    case GW_EFFECT_PLUS_ODD:
        return constant + (int)(n & 1);
    case GW_EFFECT_MINUS_ODD:
        return constant - (int)(n & 1);
    case GW_EFFECT_MINUS_BITS:
        return constant - __builtin_popcount(n & 15);
    case GW_EFFECT_MINUS_IS_3:
        return constant - (n == 3);
    case GW_EFFECT_MINUS_BIT_2:
        return constant - ((n & 4) == 4);
    case GW_EFFECT_UNPACK:
        return constant + (int)(n & 255) + (int)(n >> 8);
    }
    return 0;
}

/* --- following ---------------------------------------------------------------------------------
 */

/* Come to a unit with a depth; what is new there has to be followed from it. */
static void come_to(struct gw_depths *depths, uint64_t at, int64_t depth, uint32_t ways)
{
    if (at >= depths->n_units || depth < 0 || depth > MAX_DEPTH)
        return;
    struct unit *unit = &depths->units[at];
    for (uint8_t i = 0; i < unit->n_states; i++)
        if (unit->states[i].depth == depth && unit->states[i].ways == ways)
            return;
    if (unit->n_states == MAX_STATES) {
        unit->several = true;
        return;
    }
    if (depth > depths->greatest)
        depths->greatest = (int)depth;
    depths->todo[depths->n_todo++] = (uint32_t)at * MAX_STATES + unit->n_states;
    unit->states[unit->n_states++] = (struct state){.depth = (int16_t)depth, .ways = ways};
}

static uint64_t jump_target(const struct op_table *table, enum gw_flow flow, uint32_t argument,
                            uint32_t next)
{
    uint64_t units = (uint64_t)argument * table->jump_unit / UNIT_BYTES;
    switch (flow) {
    case GW_FLOW_FORWARD:
    case GW_FLOW_FORWARD_ONLY:
        return next + units;
    case GW_FLOW_BACKWARD:
    case GW_FLOW_BACKWARD_ONLY:
        return units <= next ? next - units : UINT64_MAX;
    case GW_FLOW_ABSOLUTE:
    case GW_FLOW_ABSOLUTE_ONLY:
        return units;
    case GW_FLOW_UNKNOWN:
    case GW_FLOW_NOWHERE:
    case GW_FLOW_END:
        break;
    }
    return UINT64_MAX;
}

static bool falls_through(enum gw_flow flow)
{
    return flow == GW_FLOW_NOWHERE || flow == GW_FLOW_FORWARD || flow == GW_FLOW_BACKWARD ||
           flow == GW_FLOW_ABSOLUTE;
}

static uint32_t push_way(uint32_t ways, enum way way)
{
    return ways >= WAYS_FULL ? ways : ways << 2 | way;
}

static enum way top_way(uint32_t ways)
{
    return ways & 3;
}

static uint32_t pop_way(uint32_t ways)
{
    return ways > NO_WAYS ? ways >> 2 : ways;
}

/* The instructions of 3.8 that depend on how their block was come to. An exception is six values
 * (type, value and traceback, and those that were handled before), falling into the block one, and
 * so is being called from a return or a break. */
static void follow_finally(struct gw_depths *depths, enum gw_op_role role, struct state state,
                           uint32_t next)
{
    enum way way = top_way(state.ways);
    bool raised = way == WAY_RAISED;
    int depth = state.depth;
    switch (role) {
    case GW_OP_F_BEGIN:
        come_to(depths, next, depth + 1, push_way(state.ways, WAY_FELL));
        return;
    case GW_OP_F_END: /* raises again, goes on, or returns to where it was called */
        if (way == WAY_FELL)
            come_to(depths, next, depth - 1, pop_way(state.ways));
        return;
    case GW_OP_F_POP:
        come_to(depths, next, depth - (raised ? 6 : 1), pop_way(state.ways));
        return;
    case GW_OP_F_POP_EXCEPT:
        come_to(depths, next, depth - 3, pop_way(state.ways));
        return;
    case GW_OP_F_WITH_START:
        come_to(depths, next, depth + (raised ? 2 : 1), state.ways);
        return;
    case GW_OP_F_WITH_FINISH: /* an exception that was not swallowed is raised again at once */
        if (raised)
            come_to(depths, next, depth - 8, push_way(pop_way(state.ways), WAY_FELL));
        else
            come_to(depths, next, depth - 2, state.ways);
        return;
    default:
        return;
    }
}

static void follow(struct gw_depths *depths, const struct gw_bytecode *bytecode,
                   const struct op_table *table, uint32_t at, struct state state)
{
    struct gw_instruction instruction;
    if (!gw_instruction_at(depths, bytecode, at, &instruction))
        return;
    const struct op_row *row = &table->rows[instruction.opcode];
    uint32_t n = instruction.argument;
    uint64_t target = jump_target(table, row->flow, n, instruction.end);
    if (row->role >= GW_OP_F_BEGIN && row->role != GW_OP_F_SETUP && row->role != GW_OP_F_CALL) {
        follow_finally(depths, row->role, state, instruction.end);
        return;
    }
    if (falls_through(row->flow))
        come_to(depths, instruction.end, state.depth + effect_of(row->constant, row->effect, n),
                state.ways);
    uint32_t ways = state.ways;
    if (row->role == GW_OP_F_SETUP)
        ways = push_way(ways, WAY_RAISED);
    else if (row->role == GW_OP_F_CALL)
        ways = push_way(ways, WAY_CALLED);
    come_to(depths, target, state.depth + effect_of(row->jump_constant, row->jump_effect, n), ways);
}

/* Numbers of six bits a byte, the highest first; bit 6: more follow. Bit 7 marks the first byte of
 * an entry. */
static bool read_varint(struct gw_span *table, uint32_t *out)
{
    uint8_t byte;
    *out = 0;
    do {
        if (!gw_span_u8(table, &byte))
            return false;
        *out = *out << 6 | (byte & 63);
    } while (byte & 64);
    return true;
}

static void come_to_handlers(struct gw_depths *depths, struct gw_span table)
{
    uint32_t start, length, target, depth;
    while (read_varint(&table, &start) && read_varint(&table, &length) &&
           read_varint(&table, &target) && read_varint(&table, &depth))
        if (depth / 2 < MAX_DEPTH - 2) /* the exception, and where it was raised */
            come_to(depths, target, (int)(depth / 2 + 1 + depth % 2), NO_WAYS);
}

int gw_depths_find(struct gw_depths *depths, const struct gw_bytecode *bytecode)
{
    const struct op_table *table = table_of(bytecode->minor);
    depths->n_units = 0;
    if (!table)
        return -GW_E_VERSION;
    if (count_units(bytecode) > GW_MAX_CODE_UNITS)
        return -GW_E_LIMIT;
    depths->n_units = count_units(bytecode);
    depths->n_todo = 0;
    depths->greatest = 0;
    memset(depths->units, 0, depths->n_units * sizeof depths->units[0]);
    come_to(depths, 0, bytecode->is_generator ? table->generator_depth : 0, NO_WAYS);
    come_to_handlers(depths, bytecode->exceptions);
    while (depths->n_todo) {
        uint32_t todo = depths->todo[--depths->n_todo];
        uint32_t at = todo / MAX_STATES;
        follow(depths, bytecode, table, at, depths->units[at].states[todo % MAX_STATES]);
    }
    return depths->greatest;
}

int gw_depths_at(const struct gw_depths *depths, uint32_t at)
{
    if (at >= depths->n_units || !depths->units[at].n_states)
        return GW_DEPTH_UNREACHED;
    const struct unit *unit = &depths->units[at];
    for (uint8_t i = 1; i < unit->n_states; i++)
        if (unit->states[i].depth != unit->states[0].depth)
            return GW_DEPTH_SEVERAL;
    return unit->several ? GW_DEPTH_SEVERAL : unit->states[0].depth;
}

/* --- instructions ------------------------------------------------------------------------------
 */

/* At most three of them extend an argument. */
#define MAX_EXTENDED 3u

static bool read_unit(const struct gw_bytecode *bytecode, uint32_t at, uint8_t bytes[UNIT_BYTES])
{
    return gw_span_peek(bytecode->code, (size_t)at * UNIT_BYTES, bytes, UNIT_BYTES);
}

/* A unit that was come to is no cache, which may hold anything. */
static uint32_t extended_bits(const struct gw_depths *depths, const struct gw_bytecode *bytecode,
                              const struct op_table *table, uint32_t unit)
{
    uint8_t bytes[UNIT_BYTES];
    uint32_t bits = 0;
    for (uint32_t i = 1; i <= MAX_EXTENDED && i <= unit; i++) {
        if (!depths->units[unit - i].n_states || !read_unit(bytecode, unit - i, bytes) ||
            table->rows[base_opcode(table, bytes[0])].role != GW_OP_EXTENDED)
            break;
        bits |= (uint32_t)bytes[1] << (8 * i);
    }
    return bits;
}

/* NB_ADD and the following: Include/opcode.h (3.11 and 3.12), Include/opcode_ids.h's neighbours;
 * those that work in place come after all others, and behind them NB_SUBSCR (3.14 on). */
static enum gw_slot slot_of_binary(uint32_t argument)
{
    static const enum gw_slot slots[] = {
        GW_SLOT_ADD, GW_SLOT_AND,     GW_SLOT_FLOORDIV, GW_SLOT_LSHIFT, GW_SLOT_MATMUL,
        GW_SLOT_MUL, GW_SLOT_MOD,     GW_SLOT_OR,       GW_SLOT_POW,    GW_SLOT_RSHIFT,
        GW_SLOT_SUB, GW_SLOT_TRUEDIV, GW_SLOT_XOR};
    static const uint32_t n = sizeof slots / sizeof slots[0];
    if (argument == 2 * n)
        return GW_SLOT_GETITEM;
    return argument < 2 * n ? slots[argument % n] : GW_SLOT_NONE;
}

/* Comparisons of 3.8 that ask the right side: PyCmp_IN and PyCmp_NOT_IN of Include/opcode.h. */
#define CMP_IN 6u
#define CMP_NOT_IN 7u

/* Py_LT and the following: Include/object.h. */
static enum gw_slot slot_of_compare(uint32_t argument)
{
    static const enum gw_slot slots[] = {GW_SLOT_LT, GW_SLOT_LE, GW_SLOT_EQ,
                                         GW_SLOT_NE, GW_SLOT_GT, GW_SLOT_GE};
    if (argument == CMP_IN || argument == CMP_NOT_IN)
        return GW_SLOT_CONTAINS;
    return argument < sizeof slots / sizeof slots[0] ? slots[argument] : GW_SLOT_NONE;
}

static enum gw_slot slot_of(uint8_t slot, uint32_t argument)
{
    switch (slot) {
    case GW_SLOT_BY_BINARY:
        return slot_of_binary(argument);
    case GW_SLOT_BY_COMPARE:
        return slot_of_compare(argument);
    case GW_SLOT_BY_COMPARE_4:
        return slot_of_compare(argument >> 4);
    case GW_SLOT_BY_COMPARE_5:
        return slot_of_compare(argument >> 5);
    default:
        return slot;
    }
}

const char *gw_slot_name(enum gw_slot slot)
{
    static const char *const names[GW_N_SLOTS] = {
#define GW_SLOT_ROW(id, name) [GW_SLOT_##id] = name,
        GW_SLOT_LIST(GW_SLOT_ROW)
#undef GW_SLOT_ROW
    };
    return slot < GW_N_SLOTS && names[slot] ? names[slot] : "";
}

bool gw_instruction_at(const struct gw_depths *depths, const struct gw_bytecode *bytecode,
                       uint32_t unit, struct gw_instruction *out)
{
    const struct op_table *table = table_of(bytecode->minor);
    uint8_t bytes[UNIT_BYTES];
    if (!table || unit >= depths->n_units || !read_unit(bytecode, unit, bytes))
        return false;
    uint8_t opcode = base_opcode(table, bytes[0]);
    const struct op_row *row = &table->rows[opcode];
    *out =
        (struct gw_instruction){.role = row->role,
                                .number = row->number,
                                .opcode = opcode,
                                .argument = extended_bits(depths, bytecode, table, unit) | bytes[1],
                                .end = unit + 1 + row->caches};
    out->slot = slot_of(row->slot, out->argument);
    if (out->slot == GW_SLOT_CONTAINS) /* what is looked through lies on top */
        out->number = 1;
    return row->flow != GW_FLOW_UNKNOWN;
}
