/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/layout.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cpython/layout_offsets.h"

#include "cpython/layout_tables.inc"

struct field_row {
    const char *name;
    enum gw_struct structure;
    uint32_t width;
};

static const struct field_row field_rows[GW_N_FIELDS] = {
#define LAYOUT_FIELD(structure_, field, width_)                                                    \
    [GW_F_##structure_##_##field] = {                                                              \
        .name = #structure_ "." #field, .structure = GW_S_##structure_, .width = width_},
#include "cpython/layout_fields.def"
#undef LAYOUT_FIELD
};

static const char *const struct_names[GW_N_STRUCTS] = {
#define GW_STRUCT_NAME(name) [GW_S_##name] = #name,
    GW_STRUCT_LIST(GW_STRUCT_NAME)
#undef GW_STRUCT_NAME
};

/* The most that is read of a structure in one piece, 0: only field by field. */
static const uint32_t extent_limits[GW_N_STRUCTS] = {
    [GW_S_tstate] = GW_MAX_TSTATE_BYTES,
    [GW_S_frame] = GW_MAX_FRAME_BYTES,
    [GW_S_code] = GW_MAX_CODE_BYTES,
    [GW_S_gil] = GW_MAX_GIL_BYTES,
};

/* Without these there is no profile. */
static const enum gw_field required_fields[] = {
    GW_F_runtime_interpreters_head,
    GW_F_interp_next,
    GW_F_interp_threads_head,
    GW_F_tstate_next,
    GW_F_tstate_interp,
    GW_F_tstate_frame,
    GW_F_tstate_thread_id,
    GW_F_frame_code,
    GW_F_frame_previous,
    GW_F_frame_instr,
    GW_F_code_filename,
    GW_F_code_name,
    GW_F_code_firstlineno,
    GW_F_code_linetable,
    GW_F_code_bytecode,
    GW_F_bytes_size,
    GW_F_bytes_data,
    GW_F_unicode_length,
    GW_F_unicode_state,
    GW_F_unicode_ascii_data,
    GW_F_unicode_compact_data,
    GW_F_gil_last_holder,
    GW_F_gil_locked,
    GW_F_gil_switch_number,
    GW_F_gil_cond,
    GW_F_gil_mutex,
    GW_F_gil_switch_cond,
    GW_F_gil_switch_mutex,
};

const char *gw_field_name(enum gw_field field)
{
    return field_rows[field].name;
}

bool gw_layout_get(const struct gw_layout *layout, enum gw_field field, struct gw_span copy,
                   uint64_t *out)
{
    uint64_t value = 0; /* little-endian machines only: the low bytes come first */
    uint32_t width = field_rows[field].width;
    if (!gw_layout_has(layout, field) ||
        !gw_span_peek(copy, gw_layout_at(layout, field), &value, width))
        return false;
    *out = value;
    return true;
}

/* Parts that no version changed: Include/object.h, unicodeobject.h, bytesobject.h and
 * pycore_pystate.h (struct _stack_chunk, 3.11+). */
static void place_common(struct gw_layout *layout)
{
    static const struct {
        enum gw_field field;
        uint32_t offset;
    } common[] = {
        {GW_F_object_type, 8},    {GW_F_type_name, 24},     {GW_F_type_flags, 168},
        {GW_F_bytes_size, 16},    {GW_F_bytes_data, 32},    {GW_F_unicode_length, 16},
        {GW_F_unicode_state, 32}, {GW_F_chunk_previous, 0}, {GW_F_chunk_size, 8},
        {GW_F_chunk_top, 16},     {GW_F_chunk_data, 24},
    };
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (!gw_layout_has(layout, common[i].field))
            layout->offset_plus_one[common[i].field] = AT(common[i].offset);
}

static int place_gil_shape(struct gw_layout *layout, unsigned machine)
{
    const struct gil_shape *shape = NULL;
    for (size_t i = 0; i < sizeof gil_shapes / sizeof gil_shapes[0]; i++)
        if (gil_shapes[i].machine == machine)
            shape = &gil_shapes[i];
    if (!shape)
        return -GW_E_ARCH;
    if (!gw_layout_has(layout, GW_F_gil_locked)) {
        layout->offset_plus_one[GW_F_gil_locked] = AT(GIL_LOCKED);
        layout->offset_plus_one[GW_F_gil_last_holder] = AT(GIL_LOCKED - 8);
    }
    uint32_t locked = gw_layout_at(layout, GW_F_gil_locked);
    if (locked < 16)
        return -GW_E_LAYOUT;
    uint32_t cond = locked + 16;
    uint32_t mutex = cond + GIL_COND_BYTES;
    uint32_t switch_cond = mutex + shape->mutex_bytes;
    uint32_t switch_mutex = switch_cond + GIL_COND_BYTES;
    layout->offset_plus_one[GW_F_gil_interval] = AT(locked - 16);
    layout->offset_plus_one[GW_F_gil_switch_number] = AT(locked + 8);
    layout->offset_plus_one[GW_F_gil_cond] = AT(cond);
    layout->offset_plus_one[GW_F_gil_mutex] = AT(mutex);
    layout->offset_plus_one[GW_F_gil_switch_cond] = AT(switch_cond);
    layout->offset_plus_one[GW_F_gil_switch_mutex] = AT(switch_mutex);
    layout->size[GW_S_gil] = switch_mutex + shape->mutex_bytes;
    layout->pthread_tid = shape->pthread_tid;
    return 0;
}

static unsigned minor_of(uint32_t python_hex)
{
    return (python_hex >> 16) & 0xff;
}

static void place_default(struct gw_layout *layout, enum gw_field field, uint32_t offset)
{
    if (!gw_layout_has(layout, field))
        layout->offset_plus_one[field] = AT(offset);
}

/* What names of threads need. Fields of objects are counted from the end of the object header,
 * which is longer in free-threaded builds. */
static void place_dicts(struct gw_layout *layout)
{
    const struct dict_shape *shape = &dict_shapes[layout->dicts];
    uint32_t header = gw_layout_at(layout, GW_F_object_type) + 8;
    place_default(layout, GW_F_type_basicsize, header + 16);
    place_default(layout, GW_F_type_dictoffset, header + 272);
    place_default(layout, GW_F_module_dict, header);
    place_default(layout, GW_F_pylong_size, header);
    place_default(layout, GW_F_pylong_digits, header + 8);
    place_default(layout, GW_F_dict_keys, header + 16);
    place_default(layout, GW_F_dict_values, header + 24);
    if (shape->cached_keys)
        place_default(layout, GW_F_heaptype_cached_keys, header + shape->cached_keys);
    for (unsigned f = 0; f < GW_N_FIELDS; f++)
        if (shape->offset_plus_one[f])
            layout->offset_plus_one[f] = shape->offset_plus_one[f];
    layout->unicode_kind_bit = layout->free_threaded && minor_of(layout->python_hex) >= 14 ? 8 : 2;
}

/* What names of callables need: Include/object.h and methodobject.h, cpython/tupleobject.h (a hash
 * before the items from 3.14 on), descrobject.h, Objects/descrobject.c (wrapperobject),
 * classobject.h and Modules/_functoolsmodule.c (partialobject). The same from 3.8 to 3.15. And of
 * code objects since they hold their instructions: Include/cpython/code.h, 3.11 to 3.15. */
static void place_calls(struct gw_layout *layout)
{
    uint32_t header = gw_layout_at(layout, GW_F_object_type) + 8;
    bool has_hash = layout->pointer_mask != ~0ull;
    place_default(layout, GW_F_type_call, header + 112);
    place_default(layout, GW_F_tuple_items, header + (has_hash ? 16 : 8));
    place_default(layout, GW_F_cfunction_definition, header);
    place_default(layout, GW_F_cfunction_self, header + 8);
    place_default(layout, GW_F_cfunction_module, header + 16);
    place_default(layout, GW_F_descr_type, header);
    place_default(layout, GW_F_descr_definition, header + 24);
    place_default(layout, GW_F_wrapped_function, header);
    place_default(layout, GW_F_definition_name, 0);
    if (layout->frames == GW_FRAMES_HEAP)
        return;
    place_default(layout, GW_F_code_units, header);
    place_default(layout, GW_F_code_names, header + 16);
    place_default(layout, GW_F_code_exceptiontable, header + 24);
    place_default(layout, GW_F_code_flags, header + 32);
    place_default(layout, GW_F_code_stacksize, header + 48);
    place_default(layout, GW_F_code_nlocalsplus, header + 56);
}

static int finish(struct gw_layout *layout, unsigned machine)
{
    int err = place_gil_shape(layout, machine);
    if (err)
        return err;
    place_common(layout);
    place_dicts(layout);
    place_calls(layout);
    for (size_t i = 0; i < sizeof boundary_rows / sizeof boundary_rows[0]; i++)
        if (boundary_rows[i].minor == minor_of(layout->python_hex))
            layout->boundary_opcodes = boundary_rows[i].opcodes;
    return gw_layout_validate(layout, NULL);
}

int gw_layout_from_table(uint32_t python_hex, unsigned machine, struct gw_layout *out)
{
    for (size_t i = 0; i < sizeof table_rows / sizeof table_rows[0]; i++) {
        if (table_rows[i].python_hex >> 16 != python_hex >> 16)
            continue;
        struct gw_layout layout = table_rows[i];
        layout.python_hex = python_hex;
        int err = finish(&layout, machine);
        if (!err)
            *out = layout;
        return err;
    }
    return -GW_E_VERSION;
}

int gw_layout_from_debug_offsets(struct gw_span table, unsigned machine, struct gw_layout *out)
{
    struct gw_layout layout;
    int err = gw_layout_fill_from_offsets(table, &layout);
    if (!err)
        err = finish(&layout, machine);
    if (!err)
        *out = layout;
    return err;
}

static int check_field(struct gw_layout *layout, enum gw_field field)
{
    const struct field_row *row = &field_rows[field];
    if (!gw_layout_has(layout, field))
        return 0;
    uint32_t end;
    if (__builtin_add_overflow(gw_layout_at(layout, field), row->width, &end))
        return -GW_E_LAYOUT;
    if (layout->size[row->structure] && end > layout->size[row->structure])
        return -GW_E_LAYOUT;
    if (extent_limits[row->structure] && end > extent_limits[row->structure])
        return -GW_E_LAYOUT;
    if (end > layout->extent[row->structure])
        layout->extent[row->structure] = end;
    return 0;
}

int gw_layout_validate(struct gw_layout *layout, struct gw_diag *diag)
{
    memset(layout->extent, 0, sizeof layout->extent);
    for (unsigned f = 0; f < GW_N_FIELDS; f++)
        if (check_field(layout, f))
            return gw_diag_what(diag, -GW_E_LAYOUT, "field %s lies outside of %s",
                                field_rows[f].name, struct_names[field_rows[f].structure]);
    for (size_t i = 0; i < sizeof required_fields / sizeof required_fields[0]; i++)
        if (!gw_layout_has(layout, required_fields[i]))
            return gw_diag_what(diag, -GW_E_LAYOUT, "field %s is missing",
                                field_rows[required_fields[i]].name);
    if (layout->size[GW_S_gil] > GW_MAX_GIL_BYTES)
        return gw_diag_what(diag, -GW_E_LAYOUT, "the GIL is too large");
    layout->extent[GW_S_gil] = layout->size[GW_S_gil];
    return 0;
}

void gw_python_version_text(uint32_t python_hex, char *out, size_t cap)
{
    unsigned major = python_hex >> 24, minor = minor_of(python_hex);
    unsigned micro = (python_hex >> 8) & 0xff, level = (python_hex >> 4) & 0xf;
    static const char *const levels[16] = {[0xa] = "a", [0xb] = "b", [0xc] = "rc"};
    if ((python_hex & 0xffff) == 0)
        snprintf(out, cap, "%u.%u", major, minor);
    else if (levels[level])
        snprintf(out, cap, "%u.%u.%u%s%u", major, minor, micro, levels[level], python_hex & 0xf);
    else
        snprintf(out, cap, "%u.%u.%u", major, minor, micro);
}

bool gw_layout_is_boundary(const struct gw_layout *layout, uint8_t opcode)
{
    if (!layout->boundary_opcodes || opcode == 0)
        return false;
    for (size_t i = 0; i < sizeof boundary_rows[0].opcodes; i++)
        if (layout->boundary_opcodes[i] == opcode)
            return true;
    return false;
}
