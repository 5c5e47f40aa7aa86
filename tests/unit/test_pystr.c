/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cpython/pystr.h"
#include "support/fake_heap.h"

#define BASE 0x7f0000000000u

/* Each test runs for a layout of each shape that strings have had. */
static const struct {
    unsigned minor;
    bool free_threaded;
} versions[] = {{8, false}, {11, false}, {12, false}, {13, true}, {14, true}};

struct process {
    struct gw_layout layout;
    struct fake_rmem fake;
    struct fake_heap heap;
    char text[GW_TEXT_ROOM];
};

static void start(struct process *process, size_t version)
{
    fake_layout(versions[version].minor, versions[version].free_threaded, &process->layout);
    fake_rmem_init(&process->fake);
    fake_heap_init(&process->heap, &process->fake, &process->layout, BASE, 65536);
}

#define FOR_EACH_VERSION(process)                                                                  \
    for (size_t v = 0; v < sizeof versions / sizeof versions[0] && (start(&process, v), 1);        \
         fake_rmem_fini(&process.fake), v++)

static int read_text(struct process *process, gw_raddr addr)
{
    return gw_pystr_read(&process->fake.memory, &process->layout, addr, process->text,
                         sizeof process->text);
}

static void each_kind_of_str(void **state)
{
    (void)state;
    static const uint8_t latin[] = {'c', 'a', 'f', 0xe9};
    static const uint16_t ucs2[] = {0x4e2d, 0x6587, 'x'};
    static const uint32_t ucs4[] = {0x1f600, 'y', 0xe9};
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_heap *heap = &process.heap;
        assert_int_equal(read_text(&process, fake_heap_ascii(heap, "worker-1")), 0);
        assert_string_equal(process.text, "worker-1");
        assert_int_equal(read_text(&process, fake_heap_ascii(heap, "")), 0);
        assert_string_equal(process.text, "");
        assert_int_equal(read_text(&process, fake_heap_str(heap, latin, 4, 1)), 0);
        assert_string_equal(process.text, "caf\xc3\xa9");
        assert_int_equal(read_text(&process, fake_heap_str(heap, ucs2, 3, 2)), 0);
        assert_string_equal(process.text, "\xe4\xb8\xad\xe6\x96\x87x");
        assert_int_equal(read_text(&process, fake_heap_str(heap, ucs4, 3, 4)), 0);
        assert_string_equal(process.text, "\xf0\x9f\x98\x80y\xc3\xa9");
    }
}

static void surrogates_are_escaped(void **state)
{
    (void)state;
    static const uint16_t units[] = {'a', 0xdc80, 'b'};
    struct process process;
    FOR_EACH_VERSION(process)
    {
        assert_int_equal(read_text(&process, fake_heap_str(&process.heap, units, 3, 2)), 0);
        assert_string_equal(process.text, "a\\udc80b");
    }
}

static void long_str_is_cut(void **state)
{
    (void)state;
    static uint32_t units[10000];
    for (size_t i = 0; i < 10000; i++)
        units[i] = 'a' + (uint32_t)i % 26;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        assert_int_equal(read_text(&process, fake_heap_str(&process.heap, units, 10000, 4)), 0);
        assert_in_range(strlen(process.text), GW_MAX_STRING - 8, GW_TEXT_ROOM - 1);
        assert_memory_equal(process.text, "abcdefghijklmnopqrstuvwxyzabc", 29);
        assert_string_equal(process.text + strlen(process.text) - 3, "\xe2\x80\xa6");
    }
}

static void only_strings_are_read(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_heap *heap = &process.heap;
        assert_int_equal(read_text(&process, fake_heap_bytes(heap, "abc", 3)), -GW_E_TORN);
        assert_int_equal(read_text(&process, fake_heap_int(heap, 5)), -GW_E_TORN);
        assert_int_equal(read_text(&process, 0), -EFAULT);
        assert_int_equal(read_text(&process, UINT64_MAX - 3), -EFAULT);
        gw_raddr no_type = fake_heap_alloc(heap, 64);
        assert_int_equal(read_text(&process, no_type), -EFAULT);
    }
}

static void put_state(struct process *process, gw_raddr str, uint32_t bits)
{
    fake_rmem_put_u32(&process->fake, str + gw_layout_at(&process->layout, GW_F_unicode_state),
                      bits << process->layout.unicode_kind_bit);
}

static void impossible_states_are_torn(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        gw_raddr str = fake_heap_ascii(&process.heap, "abcd");
        static const uint32_t bad[] = {
            0x1 | 0x10,       /* not compact */
            0x8 | 0x10,       /* no kind */
            0x3 | 0x8,        /* no such kind */
            0x2 | 0x8 | 0x10, /* ASCII of two bytes */
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            put_state(&process, str, bad[i]);
            assert_int_equal(read_text(&process, str), -GW_E_TORN);
        }
        put_state(&process, str, 0x1 | 0x8 | 0x10);
        assert_int_equal(read_text(&process, str), 0);
        gw_raddr length = str + gw_layout_at(&process.layout, GW_F_unicode_length);
        fake_rmem_put_u64(&process.fake, length, UINT64_MAX);
        assert_int_equal(read_text(&process, str), -GW_E_TORN);
    }
}

static void str_beyond_its_mapping(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        gw_raddr str = fake_heap_ascii(&process.heap, "abcd");
        gw_raddr length = str + gw_layout_at(&process.layout, GW_F_unicode_length);
        fake_rmem_put_u64(&process.fake, length, 1u << 20);
        process.fake.ranges[0].len = str + 64 - BASE;
        assert_int_equal(read_text(&process, str), -EFAULT);
        process.fake.error = -ESRCH;
        assert_int_equal(read_text(&process, str), -ESRCH);
    }
}

static bool equals(struct process *process, gw_raddr str, const char *text)
{
    uint8_t copy[128];
    size_t n = gw_pystr_bytes(&process->layout, text);
    assert_in_range(n, 1, sizeof copy);
    assert_int_equal(gw_rmem_read(&process->fake.memory, str, copy, n), 0);
    assert_false(gw_pystr_equals(&process->layout, gw_span_of(copy, n - 1), text));
    return gw_pystr_equals(&process->layout, gw_span_of(copy, n), text);
}

static void str_compared_with_a_text(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        gw_raddr str = fake_heap_ascii(&process.heap, "_active");
        gw_raddr latin = fake_heap_str(&process.heap, "_active", 7, 1);
        assert_true(equals(&process, str, "_active"));
        assert_false(equals(&process, str, "_activ"));
        assert_false(equals(&process, str, "_activex"));
        assert_false(equals(&process, str, "_Active"));
        assert_false(equals(&process, latin, "_active"));
    }
}

static void bytes_objects(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        const struct gw_rmem *memory = &process.fake.memory;
        uint8_t out[4];
        size_t len = 99;
        gw_raddr bytes = fake_heap_bytes(&process.heap, "a\0b\xff", 4);
        assert_int_equal(gw_pybytes_read(memory, &process.layout, bytes, out, 4, &len), 0);
        assert_int_equal(len, 4);
        assert_memory_equal(out, "a\0b\xff", 4);
        gw_raddr empty = fake_heap_bytes(&process.heap, "", 0);
        assert_int_equal(gw_pybytes_read(memory, &process.layout, empty, out, 4, &len), 0);
        assert_int_equal(len, 0);
        assert_int_equal(gw_pybytes_read(memory, &process.layout, bytes, out, 3, &len),
                         -GW_E_LIMIT);
        gw_raddr str = fake_heap_ascii(&process.heap, "abcd");
        assert_int_equal(gw_pybytes_read(memory, &process.layout, str, out, 4, &len), -GW_E_TORN);
        fake_rmem_put_u64(&process.fake, bytes + gw_layout_at(&process.layout, GW_F_bytes_size),
                          UINT64_MAX - 1);
        assert_int_equal(gw_pybytes_read(memory, &process.layout, bytes, out, 4, &len), -GW_E_TORN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_str),
        cmocka_unit_test(surrogates_are_escaped),
        cmocka_unit_test(long_str_is_cut),
        cmocka_unit_test(only_strings_are_read),
        cmocka_unit_test(impossible_states_are_torn),
        cmocka_unit_test(str_beyond_its_mapping),
        cmocka_unit_test(str_compared_with_a_text),
        cmocka_unit_test(bytes_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
