/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 3.13+ describe themselves: _PyRuntime starts with a _Py_DebugOffsets whose own layout changes
 * from minor to minor (Include/internal/pycore_debug_offsets.h; stable across patch releases).
 * One index map per minor says where in the table each entry stands.
 */
#include "cpython/layout_offsets.h"

#include <string.h>

#define AT(n) ((n) + 1u)

/* Entries of the table that are wanted, as byte positions in it. */
struct table_map {
    unsigned minor;
    uint16_t interp_gil_state, interp_gil_locked, interp_gil_holder;
    uint16_t size[GW_N_STRUCTS];
    uint16_t place[GW_N_FIELDS];
};

/* clang-format off */
static const struct table_map table_maps[] = {
    {
        .minor = 13,
        .interp_gil_state = 120, .interp_gil_locked = 136, .interp_gil_holder = 144,
        .size = {
            [GW_S_runtime] = 24, [GW_S_interp] = 48, [GW_S_tstate] = 152, [GW_S_frame] = 224,
            [GW_S_code] = 272, [GW_S_bytes] = 512, [GW_S_unicode] = 536,
        },
        .place = {
            [GW_F_runtime_finalizing]        = 32,
            [GW_F_runtime_interpreters_head] = 40,
            [GW_F_interp_id]                 = 56,
            [GW_F_interp_next]               = 64,
            [GW_F_interp_threads_head]       = 72,
            [GW_F_interp_modules]            = 88,
            [GW_F_interp_gil]                = 112,
            [GW_F_tstate_next]               = 168,
            [GW_F_tstate_interp]             = 176,
            [GW_F_tstate_frame]              = 184,
            [GW_F_tstate_thread_id]          = 192,
            [GW_F_tstate_native_thread_id]   = 200,
            [GW_F_tstate_datastack_chunk]    = 208,
            [GW_F_frame_previous]            = 232,
            [GW_F_frame_code]                = 240,
            [GW_F_frame_instr]               = 248,
            [GW_F_frame_owner]               = 264,
            [GW_F_code_filename]             = 280,
            [GW_F_code_name]                 = 288,
            [GW_F_code_qualname]             = 296,
            [GW_F_code_linetable]            = 304,
            [GW_F_code_firstlineno]          = 312,
            [GW_F_code_bytecode]             = 344,
            [GW_F_object_type]               = 360,
            [GW_F_type_name]                 = 376,
            [GW_F_type_flags]                = 392,
            [GW_F_dict_keys]                 = 456,
            [GW_F_dict_values]               = 464,
            [GW_F_pylong_size]               = 496,
            [GW_F_pylong_digits]             = 504,
            [GW_F_bytes_size]                = 520,
            [GW_F_bytes_data]                = 528,
            [GW_F_unicode_state]             = 544,
            [GW_F_unicode_length]            = 552,
            [GW_F_unicode_ascii_data]        = 560,
        },
    },
    {
        .minor = 14,
        .interp_gil_state = 128, .interp_gil_locked = 144, .interp_gil_holder = 152,
        .size = {
            [GW_S_runtime] = 24, [GW_S_interp] = 48, [GW_S_tstate] = 176, [GW_S_frame] = 248,
            [GW_S_code] = 312, [GW_S_bytes] = 592, [GW_S_unicode] = 616,
        },
        .place = {
            [GW_F_runtime_finalizing]        = 32,
            [GW_F_runtime_interpreters_head] = 40,
            [GW_F_interp_id]                 = 56,
            [GW_F_interp_next]               = 64,
            [GW_F_interp_threads_head]       = 72,
            [GW_F_interp_modules]            = 96,
            [GW_F_interp_gil]                = 120,
            [GW_F_tstate_next]               = 192,
            [GW_F_tstate_interp]             = 200,
            [GW_F_tstate_frame]              = 208,
            [GW_F_tstate_thread_id]          = 216,
            [GW_F_tstate_native_thread_id]   = 224,
            [GW_F_tstate_datastack_chunk]    = 232,
            [GW_F_frame_previous]            = 256,
            [GW_F_frame_code]                = 264,
            [GW_F_frame_instr]               = 272,
            [GW_F_frame_owner]               = 288,
            [GW_F_code_filename]             = 320,
            [GW_F_code_name]                 = 328,
            [GW_F_code_qualname]             = 336,
            [GW_F_code_linetable]            = 344,
            [GW_F_code_firstlineno]          = 352,
            [GW_F_code_bytecode]             = 384,
            [GW_F_object_type]               = 408,
            [GW_F_type_name]                 = 424,
            [GW_F_type_flags]                = 440,
            [GW_F_dict_keys]                 = 536,
            [GW_F_dict_values]               = 544,
            [GW_F_pylong_size]               = 576,
            [GW_F_pylong_digits]             = 584,
            [GW_F_bytes_size]                = 600,
            [GW_F_bytes_data]                = 608,
            [GW_F_unicode_state]             = 624,
            [GW_F_unicode_length]            = 632,
            [GW_F_unicode_ascii_data]        = 640,
        },
    },
    {
        .minor = 15,
        .interp_gil_state = 128, .interp_gil_locked = 144, .interp_gil_holder = 152,
        .size = {
            [GW_S_runtime] = 24, [GW_S_interp] = 48, [GW_S_tstate] = 176, [GW_S_frame] = 312,
            [GW_S_code] = 376, [GW_S_bytes] = 688, [GW_S_unicode] = 712,
        },
        .place = {
            [GW_F_runtime_finalizing]        = 32,
            [GW_F_runtime_interpreters_head] = 40,
            [GW_F_interp_id]                 = 56,
            [GW_F_interp_next]               = 64,
            [GW_F_interp_threads_head]       = 72,
            [GW_F_interp_modules]            = 96,
            [GW_F_interp_gil]                = 120,
            [GW_F_tstate_next]               = 192,
            [GW_F_tstate_interp]             = 200,
            [GW_F_tstate_frame]              = 208,
            [GW_F_tstate_thread_id]          = 240,
            [GW_F_tstate_native_thread_id]   = 248,
            [GW_F_tstate_datastack_chunk]    = 256,
            [GW_F_tstate_gil_requested]      = 280,
            [GW_F_frame_previous]            = 320,
            [GW_F_frame_code]                = 328,
            [GW_F_frame_instr]               = 336,
            [GW_F_frame_owner]               = 352,
            [GW_F_code_filename]             = 384,
            [GW_F_code_name]                 = 392,
            [GW_F_code_qualname]             = 400,
            [GW_F_code_linetable]            = 408,
            [GW_F_code_firstlineno]          = 416,
            [GW_F_code_bytecode]             = 448,
            [GW_F_object_type]               = 472,
            [GW_F_type_name]                 = 488,
            [GW_F_type_flags]                = 504,
            [GW_F_type_basicsize]            = 512,
            [GW_F_type_dictoffset]           = 520,
            [GW_F_heaptype_cached_keys]      = 536,
            [GW_F_dict_keys]                 = 632,
            [GW_F_dict_values]               = 640,
            [GW_F_pylong_size]               = 672,
            [GW_F_pylong_digits]             = 680,
            [GW_F_bytes_size]                = 696,
            [GW_F_bytes_data]                = 704,
            [GW_F_unicode_state]             = 720,
            [GW_F_unicode_length]            = 728,
            [GW_F_unicode_ascii_data]        = 736,
            [GW_F_unicode_compact_data]      = 744,
        },
    },
};

/* What the tables do not say: offsetof over Include/internal of 3.13.0, 3.14.10 and 3.15.2. */
static const struct {
    unsigned minor;
    enum gw_dict_family dicts;
    uint64_t pointer_mask;
    bool clears_popped;
    uint32_t offset_plus_one[GW_N_FIELDS];
} fixed_rows[] = {
    {
        .minor = 13, .dicts = GW_DICT_V313, .pointer_mask = ~0ull,
        .offset_plus_one = {
            [GW_F_tstate_eval_breaker] = AT(24),
            [GW_F_tstate_id]           = AT(224),
            [GW_F_frame_stacktop]      = AT(64),
            [GW_F_frame_localsplus]    = AT(72),
        },
    },
    {
        .minor = 14, .dicts = GW_DICT_V313, .pointer_mask = ~3ull, .clears_popped = true,
        .offset_plus_one = {
            [GW_F_tstate_eval_breaker] = AT(24),
            [GW_F_tstate_id]           = AT(224),
            [GW_F_frame_stackpointer]  = AT(64),
            [GW_F_frame_localsplus]    = AT(80),
        },
    },
    {
        .minor = 15, .dicts = GW_DICT_V313, .pointer_mask = ~3ull, .clears_popped = true,
        .offset_plus_one = {
            [GW_F_tstate_eval_breaker] = AT(24),
            [GW_F_tstate_id]           = AT(248),
            [GW_F_frame_stackpointer]  = AT(64),
            [GW_F_frame_localsplus]    = AT(80),
        },
    },
};
/* clang-format on */

static const char cookie[8] = {'x', 'd', 'e', 'b', 'u', 'g', 'p', 'y'};

bool gw_layout_is_debug_offsets(struct gw_span table)
{
    return table.len >= sizeof cookie && memcmp(table.at, cookie, sizeof cookie) == 0;
}

/* One entry of the table; offsets and sizes beyond 32 bits are nonsense. */
static bool entry(struct gw_span table, size_t at, uint32_t *out)
{
    uint64_t value;
    if (!gw_span_peek(table, at, &value, sizeof value) || value > INT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool copy_entries(struct gw_span table, const struct table_map *map, struct gw_layout *out)
{
    for (unsigned s = 0; s < GW_N_STRUCTS; s++)
        if (map->size[s] && !entry(table, map->size[s], &out->size[s]))
            return false;
    for (unsigned f = 0; f < GW_N_FIELDS; f++) {
        uint32_t offset;
        if (!map->place[f])
            continue;
        if (!entry(table, map->place[f], &offset))
            return false;
        out->offset_plus_one[f] = AT(offset);
    }
    return true;
}

/* The GIL's own fields follow from where `locked` and the holder are in it. */
static bool place_gil(struct gw_span table, const struct table_map *map, struct gw_layout *out)
{
    uint32_t state, locked, holder;
    if (!entry(table, map->interp_gil_state, &state) ||
        !entry(table, map->interp_gil_locked, &locked) ||
        !entry(table, map->interp_gil_holder, &holder))
        return false;
    if (locked < state || holder < state)
        return false;
    out->offset_plus_one[GW_F_gil_locked] = AT(locked - state);
    out->offset_plus_one[GW_F_gil_last_holder] = AT(holder - state);
    return true;
}

static void place_fixed(unsigned minor, struct gw_layout *out)
{
    for (size_t i = 0; i < sizeof fixed_rows / sizeof fixed_rows[0]; i++) {
        if (fixed_rows[i].minor != minor)
            continue;
        out->dicts = fixed_rows[i].dicts;
        out->pointer_mask = fixed_rows[i].pointer_mask;
        out->clears_popped = fixed_rows[i].clears_popped;
        for (unsigned f = 0; f < GW_N_FIELDS; f++)
            if (fixed_rows[i].offset_plus_one[f])
                out->offset_plus_one[f] = fixed_rows[i].offset_plus_one[f];
    }
    /* datastack_top follows datastack_chunk (pycore_tstate.h, Include/cpython/pystate.h), and the
     * data of a compact string those two words after an ASCII one's (PEP 393). */
    out->offset_plus_one[GW_F_tstate_datastack_top] =
        out->offset_plus_one[GW_F_tstate_datastack_chunk] + 8;
    if (!gw_layout_has(out, GW_F_unicode_compact_data))
        out->offset_plus_one[GW_F_unicode_compact_data] =
            out->offset_plus_one[GW_F_unicode_ascii_data] + 16;
}

int gw_layout_fill_from_offsets(struct gw_span table, struct gw_layout *out)
{
    uint64_t version, free_threaded;
    if (!gw_layout_is_debug_offsets(table) || !gw_span_peek(table, 8, &version, sizeof version) ||
        !gw_span_peek(table, 16, &free_threaded, sizeof free_threaded))
        return -GW_E_BAD_DATA;
    if (version >> 24 != 3)
        return -GW_E_VERSION;
    unsigned minor = (unsigned)(version >> 16) & 0xff;
    const struct table_map *map = NULL;
    for (size_t i = 0; i < sizeof table_maps / sizeof table_maps[0]; i++)
        if (table_maps[i].minor == minor)
            map = &table_maps[i];
    if (!map)
        return -GW_E_VERSION;
    *out = (struct gw_layout){
        .python_hex = (uint32_t)version,
        .free_threaded = free_threaded != 0,
        .frame_root = GW_FRAME_ROOT_POINTER,
        .frames = GW_FRAMES_STACK,
        .lines = GW_LINES_LOCATIONS,
        .gil_home = GW_GIL_BY_INTERPRETER,
        .instr_unit = 2,
        .first_shim = 3,
        .breaks_at_calls = true,
    };
    if (!copy_entries(table, map, out) || !place_gil(table, map, out))
        return -GW_E_LAYOUT;
    place_fixed(minor, out);
    return 0;
}
