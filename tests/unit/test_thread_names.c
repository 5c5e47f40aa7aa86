/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpython/thread_names.h"
#include "support/fake_heap.h"

#define INTERP 0x7e0000000000u
#define BASE 0x7f0000000000u
#define IDENT(n) (0x7fabcdef0000u + (uint64_t)(n)*0x801000)
#define N_THREADS 100u

static const struct {
    unsigned minor;
    bool free_threaded;
} versions[] = {{8, false},  {9, false},  {10, false}, {11, false},
                {12, false}, {13, false}, {13, true},  {14, true}};

/* A process whose `threading` has N_THREADS threads, whose instances are of all kinds. */
struct process {
    struct gw_layout layout;
    struct fake_rmem fake;
    struct fake_heap heap;
    gw_raddr threads[N_THREADS];
    struct gw_thread_name *names;
};

static gw_raddr make_thread(struct fake_heap *heap, size_t number)
{
    static const enum fake_instance kinds[] = {FAKE_INSTANCE_VALUES, FAKE_INSTANCE_DICT,
                                               FAKE_INSTANCE_OFFSET};
    char name[32];
    snprintf(name, sizeof name, "worker-%zu", number);
    const struct fake_item attributes[] = {
        {fake_heap_ascii(heap, "_target"), heap->other_type},
        {fake_heap_ascii(heap, "_name"), fake_heap_ascii(heap, name)},
        {fake_heap_ascii(heap, "_args"), heap->other_type},
    };
    return fake_heap_instance(heap, kinds[number % 3], attributes, 3);
}

static void put_modules(struct process *process, const char *module_name, gw_raddr active)
{
    struct fake_heap *heap = &process->heap;
    const struct fake_item globals[] = {
        {fake_heap_ascii(heap, "_limbo"), heap->other_type},
        {fake_heap_ascii(heap, "_active"), active},
    };
    gw_raddr dict = fake_heap_dict(heap, FAKE_KEYS_STR, 3, globals, 2);
    const struct fake_item modules[] = {
        {fake_heap_ascii(heap, "sys"), fake_heap_module(heap, heap->other_type)},
        {fake_heap_ascii(heap, module_name), fake_heap_module(heap, dict)},
    };
    uint32_t field = gw_layout_at(&process->layout, GW_F_interp_modules);
    fake_rmem_put_u64(&process->fake, INTERP + field,
                      fake_heap_dict(heap, FAKE_KEYS_GENERAL, 3, modules, 2));
}

static void start(struct process *process, size_t version)
{
    fake_layout(versions[version].minor, versions[version].free_threaded, &process->layout);
    fake_rmem_init(&process->fake);
    fake_rmem_map(&process->fake, INTERP,
                  gw_layout_at(&process->layout, GW_F_interp_modules) + sizeof(uint64_t));
    fake_heap_init(&process->heap, &process->fake, &process->layout, BASE, 1u << 20);
    struct fake_item active[N_THREADS];
    for (size_t i = 0; i < N_THREADS; i++) {
        process->threads[i] = make_thread(&process->heap, i);
        active[i].key = fake_heap_int(&process->heap, IDENT(i));
        active[i].value = process->threads[i];
    }
    put_modules(process, "threading",
                fake_heap_dict(&process->heap, FAKE_KEYS_GENERAL, 8, active, N_THREADS));
    process->names = calloc(N_THREADS + 1, sizeof *process->names);
    assert_non_null(process->names);
}

static void stop(struct process *process)
{
    fake_rmem_fini(&process->fake);
    free(process->names);
}

#define FOR_EACH_VERSION(process)                                                                  \
    for (size_t v = 0; v < sizeof versions / sizeof versions[0] && (start(&process, v), 1);        \
         stop(&process), v++)

static int read_names(struct process *process, size_t n)
{
    return gw_thread_names_read(&process->fake.memory, &process->layout, INTERP, process->names, n);
}

static void all_threads_have_their_names(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        for (size_t i = 0; i < N_THREADS; i++)
            process.names[i].ident = IDENT((i * 37) % N_THREADS);
        assert_int_equal(read_names(&process, N_THREADS), N_THREADS);
        for (size_t i = 0; i < N_THREADS; i++) {
            char expected[32];
            snprintf(expected, sizeof expected, "worker-%zu", (i * 37) % N_THREADS);
            assert_string_equal(process.names[i].name, expected);
        }
    }
}

static void threads_python_does_not_know(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        static const uint64_t idents[] = {0, 1, IDENT(3), IDENT(3) + 1, UINT64_MAX, IDENT(3)};
        for (size_t i = 0; i < 6; i++) {
            process.names[i].ident = idents[i];
            process.names[i].name[0] = '?';
        }
        assert_int_equal(read_names(&process, 6), 2);
        assert_string_equal(process.names[0].name, "");
        assert_string_equal(process.names[1].name, "");
        assert_string_equal(process.names[2].name, "worker-3");
        assert_string_equal(process.names[3].name, "");
        assert_string_equal(process.names[4].name, "");
        assert_string_equal(process.names[5].name, "worker-3");
    }
}

static void idents_of_all_64_bits(void **state)
{
    (void)state;
    static const uint64_t idents[] = {1, 0x3fffffff, 0x40000000, 1ull << 60, UINT64_MAX};
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_item active[5];
        for (size_t i = 0; i < 5; i++) {
            active[i].key = fake_heap_int(&process.heap, idents[i]);
            active[i].value = process.threads[i];
            process.names[i].ident = idents[i];
        }
        put_modules(&process, "threading",
                    fake_heap_dict(&process.heap, FAKE_KEYS_GENERAL, 3, active, 5));
        assert_int_equal(read_names(&process, 5), 5);
        assert_string_equal(process.names[0].name, "worker-0");
        assert_string_equal(process.names[4].name, "worker-4");
    }
}

static void ints_beyond_64_bits_are_no_idents(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_item active = {fake_heap_int(&process.heap, UINT64_MAX), process.threads[0]};
        gw_raddr digits = active.key + gw_layout_at(&process.layout, GW_F_pylong_digits);
        put_modules(&process, "threading",
                    fake_heap_dict(&process.heap, FAKE_KEYS_GENERAL, 3, &active, 1));
        process.names[0].ident = 0;
        process.names[1].ident = UINT64_MAX;
        assert_int_equal(read_names(&process, 2), 1);
        fake_rmem_put_u32(&process.fake, digits, 0);
        fake_rmem_put_u32(&process.fake, digits + 4, 0);
        fake_rmem_put_u32(&process.fake, digits + 8, 16); /* 1 << 64 */
        assert_int_equal(read_names(&process, 2), 0);
        fake_rmem_put_u32(&process.fake, digits + 8, 1u << 30); /* no digit */
        assert_int_equal(read_names(&process, 2), 0);
    }
}

static void one_bad_thread_is_one_thread_without_name(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        process.names[0].ident = IDENT(0);
        process.names[1].ident = IDENT(1);
        uint32_t type = gw_layout_at(&process.layout, GW_F_object_type);
        fake_rmem_put_u64(&process.fake, process.threads[0] + type, 0xdead0000);
        assert_int_equal(read_names(&process, 2), 1);
        assert_string_equal(process.names[0].name, "");
        assert_string_equal(process.names[1].name, "worker-1");
    }
}

static void threading_is_not_imported(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        process.names[0].ident = IDENT(0);
        put_modules(&process, "threads", process.heap.other_type);
        assert_int_equal(read_names(&process, 1), 0);
        put_modules(&process, "threading", process.heap.other_type);
        assert_int_equal(read_names(&process, 1), 0);
        assert_string_equal(process.names[0].name, "");
    }
}

static void interpreter_without_modules(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        process.names[0].ident = IDENT(0);
        uint32_t modules = gw_layout_at(&process.layout, GW_F_interp_modules);
        fake_rmem_put_u64(&process.fake, INTERP + modules, 0);
        assert_int_equal(read_names(&process, 1), 0);
        process.layout.dicts = GW_DICT_NONE;
        assert_int_equal(read_names(&process, 1), 0);
    }
}

static void a_process_that_may_not_be_read(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        process.names[0].ident = IDENT(0);
        process.fake.error = -ESRCH;
        assert_int_equal(read_names(&process, 1), -ESRCH);
        process.fake.error = -EPERM;
        assert_int_equal(read_names(&process, 1), -EPERM);
        assert_int_equal(read_names(&process, 0), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_have_their_names),
        cmocka_unit_test(threads_python_does_not_know),
        cmocka_unit_test(idents_of_all_64_bits),
        cmocka_unit_test(ints_beyond_64_bits_are_no_idents),
        cmocka_unit_test(one_bad_thread_is_one_thread_without_name),
        cmocka_unit_test(threading_is_not_imported),
        cmocka_unit_test(interpreter_without_modules),
        cmocka_unit_test(a_process_that_may_not_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
