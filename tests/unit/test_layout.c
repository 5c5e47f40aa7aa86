/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cpython/frames.h"
#include "cpython/layout.h"
#include "support/debug_offsets.h"
#include "support/image_builder.h"

#define FOR_EACH_VERSION(minor)                                                                    \
    for (unsigned minor = GW_PYTHON_MINOR_FIRST; minor <= GW_PYTHON_MINOR_LAST; minor++)

/* Versions with a table of their own. */
#define FIRST_SELF_DESCRIBING 13

static void assert_has(const struct gw_layout *layout, enum gw_field field)
{
    if (!gw_layout_has(layout, field))
        fail_msg("3.%u has no %s", layout->python_hex >> 16 & 0xff, gw_field_name(field));
}

/* What a version has beside the fields without which a layout does not validate. */
static void assert_has_what_its_shape_needs(const struct gw_layout *layout)
{
    static const enum gw_field stack_fields[] = {
        GW_F_tstate_native_thread_id, GW_F_tstate_datastack_chunk,
        GW_F_tstate_datastack_top,    GW_F_frame_owner,
        GW_F_code_qualname,
    };
    static const enum gw_field all_fields[] = {
        GW_F_runtime_finalizing, GW_F_interp_id,         GW_F_interp_modules,
        GW_F_tstate_id,          GW_F_object_type,       GW_F_type_name,
        GW_F_type_flags,         GW_F_type_dictoffset,   GW_F_module_dict,
        GW_F_pylong_size,        GW_F_pylong_digits,     GW_F_dict_keys,
        GW_F_dict_values,        GW_F_dictkeys_nentries, GW_F_dictkeys_indices,
        GW_F_dictvalues_items,   GW_F_gil_interval,
    };
    for (size_t i = 0; i < sizeof all_fields / sizeof all_fields[0]; i++)
        assert_has(layout, all_fields[i]);
    for (size_t i = 0; i < sizeof stack_fields / sizeof stack_fields[0]; i++)
        if (layout->frames == GW_FRAMES_STACK)
            assert_has(layout, stack_fields[i]);
    if (layout->frame_root == GW_FRAME_ROOT_CFRAME)
        assert_has(layout, GW_F_cframe_current_frame);
    assert_has(layout, layout->gil_home == GW_GIL_IN_RUNTIME ? GW_F_runtime_gil : GW_F_interp_gil);
    if (layout->dicts != GW_DICT_V38) {
        assert_has(layout, GW_F_heaptype_cached_keys);
        assert_has(layout, GW_F_dictkeys_log2_index_bytes);
        assert_has(layout, GW_F_dictkeys_kind);
    } else {
        assert_has(layout, GW_F_dictkeys_size);
    }
}

/* Where a field ends by what a reader of it touches: a copy one byte shorter will not do. */
static uint32_t end_of_field(const struct gw_layout *layout, enum gw_field field)
{
    static const uint8_t bytes[8192];
    uint64_t value;
    uint32_t end = gw_layout_at(layout, field);
    while (!gw_layout_get(layout, field, gw_span_of(bytes, end), &value))
        assert_true(++end < sizeof bytes);
    return end;
}

static void assert_inside(const struct gw_layout *layout, enum gw_field first, enum gw_field last,
                          enum gw_struct structure, uint32_t limit)
{
    assert_in_range(layout->extent[structure], 1, limit);
    if (layout->size[structure])
        assert_true(layout->extent[structure] <= layout->size[structure]);
    for (unsigned field = first; field <= last; field++)
        if (gw_layout_has(layout, field))
            assert_true(end_of_field(layout, field) <= layout->extent[structure]);
}

/* All that is read of these structures in one piece lies in the structure and in our buffers. */
static void assert_bounded(const struct gw_layout *layout)
{
    assert_inside(layout, GW_F_tstate_next, GW_F_tstate_gil_requested, GW_S_tstate,
                  GW_MAX_TSTATE_BYTES);
    assert_inside(layout, GW_F_frame_code, GW_F_frame_tlbc_index, GW_S_frame, GW_MAX_FRAME_BYTES);
    assert_inside(layout, GW_F_code_filename, GW_F_code_bytecode, GW_S_code, GW_MAX_CODE_BYTES);
    assert_inside(layout, GW_F_gil_interval, GW_F_gil_switch_mutex, GW_S_gil, GW_MAX_GIL_BYTES);
}

static void each_version_is_complete(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct gw_layout layout;
        image_layout(minor, EM_X86_64, &layout);
        assert_int_equal(layout.python_hex >> 16, 0x0300 | minor);
        assert_has_what_its_shape_needs(&layout);
        assert_bounded(&layout);
        assert_false(layout.free_threaded);
        assert_int_equal(gw_layout_validate(&layout, NULL), 0);
    }
}

/* Everything that is read lies before the first lock, whose size depends on the machine. */
static void machines_differ_in_their_locks_only(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct gw_layout x86, arm;
        image_layout(minor, EM_X86_64, &x86);
        image_layout(minor, EM_AARCH64, &arm);
        assert_int_equal(x86.size[GW_S_gil], 208);
        assert_int_equal(arm.size[GW_S_gil], 224);
        assert_int_equal(gw_layout_at(&arm, GW_F_gil_switch_cond), 128);
        assert_int_equal(gw_layout_at(&arm, GW_F_gil_switch_mutex), 176);
        assert_int_equal(arm.pthread_tid, 208);
        arm.offset_plus_one[GW_F_gil_switch_cond] = x86.offset_plus_one[GW_F_gil_switch_cond];
        arm.offset_plus_one[GW_F_gil_switch_mutex] = x86.offset_plus_one[GW_F_gil_switch_mutex];
        arm.pthread_tid = x86.pthread_tid;
        arm.size[GW_S_gil] = x86.size[GW_S_gil];
        arm.extent[GW_S_gil] = x86.extent[GW_S_gil];
        assert_memory_equal(&arm, &x86, sizeof arm);
    }
}

static void other_versions_and_machines_are_refused(void **state)
{
    (void)state;
    static const uint32_t unknown[] = {0,          0x02070000, 0x030712f0, 0x030d00f0,
                                       0x031000f0, 0x04080000, UINT32_MAX};
    struct gw_layout layout, untouched;
    memset(&layout, 0xa5, sizeof layout);
    untouched = layout;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_int_equal(gw_layout_from_table(unknown[i], EM_X86_64, &layout), -GW_E_VERSION);
    assert_int_equal(gw_layout_from_table(0x030800f0, EM_386, &layout), -GW_E_ARCH);
    assert_memory_equal(&layout, &untouched, sizeof layout);
}

static int from_words(const uint64_t *words, size_t n_bytes, struct gw_layout *out)
{
    return gw_layout_from_debug_offsets(gw_span_of(words, n_bytes), EM_X86_64, out);
}

static void other_tables_are_refused(void **state)
{
    (void)state;
    uint64_t words[DEBUG_OFFSETS_WORDS];
    struct gw_layout layout;
    size_t bytes = 8 * debug_offsets_of(14, words);
    assert_int_equal(from_words(words, bytes, &layout), 0);
    assert_int_equal(gw_layout_from_debug_offsets(gw_span_of(words, bytes), EM_RISCV, &layout),
                     -GW_E_ARCH);
    static const uint64_t versions[] = {0x030c00f0, 0x031000f0, 0x040e00f0, 0x01030e00f0, 0};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        words[1] = versions[i];
        assert_int_equal(from_words(words, bytes, &layout), -GW_E_VERSION);
    }
    words[0] ^= 1;
    assert_false(gw_layout_is_debug_offsets(gw_span_of(words, bytes)));
    assert_int_equal(from_words(words, bytes, &layout), -GW_E_BAD_DATA);
}

static void cut_table_is_refused(void **state)
{
    (void)state;
    for (unsigned minor = FIRST_SELF_DESCRIBING; minor <= GW_PYTHON_MINOR_LAST; minor++) {
        uint64_t words[DEBUG_OFFSETS_WORDS];
        struct gw_layout layout;
        size_t n_ok = 0, bytes = 8 * debug_offsets_of(minor, words);
        for (size_t n = 0; n <= bytes; n++) {
            uint8_t *exact = malloc(n ? n : 1); /* a sanitizer sees a byte read too many */
            assert_non_null(exact);
            memcpy(exact, words, n);
            assert_int_equal(gw_layout_is_debug_offsets(gw_span_of(exact, n)), n >= 8);
            n_ok += gw_layout_from_debug_offsets(gw_span_of(exact, n), EM_X86_64, &layout) == 0;
            free(exact);
        }
        /* What is behind the last entry that is wanted may be missing, and no more. */
        assert_in_range(n_ok, 1, 200);
    }
}

/* A thread with a few frames, read by a layout that may be wrong: any result will do. */
static void walk_with(struct image *image, gw_raddr tstate, struct gw_stack_scratch *scratch,
                      const struct gw_layout *layout)
{
    struct gw_walk walk;
    struct gw_stack_guess guess = {.tstate = tstate};
    for (int i = 0; i < 2; i++)
        if (gw_stack_walk(&image->fake.memory, layout, NULL, &guess, scratch, &walk) == GW_WALK_OK)
            assert_in_range(walk.n, 1, GW_MAX_FRAMES);
}

/* Every word of a table replaced by values that a corrupt one could hold: what still validates must
 * be harmless. */
static void corrupt_tables_do_no_harm(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, 7, 4095, INT32_MAX, UINT32_MAX, UINT64_MAX};
    struct gw_stack_scratch *scratch = gw_stack_scratch_new();
    unsigned n_refused = 0;
    assert_non_null(scratch);
    for (unsigned minor = FIRST_SELF_DESCRIBING; minor <= GW_PYTHON_MINOR_LAST; minor++) {
        struct image image;
        struct image_thread thread;
        image_init(&image, minor, EM_X86_64);
        image_thread(&image, image_interpreter(&image, 0), 1, 100, &thread);
        struct image_code code = image_code(&image, "f", "file.py", 1, 5);
        for (int i = 0; i < 3; i++)
            image_push(&image, &thread, &code, i, IMAGE_IN_CHUNK);
        uint64_t words[DEBUG_OFFSETS_WORDS];
        size_t n = debug_offsets_of(minor, words);
        for (size_t at = 3; at < n; at++) {
            uint64_t right = words[at];
            for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
                struct gw_layout layout;
                words[at] = values[i];
                if (from_words(words, 8 * n, &layout)) {
                    n_refused++;
                    continue;
                }
                assert_bounded(&layout);
                walk_with(&image, thread.tstate, scratch, &layout);
            }
            words[at] = right;
        }
        image_fini(&image);
    }
    gw_stack_scratch_free(scratch);
    assert_in_range(n_refused, 100, 2000);
}

static void free_threaded_table_says_so(void **state)
{
    (void)state;
    uint64_t words[DEBUG_OFFSETS_WORDS];
    struct gw_layout layout;
    size_t bytes = 8 * debug_offsets_of(13, words);
    words[2] = 1;
    assert_int_equal(from_words(words, bytes, &layout), 0);
    assert_true(layout.free_threaded);
}

static void validation_names_the_field(void **state)
{
    (void)state;
    struct gw_layout layout;
    struct gw_diag diag = {0};
    image_layout(12, EM_X86_64, &layout);
    layout.offset_plus_one[GW_F_code_linetable] = layout.size[GW_S_code];
    assert_int_equal(gw_layout_validate(&layout, &diag), -GW_E_LAYOUT);
    assert_non_null(strstr(diag.what, "code.linetable"));
    layout.offset_plus_one[GW_F_code_linetable] = 0;
    assert_int_equal(gw_layout_validate(&layout, &diag), -GW_E_LAYOUT);
    assert_non_null(strstr(diag.what, "code.linetable"));
    image_layout(12, EM_X86_64, &layout);
    layout.size[GW_S_gil] = GW_MAX_GIL_BYTES + 1;
    assert_int_equal(gw_layout_validate(&layout, &diag), -GW_E_LAYOUT);
}

/* Also of a structure whose size is not known. */
static void fields_lie_within_our_buffers(void **state)
{
    (void)state;
    static const struct {
        enum gw_struct structure;
        enum gw_field field; /* of 8 bytes */
        uint32_t limit;
    } cases[] = {
        {GW_S_tstate, GW_F_tstate_id, GW_MAX_TSTATE_BYTES},
        {GW_S_frame, GW_F_frame_previous, GW_MAX_FRAME_BYTES},
        {GW_S_code, GW_F_code_name, GW_MAX_CODE_BYTES},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gw_layout layout;
        image_layout(12, EM_X86_64, &layout);
        layout.size[cases[i].structure] = 0;
        layout.offset_plus_one[cases[i].field] = cases[i].limit - 8 + 1;
        assert_int_equal(gw_layout_validate(&layout, NULL), 0);
        assert_int_equal(layout.extent[cases[i].structure], cases[i].limit);
        layout.offset_plus_one[cases[i].field]++;
        assert_int_equal(gw_layout_validate(&layout, NULL), -GW_E_LAYOUT);
        layout.offset_plus_one[cases[i].field] = UINT32_MAX; /* the sum overflows */
        assert_int_equal(gw_layout_validate(&layout, NULL), -GW_E_LAYOUT);
    }
}

static void fields_are_read_within_the_copy(void **state)
{
    (void)state;
    struct gw_layout layout;
    uint8_t copy[208];
    uint64_t value = 42;
    memset(copy, 0xff, sizeof copy);
    image_layout(8, EM_X86_64, &layout);
    struct gw_span span = gw_span_of(copy, sizeof copy);
    assert_true(gw_layout_get(&layout, GW_F_gil_locked, span, &value));
    assert_int_equal(value, UINT32_MAX); /* four bytes, without a sign */
    assert_true(gw_layout_get(&layout, GW_F_gil_last_holder, span, &value));
    assert_int_equal(value, UINT64_MAX);
    value = 42;
    assert_false(gw_layout_get(&layout, GW_F_gil_locked, gw_span_of(copy, 19), &value));
    assert_false(gw_layout_get(&layout, GW_F_gil_locked, gw_span_of(copy, 3), &value));
    assert_false(gw_layout_get(&layout, GW_F_frame_owner, span, &value));
    assert_int_equal(value, 42);
}

static void versions_as_text(void **state)
{
    (void)state;
    static const struct {
        uint32_t hex;
        const char *text;
    } cases[] = {
        {0x030c01f0, "3.12.1"},   {0x030a0000, "3.10"},        {0x030f00c1, "3.15.0rc1"},
        {0x030e00a7, "3.14.0a7"}, {0x030d00b4, "3.13.0b4"},    {0x030812f0, "3.8.18"},
        {0x030c00f0, "3.12.0"},   {0xffffffff, "255.255.255"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16];
        gw_python_version_text(cases[i].hex, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void boundaries_of_each_version(void **state)
{
    (void)state;
    static const uint8_t jump_backward[] = {113, 113, 113, 140, 140, 77, 75, 74};
    FOR_EACH_VERSION(minor)
    {
        struct gw_layout layout;
        unsigned n = 0;
        image_layout(minor, EM_X86_64, &layout);
        assert_true(gw_layout_is_boundary(&layout, jump_backward[minor - 8]));
        assert_false(gw_layout_is_boundary(&layout, 0));
        for (unsigned opcode = 0; opcode < GW_N_OPCODES; opcode++)
            n += gw_layout_is_boundary(&layout, (uint8_t)opcode);
        assert_in_range(n, 3, 8);
        layout.boundary_opcodes = NULL;
        assert_false(gw_layout_is_boundary(&layout, jump_backward[minor - 8]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_is_complete),
        cmocka_unit_test(machines_differ_in_their_locks_only),
        cmocka_unit_test(other_versions_and_machines_are_refused),
        cmocka_unit_test(other_tables_are_refused),
        cmocka_unit_test(cut_table_is_refused),
        cmocka_unit_test(corrupt_tables_do_no_harm),
        cmocka_unit_test(free_threaded_table_says_so),
        cmocka_unit_test(validation_names_the_field),
        cmocka_unit_test(fields_lie_within_our_buffers),
        cmocka_unit_test(fields_are_read_within_the_copy),
        cmocka_unit_test(versions_as_text),
        cmocka_unit_test(boundaries_of_each_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
