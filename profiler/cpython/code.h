/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code objects: from (code address, instruction) to function, file and line. Cached by address;
 * each cached answer is held against the code object's own pointers again whenever a frame is new,
 * because a freed code object's address is used again. Sources: Include/cpython/code.h.
 */
#ifndef GW_CPYTHON_CODE_H
#define GW_CPYTHON_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strtab.h"
#include "cpython/frames.h"
#include "cpython/layout.h"
#include "target/rmem.h"

/* A function as people know it. Ids are dense; 0 is "no function". */
enum gw_code_kind {
    GW_CODE_PYTHON,
    GW_CODE_C,      /* what Python code calls in C: it has neither file nor line */
    GW_CODE_NATIVE, /* of the native stack: the name is the symbol, the file the object's; no line */
};
struct gw_function {
    uint32_t name; /* string ids */
    uint32_t file;
    uint32_t first_line;
    enum gw_code_kind kind;
};

struct gw_location {
    uint32_t function;
    uint32_t line; /* 0: not known */
    bool boundary; /* see gw_layout_is_boundary */
};

/* Functions of all processes of a capture, in order of their ids. */
struct gw_functions;
struct gw_functions *gw_functions_new(struct gw_strtab *strings); /* strings: borrowed */
void gw_functions_free(struct gw_functions *functions);
/* Room for n more, outside of the tick. */
int gw_functions_reserve(struct gw_functions *functions, size_t n)
    __attribute__((warn_unused_result));
uint32_t gw_functions_count(const struct gw_functions *functions);
const struct gw_function *gw_functions_get(const struct gw_functions *functions, uint32_t id);
/* Id of a function of our own making, like "[12 frames omitted]"; 0 if there is no room left. */
uint32_t gw_functions_intern(struct gw_functions *functions, const char *name, const char *file,
                             uint32_t first_line);
/* The same for a C function, and for one of the native stack. */
uint32_t gw_functions_intern_c(struct gw_functions *functions, const char *name);
uint32_t gw_functions_intern_native(struct gw_functions *functions, const char *symbol,
                                    const char *object);

/* The code objects of one process. */
struct gw_codes;
/* All borrowed. NULL when there is no memory. */
struct gw_codes *gw_codes_new(const struct gw_rmem *memory, const struct gw_layout *layout,
                              struct gw_functions *functions);
void gw_codes_free(struct gw_codes *codes);
/* A tick begins: what it checks holds until the next one. Without ticks all is read each time. */
void gw_codes_begin_tick(struct gw_codes *codes);
/* Room for n more code objects and lines, outside of the tick. */
int gw_codes_reserve(struct gw_codes *codes, size_t n) __attribute__((warn_unused_result));

/*
 * Locate n frames (n <= GW_MAX_FRAMES), each of which is new or has moved since its thread was
 * last looked at: one batched read checks the code objects that this tick has not met yet. False if
 * one of them is no code object: then the stack is torn. A function whose name cannot be kept or
 * read is function 0.
 */
bool gw_codes_locate(struct gw_codes *codes, const struct gw_frame *frames, size_t n,
                     struct gw_location *out);

/* A number of the code object at an address that changes when another one is found there; 0 while
 * none was located. */
uint64_t gw_codes_identity(const struct gw_codes *codes, gw_raddr code);

/* The same, and in *offset where in its bytecode the frame is: bytes, negative before the start. */
uint64_t gw_codes_place(const struct gw_codes *codes, const struct gw_frame *frame,
                        int64_t *offset);

#endif
