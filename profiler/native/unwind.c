/* SPDX-License-Identifier: Apache-2.0 */
#include "native/unwind.h"

#include <elf.h>
#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "native/pieces.h"
#include "native/prologue.h"
#include "target/elf_image.h"

/* Looks a frame's description up in a table of the target's memory. Exported by libunwind for its
 * users, but in none of its headers (src/dwarf/Gfind_proc_info-lsb.c, 1.6.2). */
#define search_unwind_table UNW_OBJ(dwarf_search_unwind_table)
extern int search_unwind_table(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table,
                               unw_proc_info_t *out, int need_unwind_info, void *context);

/* libunwind numbers registers as DWARF does: rbp. What is known of prologues is of x86-64. */
#define FRAME_POINTER 6

#define PAGE 4096u
#define N_PAGES 64u
/* The stack is read in pieces of this size, as far as it is asked for. */
#define STACK_PIECE 8192u

/* A piece of an object's file. */
struct page {
    const struct gw_elf_image *image;
    uint64_t value;
    size_t len;
    uint8_t bytes[PAGE];
};

/* What was found out about the frame of the code at an address. */
#define N_FRAMES 256u
#define MAX_CALL_BYTES 7u
struct frame_pointer {
    gw_raddr pc;
    bool is_known;
    uint64_t above_sp;
};

struct gw_unwinder {
    struct gw_objects *objects;
    const struct gw_rmem *memory;
    unw_addr_space_t space;
    struct page pages[N_PAGES];
    struct frame_pointer frame_pointers[N_FRAMES];
    uint8_t code[GW_MAX_FUNCTION_BYTES];
    /* The walk under way. */
    const struct gw_native_place *place;
    gw_raddr frame_sp, frame_pc;    /* of the present frame, */
    bool is_call;                   /* which is at a call: frame_pc is behind it */
    const struct gw_object *object; /* of the present frame */
    uint32_t reads;
    bool due;
    bool no_table; /* of the present frame: libunwind would go on by guessing */
    size_t n_stack;
    bool stack_ends;
    uint8_t stack[GW_MAX_NATIVE_STACK]; /* what lies at sp and above */
};

/* --- what libunwind asks for ---------------------------------------------------------------------
 */

static bool read_file(struct gw_unwinder *unwinder, unw_word_t addr, unw_word_t *out)
{
    const struct gw_object *object = unwinder->object;
    if (!object || !object->image)
        return false;
    uint64_t value = addr - object->bias, at = value % PAGE;
    struct page *page = &unwinder->pages[value / PAGE % N_PAGES];
    if (page->image != object->image || page->value != value - at) {
        page->image = object->image;
        page->value = value - at;
        page->len = gw_elf_read(object->image, page->value, page->bytes, PAGE);
    }
    if (at + sizeof *out <= page->len) {
        memcpy(out, page->bytes + at, sizeof *out);
        return true;
    }
    return gw_elf_read(object->image, value, out, sizeof *out) == sizeof *out;
}

static bool read_stack(struct gw_unwinder *unwinder, uint64_t at, unw_word_t *out)
{
    struct gw_span copy = unwinder->place->stack;
    if (copy.at) {
        bool has = at <= copy.len && copy.len - at >= sizeof *out;
        if (has)
            memcpy(out, copy.at + at, sizeof *out);
        return has;
    }
    while (at + sizeof *out > unwinder->n_stack && !unwinder->stack_ends) {
        size_t left = GW_MAX_NATIVE_STACK - unwinder->n_stack;
        size_t piece = left < STACK_PIECE ? left : STACK_PIECE;
        ssize_t got = gw_rmem_read_some(unwinder->memory, unwinder->place->sp + unwinder->n_stack,
                                        unwinder->stack + unwinder->n_stack, piece);
        unwinder->n_stack += got > 0 ? (size_t)got : 0;
        unwinder->stack_ends = got < (ssize_t)piece || left == piece;
    }
    if (at + sizeof *out > unwinder->n_stack)
        return false;
    memcpy(out, unwinder->stack + at, sizeof *out);
    return true;
}

static int access_memory(unw_addr_space_t space, unw_word_t addr, unw_word_t *out, int write,
                         void *context)
{
    struct gw_unwinder *unwinder = context;
    (void)space;
    if (write || unwinder->reads++ >= GW_MAX_UNWIND_READS)
        return -UNW_EINVAL;
    gw_raddr sp = unwinder->place->sp;
    bool known = addr >= sp && addr - sp < GW_MAX_NATIVE_STACK
                     ? read_stack(unwinder, addr - sp, out)
                     : read_file(unwinder, addr, out);
    return known ? 0 : -UNW_EINVAL;
}

/* --- the frame pointer ---------------------------------------------------------------------------
 */

/* The code of the present frame's function before the instruction that it is at: its length, 0 if
 * it is not known. */
static size_t read_function(struct gw_unwinder *unwinder, const struct gw_object *object)
{
    if (!object->image || gw_elf_machine(object->image) != EM_X86_64)
        return 0;
    uint64_t value = unwinder->frame_pc - object->bias;
    struct gw_piece piece = gw_piece_at(object, value - unwinder->is_call);
    uint64_t len = value - piece.start;
    if (len > sizeof unwinder->code ||
        gw_elf_read(object->image, piece.start, unwinder->code, len) != len)
        return 0;
    return len;
}

/* Of the present frame, whose object is open. */
static const struct frame_pointer *find_frame_pointer(struct gw_unwinder *unwinder,
                                                      const struct gw_object *object)
{
    gw_raddr pc = unwinder->frame_pc;
    struct frame_pointer *found = &unwinder->frame_pointers[pc % N_FRAMES];
    if (found->pc == pc)
        return found;
    size_t len = read_function(unwinder, object);
    found->pc = pc;
    found->is_known = len > 0 && gw_prologue_frame_pointer(unwinder->code, len, &found->above_sp);
    return found;
}

static const struct gw_object *find_object(struct gw_unwinder *unwinder, gw_raddr pc)
{
    bool due;
    const struct gw_object *object = gw_objects_find(unwinder->objects, pc, &due);
    unwinder->due |= due;
    return object;
}

/* Behind a call, as a return address is. */
static bool is_return_address(struct gw_unwinder *unwinder, gw_raddr pc)
{
    uint8_t code[MAX_CALL_BYTES];
    const struct gw_object *object = find_object(unwinder, pc - 1);
    return object && object->image &&
           gw_elf_read(object->image, pc - object->bias - sizeof code, code, sizeof code) ==
               sizeof code &&
           gw_prologue_ends_in_call(code, sizeof code);
}

/* The caller's frame pointer and the return address lie there. */
static bool make_frame_pointer(struct gw_unwinder *unwinder, unw_word_t *out)
{
    const struct gw_object *object = unwinder->object;
    const struct frame_pointer *found = object ? find_frame_pointer(unwinder, object) : NULL;
    unw_word_t back;
    if (!found || !found->is_known)
        return false;
    *out = unwinder->frame_sp + found->above_sp;
    uint64_t at = *out + sizeof back - unwinder->place->sp;
    return at < GW_MAX_NATIVE_STACK && read_stack(unwinder, at, &back) &&
           is_return_address(unwinder, back);
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *out, int write,
                           void *context)
{
    struct gw_unwinder *unwinder = context;
    const struct gw_native_place *place = unwinder->place;
    (void)space;
    if (write)
        return -UNW_EBADREG;
    if (number == UNW_REG_IP)
        *out = place->pc;
    else if (number == UNW_REG_SP)
        *out = place->sp;
    else if (place->registers && number >= 0 && (unsigned)number < place->registers->n)
        *out = place->registers->values[number]; /* libunwind numbers them as DWARF does */
    else if (place->registers || number != FRAME_POINTER || !make_frame_pointer(unwinder, out))
        return -UNW_EBADREG;
    return 0;
}

static int find_procedure(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *out,
                          int need_unwind_info, void *context)
{
    struct gw_unwinder *unwinder = context;
    const struct gw_object *object = unwinder->object; /* libunwind asks of the present frame */
    unwinder->no_table = true;
    if (!object || !object->image || !object->unwind_header)
        return -UNW_ENOINFO;
    unw_dyn_info_t table = {
        .start_ip = object->start,
        .end_ip = object->end,
        .format = UNW_INFO_FORMAT_REMOTE_TABLE,
        .u.rti = {.segbase = object->unwind_header,
                  .table_data = object->unwind_header + GW_UNWIND_HEADER_BYTES,
                  /* in words, though an entry is two of 32 bits */
                  .table_len =
                      object->n_unwind_entries * GW_UNWIND_ENTRY_BYTES / sizeof(unw_word_t)},
    };
    int rc = search_unwind_table(space, ip, &table, out, need_unwind_info, context);
    if (rc == 0 && (ip < out->start_ip || ip >= out->end_ip))
        return -UNW_ENOINFO;
    unwinder->no_table = rc < 0;
    return rc;
}

static void put_nothing(unw_addr_space_t space, unw_proc_info_t *info, void *context)
{
    (void)space;
    (void)info;
    (void)context;
}

static int no_dynamic_list(unw_addr_space_t space, unw_word_t *out, void *context)
{
    (void)space;
    (void)out;
    (void)context;
    return -UNW_ENOINFO;
}

static int no_float_register(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *out,
                             int write, void *context)
{
    (void)space;
    (void)number;
    (void)out;
    (void)write;
    (void)context;
    return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context)
{
    (void)space;
    (void)cursor;
    (void)context;
    return -UNW_EINVAL;
}

/* -------------------------------------------------------------------------------------------------
 */

struct gw_unwinder *gw_unwinder_new(struct gw_objects *objects, const struct gw_rmem *memory)
{
    unw_accessors_t accessors = {.find_proc_info = find_procedure,
                                 .put_unwind_info = put_nothing,
                                 .get_dyn_info_list_addr = no_dynamic_list,
                                 .access_mem = access_memory,
                                 .access_reg = access_register,
                                 .access_fpreg = no_float_register,
                                 .resume = no_resume};
    struct gw_unwinder *unwinder = calloc(1, sizeof *unwinder);
    if (!unwinder)
        return NULL;
    unwinder->objects = objects;
    unwinder->memory = memory;
    unwinder->space = unw_create_addr_space(&accessors, 0);
    if (!unwinder->space) {
        free(unwinder);
        return NULL;
    }
    unw_set_caching_policy(unwinder->space, UNW_CACHE_GLOBAL);
    return unwinder;
}

void gw_unwinder_free(struct gw_unwinder *unwinder)
{
    if (!unwinder)
        return;
    unw_destroy_addr_space(unwinder->space);
    free(unwinder);
}

void gw_unwinder_forget(struct gw_unwinder *unwinder)
{
    unw_flush_cache(unwinder->space, 0, 0);
    for (size_t i = 0; i < N_PAGES; i++)
        unwinder->pages[i].image = NULL;
    memset(unwinder->frame_pointers, 0, sizeof unwinder->frame_pointers);
}

enum gw_unwind_result gw_unwind(struct gw_unwinder *unwinder, const struct gw_native_place *place,
                                gw_frame_visit visit, void *context)
{
    unw_cursor_t cursor;
    unwinder->place = place;
    unwinder->n_stack = 0;
    unwinder->reads = 0;
    unwinder->stack_ends = false;
    unwinder->object = NULL;
    unwinder->due = unwinder->no_table = false;
    if (unw_init_remote(&cursor, unwinder->space, unwinder) < 0)
        return GW_UNWIND_CUT;
    for (unsigned n = 0; n < GW_MAX_NATIVE_FRAMES; n++) {
        unw_word_t at;
        if (unw_get_reg(&cursor, UNW_REG_IP, &at) < 0 ||
            unw_get_reg(&cursor, UNW_REG_SP, &unwinder->frame_sp) < 0)
            return GW_UNWIND_CUT;
        if (at == 0)
            return GW_UNWIND_WHOLE;
        unwinder->frame_pc = at;
        unwinder->object = find_object(unwinder, n > 0 ? at - 1 : at);
        unwinder->is_call = n > 0 && unw_is_signal_frame(&cursor) <= 0;
        if (!visit(context, at - unwinder->is_call))
            return GW_UNWIND_STOPPED;
        int rc = unw_step(&cursor);
        if (unwinder->due)
            return GW_UNWIND_DUE;
        if (rc < 0 || unwinder->no_table)
            return GW_UNWIND_CUT;
        if (rc == 0)
            return GW_UNWIND_WHOLE;
    }
    return GW_UNWIND_CUT;
}
