/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "cpython/pydict.h"
#include "cpython/pyobject.h"
#include "support/fake_heap.h"

#define BASE 0x7f0000000000u
#define HEAP_BYTES (1u << 20)

/* Every shape that dicts and instances have had. */
static const struct {
    unsigned minor;
    bool free_threaded;
} versions[] = {{8, false},  {9, false},  {10, false}, {11, false},
                {12, false}, {13, false}, {13, true},  {14, true}};

struct process {
    struct gw_layout layout;
    struct fake_rmem fake;
    struct fake_heap heap;
};

static void start(struct process *process, size_t version)
{
    fake_layout(versions[version].minor, versions[version].free_threaded, &process->layout);
    fake_rmem_init(&process->fake);
    fake_heap_init(&process->heap, &process->fake, &process->layout, BASE, HEAP_BYTES);
}

#define FOR_EACH_VERSION(process)                                                                  \
    for (size_t v = 0; v < sizeof versions / sizeof versions[0] && (start(&process, v), 1);        \
         fake_rmem_fini(&process.fake), v++)

static int find(struct process *process, gw_raddr dict, const char *name, gw_raddr *value)
{
    *value = 0;
    return gw_pydict_find(&process->fake.memory, &process->layout, dict, name, value);
}

static int find_attribute(struct process *process, gw_raddr object, const char *name,
                          gw_raddr *value)
{
    *value = 0;
    return gw_pyattr_find(&process->fake.memory, &process->layout, object, name, value);
}

/* n items named k0, k1, ... with values of 1000, 1001, ... */
static void number_items(struct process *process, struct fake_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "k%zu", i);
        items[i] = (struct fake_item){fake_heap_ascii(&process->heap, name), 1000 + i};
    }
}

static void items_are_found_in_every_kind(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_item items[20];
        gw_raddr value;
        number_items(&process, items, 20);
        for (enum fake_keys kind = FAKE_KEYS_GENERAL; kind <= FAKE_KEYS_STR; kind++) {
            gw_raddr dict = fake_heap_dict(&process.heap, kind, 5, items, 20);
            assert_int_equal(find(&process, dict, "k0", &value), 0);
            assert_int_equal(value, 1000);
            assert_int_equal(find(&process, dict, "k19", &value), 0);
            assert_int_equal(value, 1019);
            assert_int_equal(find(&process, dict, "k20", &value), -GW_E_NOT_FOUND);
            assert_int_equal(find(&process, dict, "K1", &value), -GW_E_NOT_FOUND);
        }
    }
}

static void large_dicts_have_wider_indices(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_item items[300];
        gw_raddr value;
        number_items(&process, items, 300);
        gw_raddr two_bytes = fake_heap_dict(&process.heap, FAKE_KEYS_STR, 9, items, 300);
        assert_int_equal(find(&process, two_bytes, "k299", &value), 0);
        assert_int_equal(value, 1299);
        gw_raddr four_bytes = fake_heap_dict(&process.heap, FAKE_KEYS_STR, 16, items, 300);
        assert_int_equal(find(&process, four_bytes, "k150", &value), 0);
        assert_int_equal(value, 1150);
    }
}

static void deleted_items_are_left_out(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_item items[5];
        struct gw_pydict dict;
        gw_raddr value;
        number_items(&process, items, 5);
        items[1].key = 0;
        items[3].value = 0;
        gw_raddr addr = fake_heap_dict(&process.heap, FAKE_KEYS_GENERAL, 3, items, 5);
        assert_int_equal(gw_pydict_read(&process.fake.memory, &process.layout, addr, &dict), 0);
        assert_int_equal(dict.n, 3);
        assert_int_equal(dict.items[0].value, 1000);
        assert_int_equal(dict.items[1].value, 1002);
        assert_int_equal(dict.items[2].value, 1004);
        gw_pydict_free(&dict);
        assert_int_equal(find(&process, addr, "k3", &value), -GW_E_NOT_FOUND);
    }
}

static void empty_dict(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct gw_pydict dict;
        gw_raddr addr = fake_heap_dict(&process.heap, FAKE_KEYS_STR, 3, NULL, 0);
        assert_int_equal(gw_pydict_read(&process.fake.memory, &process.layout, addr, &dict), 0);
        assert_int_equal(dict.n, 0);
        gw_pydict_free(&dict);
    }
}

static void what_is_no_dict(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        gw_raddr value;
        assert_int_equal(find(&process, fake_heap_ascii(&process.heap, "x"), "x", &value),
                         -GW_E_TORN);
        assert_int_equal(find(&process, 0, "x", &value), -EFAULT);
        process.fake.error = -EPERM;
        assert_int_equal(find(&process, BASE, "x", &value), -EPERM);
    }
}

static void broken_key_tables(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        const struct gw_layout *layout = &process.layout;
        struct fake_item items[4];
        gw_raddr keys, value;
        number_items(&process, items, 4);
        gw_raddr dict = fake_heap_dict(&process.heap, FAKE_KEYS_STR, 3, items, 4);
        assert_int_equal(gw_pyword_read(&process.fake.memory,
                                        dict + gw_layout_at(layout, GW_F_dict_keys), &keys),
                         0);
        gw_raddr nentries = keys + gw_layout_at(layout, GW_F_dictkeys_nentries);
        fake_rmem_put_u64(&process.fake, nentries, GW_MAX_DICT_ENTRIES + 1);
        assert_int_equal(find(&process, dict, "k1", &value), -GW_E_LIMIT);
        fake_rmem_put_u64(&process.fake, nentries, UINT64_MAX);
        assert_int_equal(find(&process, dict, "k1", &value), -GW_E_LIMIT);
        /* More entries than there is memory. */
        fake_rmem_put_u64(&process.fake, nentries, GW_MAX_DICT_ENTRIES);
        assert_int_equal(find(&process, dict, "k1", &value), -EFAULT);
        fake_rmem_put_u64(&process.fake, nentries, 4);
        assert_int_equal(find(&process, dict, "k1", &value), 0);
        if (gw_layout_has(layout, GW_F_dictkeys_size))
            fake_rmem_put_u64(&process.fake, keys + gw_layout_at(layout, GW_F_dictkeys_size),
                              UINT64_MAX / 2);
        else
            fake_rmem_put_u8(&process.fake,
                             keys + gw_layout_at(layout, GW_F_dictkeys_log2_index_bytes), 64);
        assert_int_equal(find(&process, dict, "k1", &value), -GW_E_TORN);
    }
}

static void attributes_are_found_wherever_they_are(void **state)
{
    (void)state;
    static const enum fake_instance kinds[] = {FAKE_INSTANCE_VALUES, FAKE_INSTANCE_DICT,
                                               FAKE_INSTANCE_OFFSET};
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_item items[12];
        gw_raddr value;
        number_items(&process, items, 12);
        items[7].value = 0;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            gw_raddr object = fake_heap_instance(&process.heap, kinds[i], items, 12);
            assert_int_equal(find_attribute(&process, object, "k0", &value), 0);
            assert_int_equal(value, 1000);
            assert_int_equal(find_attribute(&process, object, "k11", &value), 0);
            assert_int_equal(value, 1011);
            assert_int_equal(find_attribute(&process, object, "k7", &value), -GW_E_NOT_FOUND);
        }
    }
}

static void instance_without_attributes(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        gw_raddr value;
        gw_raddr object = fake_heap_instance(&process.heap, FAKE_INSTANCE_BARE, NULL, 0);
        assert_int_equal(find_attribute(&process, object, "k0", &value), -GW_E_NOT_FOUND);
    }
}

static void values_bound_what_is_read_of_them(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_item items[3];
        gw_raddr value, type, keys;
        if (process.layout.dicts == GW_DICT_V38)
            continue; /* instances have dicts there */
        number_items(&process, items, 3);
        gw_raddr object = fake_heap_instance(&process.heap, FAKE_INSTANCE_VALUES, items, 3);
        const struct gw_rmem *memory = &process.fake.memory;
        const struct gw_layout *layout = &process.layout;
        assert_int_equal(
            gw_pyword_read(memory, object + gw_layout_at(layout, GW_F_object_type), &type), 0);
        assert_int_equal(
            gw_pyword_read(memory, type + gw_layout_at(layout, GW_F_heaptype_cached_keys), &keys),
            0);
        fake_rmem_put_u64(&process.fake, keys + gw_layout_at(layout, GW_F_dictkeys_nentries),
                          GW_MAX_DICT_ENTRIES);
        assert_int_equal(find_attribute(&process, object, "k2", &value), 0);
        assert_int_equal(value, 1002);
        if (layout->dicts != GW_DICT_V313)
            continue; /* only there the values tell how many they are */
        fake_rmem_put_u8(&process.fake, object + gw_layout_at(layout, GW_F_object_type) + 8, 2);
        assert_int_equal(find_attribute(&process, object, "k1", &value), 0);
        assert_int_equal(find_attribute(&process, object, "k2", &value), -GW_E_NOT_FOUND);
    }
}

static void values_that_are_not_valid_any_more(void **state)
{
    (void)state;
    struct process process;
    FOR_EACH_VERSION(process)
    {
        struct fake_item items[3];
        gw_raddr value;
        if (process.layout.dicts != GW_DICT_V313)
            continue; /* only there a flag says so */
        number_items(&process, items, 3);
        gw_raddr object = fake_heap_instance(&process.heap, FAKE_INSTANCE_VALUES, items, 3);
        gw_raddr valid = object + gw_layout_at(&process.layout, GW_F_object_type) + 8 + 3;
        fake_rmem_put_u8(&process.fake, valid, 0);
        assert_int_equal(find_attribute(&process, object, "k0", &value), -GW_E_TORN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_found_in_every_kind),
        cmocka_unit_test(large_dicts_have_wider_indices),
        cmocka_unit_test(deleted_items_are_left_out),
        cmocka_unit_test(empty_dict),
        cmocka_unit_test(what_is_no_dict),
        cmocka_unit_test(broken_key_tables),
        cmocka_unit_test(attributes_are_found_wherever_they_are),
        cmocka_unit_test(instance_without_attributes),
        cmocka_unit_test(values_bound_what_is_read_of_them),
        cmocka_unit_test(values_that_are_not_valid_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
