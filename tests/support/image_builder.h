/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process with a tiny CPython in it, laid out by the real layout of each version: runtime,
 * interpreters, GILs, thread states, frames, code objects. What is written through it can be walked
 * back by the code under test.
 */
#ifndef GW_TESTS_IMAGE_BUILDER_H
#define GW_TESTS_IMAGE_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "cpython/discover.h"
#include "support/fake_heap.h"
#include "support/fake_rmem.h"

/* The layout of 3.minor: from the tables up to 3.12, then from the interpreter's own offsets. */
void image_layout(unsigned minor, unsigned machine, struct gw_layout *out);

struct image {
    struct gw_python python;
    const struct gw_layout *layout; /* &python.layout */
    struct fake_rmem fake;
    struct fake_heap heap; /* everything lies in it */
    gw_raddr code_type;
};

/* A runtime without interpreters. The image may not be moved afterwards. */
void image_init(struct image *image, unsigned minor, unsigned machine);
void image_fini(struct image *image);

/* Write an integer field of an object; the version must have it. */
void image_put(struct image *image, gw_raddr object, enum gw_field field, uint64_t value);

/* A new interpreter at the head of the list, with a GIL of its own where the version has that. */
gw_raddr image_interpreter(struct image *image, uint64_t id);

/* The GIL of an interpreter. */
gw_raddr image_gil(const struct image *image, gw_raddr interp);

struct image_thread {
    gw_raddr tstate;
    gw_raddr pthread;         /* its thread_id */
    gw_raddr leaf;            /* newest frame, 0: none */
    gw_raddr cframe;          /* 3.11 and 3.12: on the C stack */
    gw_raddr chunk, top, end; /* newest data-stack chunk: 3.11+ */
};

/* A new thread at the head of its interpreter's list. tid is stored in its struct pthread, too. */
void image_thread(struct image *image, gw_raddr interp, uint64_t id, uint32_t tid,
                  struct image_thread *out);

#define IMAGE_MAX_INSTRUCTIONS 64u
struct image_code {
    gw_raddr addr;
    gw_raddr bytecode; /* two bytes per instruction */
    unsigned n_instructions;
};

/* A code object whose instruction i is on line first_line + i; all of them are NOPs. */
struct image_code image_code(struct image *image, const char *name, const char *file,
                             uint32_t first_line, unsigned n_instructions);

/* Write the code object at addr anew, as when that memory is used again. */
struct image_code image_code_at(struct image *image, gw_raddr addr, const char *name,
                                const char *file, uint32_t first_line, unsigned n_instructions);

/* What is stored in a frame as the place of an instruction; -1: before the first. Up to 3.10 the
 * upper half is rubbish: the field is an int. */
uint64_t image_instr(const struct image *image, const struct image_code *code, int instruction);

struct image_frame {
    const struct image_code *code; /* NULL: none */
    int instruction;
    gw_raddr previous;
    bool shim; /* 3.12+: no Python frame, but one that C code put there */
};
void image_write_frame(struct image *image, gw_raddr addr, const struct image_frame *frame);

/* Put a frame on the thread's stack: in its data-stack chunk, or outside of any chunk as generators
 * have it (up to 3.10 all frames). Returns its address. */
enum image_place { IMAGE_IN_CHUNK, IMAGE_OUTSIDE };
gw_raddr image_push(struct image *image, struct image_thread *thread, const struct image_code *code,
                    int instruction, enum image_place place);
gw_raddr image_push_shim(struct image *image, struct image_thread *thread,
                         const struct image_code *code);

/* Make another frame, or 0, the newest one. */
void image_set_leaf(struct image *image, struct image_thread *thread, gw_raddr frame);

#endif
