/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many values lie on a frame's stack when it executes an instruction: found by following the
 * code from its start, as the depth is not kept while an instruction runs (up to 3.13), and the
 * values that lie there are never cleared. For what stands at a depth see callsite.h.
 *
 * What each opcode does to the depth is asked of the interpreters themselves (opcodes.inc, made by
 * tests/make_opcodes.py). Jumps and caches: Lib/dis.py of each version; the exception table:
 * Objects/exception_handling_notes.txt (3.11); the finally blocks of 3.8: Python/ceval.c there.
 */
#ifndef GW_CPYTHON_BYTECODE_H
#define GW_CPYTHON_BYTECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/span.h"
#include "cpython/layout.h"

/* What an opcode means to one who looks for a callable. `number` of the row belongs to it. */
enum gw_op_role {
    GW_OP_PLAIN,
    GW_OP_EXTENDED,   /* the upper bits of the next one's argument */
    GW_OP_CALL_N,     /* a call: the callable lies `number` and the argument below the top */
    GW_OP_CALL_PAIR,  /* ... or a method and its self, or NULL and a callable, lie there: 2 + n */
    GW_OP_CALL_ODD,   /* `number`, and one more if the argument is odd */
    GW_OP_CALL_FIXED, /* `number` */
    GW_OP_SLOT,       /* C code of the type of what lies `number` below the top: see `slot` */
    GW_OP_NAME,       /* pushes what co_names[argument >> number] names */
    GW_OP_NAME_OF,    /* ... an attribute with that name of what it takes */
    /* 3.8: what it does depends on how its block was come to. */
    GW_OP_F_BEGIN,
    GW_OP_F_CALL,
    GW_OP_F_END,
    GW_OP_F_POP,
    GW_OP_F_POP_EXCEPT,
    GW_OP_F_WITH_START,
    GW_OP_F_WITH_FINISH,
    GW_OP_F_SETUP,
};

/* What a type does for an operator or statement: the method that Python code knows it by. */
#define GW_SLOT_LIST(X)                                                                            \
    X(ADD, "__add__")                                                                              \
    X(AND, "__and__")                                                                              \
    X(FLOORDIV, "__floordiv__")                                                                    \
    X(LSHIFT, "__lshift__")                                                                        \
    X(MATMUL, "__matmul__")                                                                        \
    X(MUL, "__mul__")                                                                              \
    X(MOD, "__mod__")                                                                              \
    X(OR, "__or__")                                                                                \
    X(POW, "__pow__")                                                                              \
    X(RSHIFT, "__rshift__")                                                                        \
    X(SUB, "__sub__")                                                                              \
    X(TRUEDIV, "__truediv__")                                                                      \
    X(XOR, "__xor__")                                                                              \
    X(LT, "__lt__")                                                                                \
    X(LE, "__le__")                                                                                \
    X(EQ, "__eq__")                                                                                \
    X(NE, "__ne__")                                                                                \
    X(GT, "__gt__")                                                                                \
    X(GE, "__ge__")                                                                                \
    X(GETITEM, "__getitem__")                                                                      \
    X(SETITEM, "__setitem__")                                                                      \
    X(DELITEM, "__delitem__")                                                                      \
    X(CONTAINS, "__contains__")                                                                    \
    X(ITER, "__iter__")                                                                            \
    X(NEXT, "__next__")                                                                            \
    X(ENTER, "__enter__")

enum gw_slot {
    GW_SLOT_NONE,
#define GW_SLOT_ENUM(id, name) GW_SLOT_##id,
    GW_SLOT_LIST(GW_SLOT_ENUM)
#undef GW_SLOT_ENUM
        GW_N_SLOTS
};

/* "__add__"; "" for GW_SLOT_NONE. */
const char *gw_slot_name(enum gw_slot slot);

/* One instruction, freed of specialisation and instrumentation. */
struct gw_instruction {
    enum gw_op_role role;
    uint8_t number;
    uint8_t opcode;    /* the general one */
    enum gw_slot slot; /* of GW_OP_SLOT; GW_SLOT_NONE where its argument says what is none */
    uint32_t argument;
    uint32_t end; /* unit behind it and its caches */
};

/* A code object's bytes, as copied. */
struct gw_bytecode {
    unsigned minor;            /* of the interpreter: 3.minor */
    struct gw_span code;       /* two bytes per unit */
    struct gw_span exceptions; /* co_exceptiontable, 3.11+ */
    bool is_generator;         /* of any kind */
};

#define GW_DEPTH_UNREACHED (-1) /* dead code, caches; or a unit before it could not be followed */
#define GW_DEPTH_SEVERAL (-2)   /* it depends on how it was come to */

/* Room to find the depths of one code object after the other; about 3 MiB, touched as needed. */
struct gw_depths;
struct gw_depths *gw_depths_new(void);
void gw_depths_free(struct gw_depths *depths);

/* Follow a code object's instructions. Returns the greatest depth, or -GW_E_LIMIT if
 * it has more than GW_MAX_CODE_UNITS, -GW_E_VERSION if the version's opcodes are not known. Opcodes
 * that hide others (line tracing, executors of the JIT) end the path. Allocates nothing. */
int gw_depths_find(struct gw_depths *depths, const struct gw_bytecode *bytecode);

/* Depth before the instruction at a unit of the code followed last, or GW_DEPTH_*. */
int gw_depths_at(const struct gw_depths *depths, uint32_t unit);

/* The instruction at a unit of that code, with the EXTENDED_ARGs before it; false if none stands
 * there whose meaning is known. */
bool gw_instruction_at(const struct gw_depths *depths, const struct gw_bytecode *bytecode,
                       uint32_t unit, struct gw_instruction *out);

#endif
