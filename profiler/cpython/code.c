/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/idmap.h"
#include "base/text.h"
#include "cpython/linetable.h"
#include "cpython/pystr.h"

/* --- functions ------------------------------------------------------------------------------ */

struct gw_functions {
    struct gw_strtab *strings;
    struct gw_function *items;
    uint32_t n, cap;
    struct gw_idmap by_key;
};

struct gw_functions *gw_functions_new(struct gw_strtab *strings)
{
    struct gw_functions *functions = calloc(1, sizeof *functions);
    if (!functions)
        return NULL;
    functions->strings = strings;
    if (gw_functions_reserve(functions, 256)) {
        gw_functions_free(functions);
        return NULL;
    }
    functions->items[functions->n++] = (struct gw_function){0};
    return functions;
}

void gw_functions_free(struct gw_functions *functions)
{
    if (!functions)
        return;
    free(functions->items);
    gw_idmap_free(&functions->by_key);
    free(functions);
}

int gw_functions_reserve(struct gw_functions *functions, size_t n)
{
    size_t need = functions->n + n;
    int err = gw_idmap_reserve(&functions->by_key, need);
    if (err || need <= functions->cap)
        return err;
    size_t cap = need + need / 2;
    struct gw_function *items = reallocarray(functions->items, cap, sizeof *items);
    if (!items)
        return -ENOMEM;
    functions->items = items;
    functions->cap = (uint32_t)cap;
    return 0;
}

uint32_t gw_functions_count(const struct gw_functions *functions)
{
    return functions->n;
}

const struct gw_function *gw_functions_get(const struct gw_functions *functions, uint32_t id)
{
    return &functions->items[id];
}

/* The same function of different code objects is one: it is known by its name, file and line. A
 * 64-bit mix stands for the three; two functions of one capture meeting in it is out of reach. */
static uint32_t intern_function(struct gw_functions *functions, struct gw_function function)
{
    uint64_t key = gw_mix64((uint64_t)function.name << 32 | function.file) + function.first_line +
                   ((uint64_t)function.kind << 32);
    uint32_t id;
    key = gw_mix64(key);
    if (gw_idmap_find(&functions->by_key, key, &id))
        return id;
    if (functions->n == functions->cap || !gw_idmap_put(&functions->by_key, key, functions->n))
        return 0;
    functions->items[functions->n] = function;
    return functions->n++;
}

static uint32_t intern_texts(struct gw_functions *functions, const char *name, const char *file,
                             uint32_t first_line, enum gw_code_kind kind)
{
    int64_t name_id = gw_strtab_intern(functions->strings, name);
    int64_t file_id = gw_strtab_intern(functions->strings, file);
    if (name_id < 0 || file_id < 0)
        return 0;
    return intern_function(functions, (struct gw_function){.name = (uint32_t)name_id,
                                                           .file = (uint32_t)file_id,
                                                           .first_line = first_line,
                                                           .kind = kind});
}

uint32_t gw_functions_intern(struct gw_functions *functions, const char *name, const char *file,
                             uint32_t first_line)
{
    return intern_texts(functions, name, file, first_line, GW_CODE_PYTHON);
}

uint32_t gw_functions_intern_c(struct gw_functions *functions, const char *name)
{
    return intern_texts(functions, name, "", 0, GW_CODE_C);
}

uint32_t gw_functions_intern_native(struct gw_functions *functions, const char *symbol,
                                    const char *object)
{
    return intern_texts(functions, symbol, object, 0, GW_CODE_NATIVE);
}

/* --- code objects ---------------------------------------------------------------------------- */

/* The words of a code object that make it what it is; its address alone does not. */
struct code_identity {
    gw_raddr filename, name, qualname, linetable;
    uint32_t first_line;
};

struct code {
    struct code_identity identity;
    gw_raddr bytecode; /* address of its first instruction */
    uint32_t function;
    uint32_t generation; /* which use of the address this is: part of the key of a line */
    uint64_t tick;       /* in which it was checked last */
};

struct gw_codes {
    const struct gw_rmem *memory;
    const struct gw_layout *layout;
    struct gw_functions *functions;
    struct code *items;
    uint32_t n, cap;
    struct gw_idmap by_addr; /* code address -> item */
    struct gw_idmap lines;   /* (item, generation, offset) -> line << 1 | boundary */
    gw_raddr code_type;      /* PyCode_Type, once it has been seen */
    uint64_t tick;           /* number of the present one, 0: there are none */
    uint8_t heads[GW_MAX_FRAMES][GW_MAX_CODE_BYTES];
    struct gw_rmem_range ranges[GW_MAX_FRAMES];
    char name[GW_TEXT_ROOM], file[GW_TEXT_ROOM];
    uint8_t linetable[GW_MAX_LINETABLE];
};

struct gw_codes *gw_codes_new(const struct gw_rmem *memory, const struct gw_layout *layout,
                              struct gw_functions *functions)
{
    struct gw_codes *codes = calloc(1, sizeof *codes);
    if (!codes)
        return NULL;
    codes->memory = memory;
    codes->layout = layout;
    codes->functions = functions;
    return codes;
}

void gw_codes_free(struct gw_codes *codes)
{
    if (!codes)
        return;
    free(codes->items);
    gw_idmap_free(&codes->by_addr);
    gw_idmap_free(&codes->lines);
    free(codes);
}

void gw_codes_begin_tick(struct gw_codes *codes)
{
    codes->tick++;
}

int gw_codes_reserve(struct gw_codes *codes, size_t n)
{
    size_t need = codes->n + n;
    int err = gw_idmap_reserve(&codes->by_addr, codes->by_addr.n + n);
    if (!err)
        err = gw_idmap_reserve(&codes->lines, codes->lines.n + 4 * n);
    if (err || need <= codes->cap)
        return err;
    size_t cap = need + need / 2;
    struct code *items = reallocarray(codes->items, cap, sizeof *items);
    if (!items)
        return -ENOMEM;
    codes->items = items;
    codes->cap = (uint32_t)cap;
    return 0;
}

/* The first code object shows its type by name ("code"), all others by the same address. */
static bool is_code(struct gw_codes *codes, struct gw_span head)
{
    uint64_t type, name;
    char text[5];
    if (!gw_layout_get(codes->layout, GW_F_object_type, head, &type))
        return false;
    if (codes->code_type)
        return type == codes->code_type;
    if (gw_rmem_read(codes->memory, type + gw_layout_at(codes->layout, GW_F_type_name), &name,
                     sizeof name) ||
        gw_rmem_read(codes->memory, name, text, sizeof text) ||
        memcmp(text, "code", sizeof text) != 0)
        return false;
    codes->code_type = type;
    return true;
}

static struct code_identity identity_of(const struct gw_layout *layout, struct gw_span head)
{
    struct code_identity identity = {0};
    uint64_t first_line = 0;
    gw_layout_get(layout, GW_F_code_filename, head, &identity.filename);
    gw_layout_get(layout, GW_F_code_name, head, &identity.name);
    gw_layout_get(layout, GW_F_code_qualname, head, &identity.qualname);
    gw_layout_get(layout, GW_F_code_linetable, head, &identity.linetable);
    gw_layout_get(layout, GW_F_code_firstlineno, head, &first_line);
    identity.first_line = (uint32_t)first_line;
    return identity;
}

static bool same_identity(const struct code_identity *a, const struct code_identity *b)
{
    return a->filename == b->filename && a->name == b->name && a->qualname == b->qualname &&
           a->linetable == b->linetable && a->first_line == b->first_line;
}

static gw_raddr bytecode_of(const struct gw_layout *layout, gw_raddr addr, struct gw_span head)
{
    uint64_t bytes = 0;
    switch (layout->frames) {
    case GW_FRAMES_STACK:
        return addr + gw_layout_at(layout, GW_F_code_bytecode);
    case GW_FRAMES_HEAP:
        gw_layout_get(layout, GW_F_code_bytecode, head, &bytes);
        return bytes + gw_layout_at(layout, GW_F_bytes_data);
    }
    return 0;
}

static uint32_t read_function(struct gw_codes *codes, const struct code_identity *identity)
{
    gw_raddr name = identity->qualname ? identity->qualname : identity->name;
    if (gw_pystr_read(codes->memory, codes->layout, name, codes->name, sizeof codes->name) ||
        gw_pystr_read(codes->memory, codes->layout, identity->filename, codes->file,
                      sizeof codes->file))
        return 0;
    return gw_functions_intern(codes->functions, codes->name, codes->file, identity->first_line);
}

/* The cached code object of this address, made anew if the address is another one's now. */
static struct code *find_code(struct gw_codes *codes, gw_raddr addr, struct gw_span head)
{
    struct code_identity identity = identity_of(codes->layout, head);
    uint32_t at, generation = 0;
    if (gw_idmap_find(&codes->by_addr, addr, &at)) {
        if (same_identity(&codes->items[at].identity, &identity)) {
            if (!codes->items[at].function) /* there may be room for its name by now */
                codes->items[at].function = read_function(codes, &identity);
            codes->items[at].tick = codes->tick;
            return &codes->items[at];
        }
        generation = codes->items[at].generation + 1;
    } else {
        at = codes->n;
        if (at == codes->cap || !gw_idmap_put(&codes->by_addr, addr, at))
            return NULL;
        codes->n++;
    }
    codes->items[at] = (struct code){.identity = identity,
                                     .bytecode = bytecode_of(codes->layout, addr, head),
                                     .function = read_function(codes, &identity),
                                     .generation = generation,
                                     .tick = codes->tick};
    return &codes->items[at];
}

/* --- lines ----------------------------------------------------------------------------------- */

/* Byte offset of the instruction in the bytecode; negative: not started. */
static int64_t offset_of(const struct gw_layout *layout, const struct code *code, uint64_t instr)
{
    switch (layout->frames) {
    case GW_FRAMES_STACK:
        return (int64_t)(instr - code->bytecode);
    case GW_FRAMES_HEAP:
        return (int64_t)(int32_t)(uint32_t)instr * layout->instr_unit;
    }
    return -1;
}

static uint32_t read_line(struct gw_codes *codes, const struct code *code, int64_t at)
{
    size_t len;
    if (gw_pybytes_read(codes->memory, codes->layout, code->identity.linetable, codes->linetable,
                        sizeof codes->linetable, &len))
        return 0;
    return gw_linetable_line(codes->layout->lines, gw_span_of(codes->linetable, len),
                             code->identity.first_line, at);
}

static bool read_boundary(struct gw_codes *codes, const struct code *code, int64_t at)
{
    uint8_t opcode;
    if (at < 0) /* before the first instruction: a function's start */
        return true;
    if (gw_rmem_read(codes->memory, code->bytecode + (uint64_t)at, &opcode, sizeof opcode))
        return false;
    return gw_layout_is_boundary(codes->layout, opcode);
}

static struct gw_location locate(struct gw_codes *codes, const struct code *code, uint64_t instr)
{
    int64_t at = offset_of(codes->layout, code, instr);
    uint64_t item = (uint64_t)(code - codes->items);
    uint64_t key = gw_mix64(item << 32 | code->generation) ^ (uint64_t)at;
    uint32_t value;
    if (!gw_idmap_find(&codes->lines, key, &value)) {
        value = read_line(codes, code, at) << 1;
        value |= read_boundary(codes, code, at);
        gw_idmap_put(&codes->lines, key, value);
    }
    return (struct gw_location){
        .function = code->function, .line = value >> 1, .boundary = value & 1};
}

/* The code object at an address, if it was found there in this very tick. */
static const struct code *checked(const struct gw_codes *codes, gw_raddr addr)
{
    uint32_t at;
    if (!codes->tick || !gw_idmap_find(&codes->by_addr, addr, &at) ||
        codes->items[at].tick != codes->tick)
        return NULL;
    return &codes->items[at];
}

/* Plan the read of those of the frames' code objects that have not been checked, in the order of
 * the frames; returns how many there are. */
static size_t plan_heads(struct gw_codes *codes, const struct gw_frame *frames, size_t n)
{
    size_t n_wanted = 0;
    for (size_t i = 0; i < n; i++)
        if (!checked(codes, frames[i].code)) {
            codes->ranges[n_wanted] =
                (struct gw_rmem_range){.addr = frames[i].code,
                                       .buf = codes->heads[n_wanted],
                                       .len = codes->layout->extent[GW_S_code]};
            n_wanted++;
        }
    return n_wanted;
}

bool gw_codes_locate(struct gw_codes *codes, const struct gw_frame *frames, size_t n,
                     struct gw_location *out)
{
    size_t n_wanted = plan_heads(codes, frames, n), at = 0;
    if (n_wanted && gw_rmem_readv(codes->memory, codes->ranges, n_wanted))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct code *code;
        if (at < n_wanted && codes->ranges[at].addr == frames[i].code) {
            struct gw_span head = gw_span_of(codes->heads[at], codes->ranges[at].got);
            if (head.len < codes->ranges[at].len || !is_code(codes, head))
                return false;
            code = find_code(codes, frames[i].code, head);
            at++;
        } else {
            code = checked(codes, frames[i].code);
        }
        out[i] = code ? locate(codes, code, frames[i].instr) : (struct gw_location){0};
    }
    return true;
}

uint64_t gw_codes_identity(const struct gw_codes *codes, gw_raddr code)
{
    uint32_t at;
    if (!gw_idmap_find(&codes->by_addr, code, &at))
        return 0;
    return (uint64_t)codes->items[at].generation << 32 | (at + 1u);
}

uint64_t gw_codes_place(const struct gw_codes *codes, const struct gw_frame *frame, int64_t *offset)
{
    uint32_t at;
    if (!gw_idmap_find(&codes->by_addr, frame->code, &at))
        return 0;
    *offset = offset_of(codes->layout, &codes->items[at], frame->instr);
    return gw_codes_identity(codes, frame->code);
}
