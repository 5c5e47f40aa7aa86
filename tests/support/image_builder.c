/* SPDX-License-Identifier: Apache-2.0 */
#include "support/image_builder.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "support/debug_offsets.h"

#define HEAP_BASE 0x7f1200000000u
/* Room for the deepest stack that is walked; pages that are not used cost nothing. */
#define HEAP_BYTES ((size_t)48 << 20)
#define CHUNK_BYTES 16384u /* DATA_STACK_CHUNK_SIZE of pycore_pystate.h */
#define LOCALS_BYTES 16u
#define PTHREAD_BYTES 2304u /* struct pthread of glibc 2.36 */
#define FIRST_SELF_DESCRIBING 13
#define NOP 9
#define F_LINENO (77ull << 32) /* follows the four bytes of f_lasti */

void image_layout(unsigned minor, unsigned machine, struct gw_layout *out)
{
    int err;
    if (minor < FIRST_SELF_DESCRIBING) {
        err = gw_layout_from_table(0x030000f0u | minor << 16, machine, out);
    } else {
        uint64_t words[DEBUG_OFFSETS_WORDS];
        size_t n = debug_offsets_of(minor, words);
        err = gw_layout_from_debug_offsets(gw_span_of(words, n * sizeof *words), machine, out);
    }
    if (err)
        abort();
}

static uint32_t at(const struct image *image, enum gw_field field)
{
    if (!gw_layout_has(image->layout, field))
        abort();
    return gw_layout_at(image->layout, field);
}

/* Bytes of a field: the layout tells it only by how much of a full word it reads. */
static size_t width_of(const struct gw_layout *layout, enum gw_field field)
{
    static const uint64_t ones = UINT64_MAX;
    struct gw_layout at_start = *layout;
    uint64_t value;
    at_start.offset_plus_one[field] = 1;
    if (!gw_layout_get(&at_start, field, gw_span_of(&ones, sizeof ones), &value) || !value)
        abort();
    return (size_t)__builtin_popcountll(value) / 8;
}

void image_put(struct image *image, gw_raddr object, enum gw_field field, uint64_t value)
{
    fake_rmem_put(&image->fake, object + at(image, field), &value, width_of(image->layout, field));
}

static uint64_t get_word(const struct image *image, gw_raddr addr)
{
    uint64_t word;
    if (gw_rmem_read(&image->fake.memory, addr, &word, sizeof word))
        abort();
    return word;
}

static gw_raddr alloc_struct(struct image *image, enum gw_struct structure)
{
    return fake_heap_alloc(&image->heap, image->layout->extent[structure] + 8u);
}

static gw_raddr new_type(struct image *image, const char *name)
{
    gw_raddr text = fake_heap_alloc(&image->heap, strlen(name) + 1);
    fake_rmem_put(&image->fake, text, name, strlen(name) + 1);
    gw_raddr type = fake_heap_type(&image->heap, 0);
    image_put(image, type, GW_F_type_name, text);
    return type;
}

void image_init(struct image *image, unsigned minor, unsigned machine)
{
    *image = (struct image){.python = {.machine = machine}, .layout = &image->python.layout};
    image_layout(minor, machine, &image->python.layout);
    fake_rmem_init(&image->fake);
    fake_heap_init(&image->heap, &image->fake, image->layout, HEAP_BASE, HEAP_BYTES);
    size_t bytes = image->layout->extent[GW_S_runtime] + image->layout->size[GW_S_gil];
    image->python.runtime = fake_heap_alloc(&image->heap, bytes);
    image->code_type = new_type(image, "code");
}

void image_fini(struct image *image)
{
    fake_rmem_fini(&image->fake);
}

/* --- interpreters and threads ---------------------------------------------------------------- */

gw_raddr image_interpreter(struct image *image, uint64_t id)
{
    gw_raddr head = image->python.runtime + at(image, GW_F_runtime_interpreters_head);
    gw_raddr interp = alloc_struct(image, GW_S_interp);
    image_put(image, interp, GW_F_interp_id, id);
    image_put(image, interp, GW_F_interp_next, get_word(image, head));
    if (image->layout->gil_home == GW_GIL_BY_INTERPRETER)
        image_put(image, interp, GW_F_interp_gil,
                  fake_heap_alloc(&image->heap, image->layout->size[GW_S_gil]));
    fake_rmem_put_u64(&image->fake, head, interp);
    return interp;
}

gw_raddr image_gil(const struct image *image, gw_raddr interp)
{
    if (image->layout->gil_home == GW_GIL_IN_RUNTIME)
        return image->python.runtime + at(image, GW_F_runtime_gil);
    return get_word(image, interp + at(image, GW_F_interp_gil));
}

static void add_chunk(struct image *image, struct image_thread *thread)
{
    gw_raddr chunk = fake_heap_alloc(&image->heap, CHUNK_BYTES);
    image_put(image, chunk, GW_F_chunk_previous, thread->chunk);
    image_put(image, chunk, GW_F_chunk_size, CHUNK_BYTES);
    image_put(image, thread->tstate, GW_F_tstate_datastack_chunk, chunk);
    thread->chunk = chunk;
    thread->top = chunk + at(image, GW_F_chunk_data);
    thread->end = chunk + CHUNK_BYTES;
}

void image_thread(struct image *image, gw_raddr interp, uint64_t id, uint32_t tid,
                  struct image_thread *out)
{
    gw_raddr head = interp + at(image, GW_F_interp_threads_head);
    *out = (struct image_thread){
        .tstate = alloc_struct(image, GW_S_tstate),
        .pthread = fake_heap_alloc(&image->heap, PTHREAD_BYTES),
    };
    fake_rmem_put_u32(&image->fake, out->pthread + image->layout->pthread_tid, tid);
    image_put(image, out->tstate, GW_F_tstate_next, get_word(image, head));
    image_put(image, out->tstate, GW_F_tstate_interp, interp);
    image_put(image, out->tstate, GW_F_tstate_id, id);
    image_put(image, out->tstate, GW_F_tstate_thread_id, out->pthread);
    if (gw_layout_has(image->layout, GW_F_tstate_native_thread_id))
        image_put(image, out->tstate, GW_F_tstate_native_thread_id, tid);
    if (image->layout->frame_root == GW_FRAME_ROOT_CFRAME) {
        out->cframe = alloc_struct(image, GW_S_cframe);
        image_put(image, out->tstate, GW_F_tstate_frame, out->cframe);
    }
    if (image->layout->frames == GW_FRAMES_STACK) {
        add_chunk(image, out);
        image_put(image, out->tstate, GW_F_tstate_datastack_top, out->top);
    }
    fake_rmem_put_u64(&image->fake, head, out->tstate);
}

/* --- code ------------------------------------------------------------------------------------- */

/* One line per instruction; Objects/lnotab_notes.txt and Objects/locations.md. */
static gw_raddr line_table(struct image *image, unsigned n_instructions)
{
    uint8_t table[2 * IMAGE_MAX_INSTRUCTIONS];
    if (n_instructions > IMAGE_MAX_INSTRUCTIONS)
        abort();
    for (unsigned i = 0; i < n_instructions; i++) {
        switch (image->layout->lines) {
        case GW_LINES_LNOTAB: /* after two bytes comes the next line */
            table[2 * i] = 2;
            table[2 * i + 1] = 1;
            break;
        case GW_LINES_LINETABLE: /* these two bytes are one line further */
            table[2 * i] = 2;
            table[2 * i + 1] = i > 0;
            break;
        case GW_LINES_LOCATIONS: /* one unit without columns, signed delta in the upper bits */
            table[2 * i] = 0x80 | 13 << 3;
            table[2 * i + 1] = i > 0 ? 2 : 0;
            break;
        }
    }
    return fake_heap_bytes(&image->heap, table, n_instructions * 2u);
}

static void put_bytecode(struct image *image, struct image_code *code)
{
    uint8_t nops[2 * IMAGE_MAX_INSTRUCTIONS];
    memset(nops, NOP, sizeof nops);
    if (image->layout->frames == GW_FRAMES_STACK) {
        code->bytecode = code->addr + at(image, GW_F_code_bytecode);
    } else {
        gw_raddr bytes = fake_heap_bytes(&image->heap, nops, code->n_instructions * 2u);
        image_put(image, code->addr, GW_F_code_bytecode, bytes);
        code->bytecode = bytes + at(image, GW_F_bytes_data);
    }
    fake_rmem_put(&image->fake, code->bytecode, nops, code->n_instructions * 2u);
}

struct image_code image_code_at(struct image *image, gw_raddr addr, const char *name,
                                const char *file, uint32_t first_line, unsigned n_instructions)
{
    struct image_code code = {.addr = addr, .n_instructions = n_instructions};
    gw_raddr text = fake_heap_ascii(&image->heap, name);
    image_put(image, addr, GW_F_object_type, image->code_type);
    image_put(image, addr, GW_F_code_filename, fake_heap_ascii(&image->heap, file));
    image_put(image, addr, GW_F_code_name, text);
    if (gw_layout_has(image->layout, GW_F_code_qualname))
        image_put(image, addr, GW_F_code_qualname, text);
    image_put(image, addr, GW_F_code_firstlineno, first_line);
    image_put(image, addr, GW_F_code_linetable, line_table(image, n_instructions));
    put_bytecode(image, &code);
    return code;
}

struct image_code image_code(struct image *image, const char *name, const char *file,
                             uint32_t first_line, unsigned n_instructions)
{
    size_t bytes = image->layout->extent[GW_S_code] + (size_t)n_instructions * 2;
    gw_raddr addr = fake_heap_alloc(&image->heap, bytes);
    return image_code_at(image, addr, name, file, first_line, n_instructions);
}

uint64_t image_instr(const struct image *image, const struct image_code *code, int instruction)
{
    int64_t bytes = (int64_t)instruction * 2;
    if (image->layout->frames == GW_FRAMES_STACK)
        return code->bytecode + (uint64_t)bytes;
    int64_t lasti = instruction < 0 ? -1 : bytes / image->layout->instr_unit;
    return F_LINENO | (uint32_t)lasti;
}

/* --- frames ----------------------------------------------------------------------------------- */

void image_write_frame(struct image *image, gw_raddr addr, const struct image_frame *frame)
{
    uint64_t tag = ~image->layout->pointer_mask & 1;
    image_put(image, addr, GW_F_frame_code, frame->code ? frame->code->addr | tag : 0);
    image_put(image, addr, GW_F_frame_previous, frame->previous);
    image_put(image, addr, GW_F_frame_instr,
              frame->code ? image_instr(image, frame->code, frame->instruction) : 0);
    if (gw_layout_has(image->layout, GW_F_frame_owner))
        image_put(image, addr, GW_F_frame_owner, frame->shim ? image->layout->first_shim : 0);
}

static size_t frame_bytes(const struct image *image)
{
    return (image->layout->size[GW_S_frame] + LOCALS_BYTES + 7u) & ~7u;
}

static gw_raddr take_from_chunk(struct image *image, struct image_thread *thread)
{
    size_t bytes = frame_bytes(image);
    if (thread->end - thread->top < bytes)
        add_chunk(image, thread);
    gw_raddr frame = thread->top;
    thread->top += bytes;
    image_put(image, thread->tstate, GW_F_tstate_datastack_top, thread->top);
    return frame;
}

void image_set_leaf(struct image *image, struct image_thread *thread, gw_raddr frame)
{
    thread->leaf = frame;
    if (thread->cframe)
        image_put(image, thread->cframe, GW_F_cframe_current_frame, frame);
    else
        image_put(image, thread->tstate, GW_F_tstate_frame, frame);
}

gw_raddr image_push(struct image *image, struct image_thread *thread, const struct image_code *code,
                    int instruction, enum image_place place)
{
    bool in_chunk = place == IMAGE_IN_CHUNK && image->layout->frames == GW_FRAMES_STACK;
    gw_raddr addr = in_chunk ? take_from_chunk(image, thread)
                             : fake_heap_alloc(&image->heap, frame_bytes(image));
    image_write_frame(
        image, addr,
        &(struct image_frame){.code = code, .instruction = instruction, .previous = thread->leaf});
    image_set_leaf(image, thread, addr);
    return addr;
}

gw_raddr image_push_shim(struct image *image, struct image_thread *thread,
                         const struct image_code *code)
{
    gw_raddr addr = fake_heap_alloc(&image->heap, frame_bytes(image));
    image_write_frame(image, addr,
                      &(struct image_frame){.code = code, .previous = thread->leaf, .shim = true});
    image_set_leaf(image, thread, addr);
    return addr;
}
