/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where CPython keeps what gilwait reads. One validated, const gw_layout per session; after it has
 * been chosen nothing asks for the version any more: what differs in shape is an enum in it.
 */
#ifndef GW_CPYTHON_LAYOUT_H
#define GW_CPYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

enum gw_field {
#define LAYOUT_FIELD(structure, field, width) GW_F_##structure##_##field,
#include "cpython/layout_fields.def"
#undef LAYOUT_FIELD
    GW_N_FIELDS
};

/* The structures those fields are in. */
#define GW_STRUCT_LIST(X)                                                                          \
    X(runtime)                                                                                     \
    X(interp)                                                                                      \
    X(tstate)                                                                                      \
    X(cframe)                                                                                      \
    X(frame)                                                                                       \
    X(code)                                                                                        \
    X(chunk)                                                                                       \
    X(object)                                                                                      \
    X(type)                                                                                        \
    X(bytes)                                                                                       \
    X(heaptype)                                                                                    \
    X(tuple)                                                                                       \
    X(unicode)                                                                                     \
    X(module)                                                                                      \
    X(pylong)                                                                                      \
    X(dict)                                                                                        \
    X(dictkeys)                                                                                    \
    X(dictvalues)                                                                                  \
    X(cfunction)                                                                                   \
    X(descr)                                                                                       \
    X(wrapped)                                                                                     \
    X(definition)                                                                                  \
    X(gil)

enum gw_struct {
#define GW_STRUCT_ENUM(name) GW_S_##name,
    GW_STRUCT_LIST(GW_STRUCT_ENUM)
#undef GW_STRUCT_ENUM
        GW_N_STRUCTS
};

/* How the frame chain starts. */
enum gw_frame_root {
    GW_FRAME_ROOT_POINTER, /* tstate.frame points to the leaf frame */
    GW_FRAME_ROOT_CFRAME,  /* tstate.frame points to a _PyCFrame that points to it: 3.11, 3.12 */
};

/* What a frame is. */
enum gw_frame_family {
    GW_FRAMES_HEAP,  /* PyFrameObject, one heap object each: 3.8 to 3.10 */
    GW_FRAMES_STACK, /* _PyInterpreterFrame in data-stack chunks: 3.11+ */
};

/* How instructions map to lines. */
enum gw_line_family {
    GW_LINES_LNOTAB,    /* co_lnotab, lasti in bytes: 3.8, 3.9 */
    GW_LINES_LINETABLE, /* co_linetable of PEP 626, lasti in code units: 3.10 */
    GW_LINES_LOCATIONS, /* location table of PEP 657: 3.11+ */
};

/* Where a GIL is found. */
enum gw_gil_home {
    GW_GIL_IN_RUNTIME,    /* embedded in _PyRuntime, one for all interpreters: 3.8 to 3.11 */
    GW_GIL_BY_INTERPRETER /* interp.gil points to it: 3.12+ */
};

/* How dicts and instance attributes are laid out, for the names of threads. */
enum gw_dict_family {
    GW_DICT_NONE, /* do not look */
    GW_DICT_V38,  /* dk_size words; instance dict through tp_dictoffset: 3.8 to 3.10 */
    GW_DICT_V311, /* dk_log2_size bytes; values pointer before the object: 3.11 */
    GW_DICT_V312, /* values or dict, tagged, before the object: 3.12 */
    GW_DICT_V313, /* dict pointer before, inline values after the object: 3.13+ */
};

#define GW_N_OPCODES 256

struct gw_layout {
    uint32_t python_hex; /* PY_VERSION_HEX; patch level 0 if not known */
    bool free_threaded;
    enum gw_frame_root frame_root;
    enum gw_frame_family frames;
    enum gw_line_family lines;
    enum gw_gil_home gil_home;
    enum gw_dict_family dicts;
    unsigned instr_unit; /* bytes per unit of frame.instr where it is an index: 1 or 2 */
    bool breaks_at_calls; /* a thread is made to drop the GIL behind calls, at jumps back and at
                             starts of functions only: 3.10+; before, at any instruction */
    bool clears_popped;  /* a frame that was popped has no code any more */
    unsigned first_shim; /* a frame whose owner is >= this is no Python frame; 255: none are */
    unsigned unicode_kind_bit; /* lowest bit of `kind` in unicode.state; compact, ascii follow */
    uint64_t pointer_mask;     /* keeps the address of a possibly tagged object reference */
    unsigned pthread_tid;      /* offset of the kernel tid in glibc's struct pthread, a hint */
    const uint8_t *boundary_opcodes;       /* set of opcodes, see gw_layout_is_boundary; or NULL */
    uint32_t size[GW_N_STRUCTS];           /* sizeof in the target; 0: not known, not needed */
    uint32_t extent[GW_N_STRUCTS];         /* bytes from its start that hold all fields we read */
    uint32_t offset_plus_one[GW_N_FIELDS]; /* 0: this version does not have the field */
};

static inline bool gw_layout_has(const struct gw_layout *layout, enum gw_field field)
{
    return layout->offset_plus_one[field] != 0;
}

/* Offset of a field that this layout has. */
static inline uint32_t gw_layout_at(const struct gw_layout *layout, enum gw_field field)
{
    return layout->offset_plus_one[field] - 1;
}

static inline unsigned gw_layout_minor(const struct gw_layout *layout)
{
    return layout->python_hex >> 16 & 0xff;
}

/* "tstate.next" */
const char *gw_field_name(enum gw_field field);

/* An integer field out of a copy of its structure, widened to 64 bits; false if the layout does not
 * have the field or the copy does not reach it. Width and sign are those of layout_fields.def:
 * all fields are unsigned. */
bool gw_layout_get(const struct gw_layout *layout, enum gw_field field, struct gw_span copy,
                   uint64_t *out);

/* The layout of a version that does not describe itself: 3.8 to 3.12. machine: EM_X86_64 or
 * EM_AARCH64. Returns 0, -GW_E_VERSION or -GW_E_ARCH. */
int gw_layout_from_table(uint32_t python_hex, unsigned machine, struct gw_layout *out)
    __attribute__((warn_unused_result));

/* The layout a 3.13+ target gives of itself: the bytes of its _Py_DebugOffsets (start of
 * _PyRuntime; Include/internal/pycore_debug_offsets.h), as many as could be read. Returns 0,
 * -GW_E_BAD_DATA (no cookie, cut), -GW_E_VERSION (a minor version whose table is not known),
 * -GW_E_ARCH or -GW_E_LAYOUT. */
int gw_layout_from_debug_offsets(struct gw_span table, unsigned machine, struct gw_layout *out)
    __attribute__((warn_unused_result));

/* How many bytes to read for the function above. */
#define GW_DEBUG_OFFSETS_BYTES 1024u

/* True if the bytes start with the cookie of _Py_DebugOffsets. */
bool gw_layout_is_debug_offsets(struct gw_span table);

/* Every field inside its structure, every extent within our buffers, all required fields there;
 * fills in the extents. Every layout has gone through it. Returns 0 or -GW_E_LAYOUT; the name of
 * the first wrong field in *diag. */
int gw_layout_validate(struct gw_layout *layout, struct gw_diag *diag)
    __attribute__((warn_unused_result));

/* Lowest and highest minor version known: for "3.8 to 3.15". */
#define GW_PYTHON_MINOR_FIRST 8
#define GW_PYTHON_MINOR_LAST 15

/* "3.12.1", "3.10", "3.15.0rc1". out holds at least 16 bytes. */
void gw_python_version_text(uint32_t python_hex, char *out, size_t cap);

/*
 * True if a thread that stands at this opcode and does not hold the GIL can only be in the eval
 * breaker, made to drop the GIL there and wanting it back: a jump back or a function's start, on
 * whose behalf no C function runs. False also where this is not known.
 */
bool gw_layout_is_boundary(const struct gw_layout *layout, uint8_t opcode);

#endif
