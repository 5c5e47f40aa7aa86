/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>

#include "base/limits.h"
#include "cpython/gil.h"
#include "support/image_builder.h"

#define HOLDER 0x7f1200001000

struct world {
    struct image image;
    gw_raddr gil;
    uint8_t copy[GW_MAX_GIL_BYTES];
};

static void start(struct world *world, unsigned minor, unsigned machine)
{
    image_init(&world->image, minor, machine);
    gw_raddr interp = image_interpreter(&world->image, 0);
    world->gil = image_gil(&world->image, interp);
}

/* Each version, on each machine. */
#define FOR_EACH_LAYOUT(world)                                                                     \
    for (unsigned at = 2 * GW_PYTHON_MINOR_FIRST;                                                  \
         at < 2 * GW_PYTHON_MINOR_LAST + 2 &&                                                      \
         (start(&world, at / 2, at % 2 ? EM_AARCH64 : EM_X86_64), 1);                              \
         image_fini(&world.image), at++)

static void put(struct world *world, gw_raddr holder, uint32_t locked, uint64_t switches)
{
    image_put(&world->image, world->gil, GW_F_gil_last_holder, holder);
    image_put(&world->image, world->gil, GW_F_gil_locked, locked);
    image_put(&world->image, world->gil, GW_F_gil_switch_number, switches);
    image_put(&world->image, world->gil, GW_F_gil_interval, 5000);
}

static struct gw_span copy_of(struct world *world)
{
    size_t n = world->image.layout->extent[GW_S_gil];
    assert_int_equal(gw_rmem_read(&world->image.fake.memory, world->gil, world->copy, n), 0);
    return gw_span_of(world->copy, n);
}

static void words_are_decoded(void **state)
{
    (void)state;
    struct world world;
    FOR_EACH_LAYOUT(world)
    {
        struct gw_gil_words words;
        put(&world, HOLDER, 1, 7);
        assert_true(gw_gil_decode(world.image.layout, copy_of(&world), &words));
        assert_int_equal(words.last_holder, HOLDER);
        assert_true(words.locked);
        assert_int_equal(words.switch_number, 7);
        assert_int_equal(words.interval_us, 5000);
        put(&world, HOLDER, 0, 7);
        assert_true(gw_gil_decode(world.image.layout, copy_of(&world), &words));
        assert_false(words.locked);
        put(&world, 0, UINT32_MAX, 0); /* -1: not created yet */
        assert_true(gw_gil_decode(world.image.layout, copy_of(&world), &words));
        assert_false(words.locked);
    }
}

static void cut_copy_is_refused(void **state)
{
    (void)state;
    struct world world;
    FOR_EACH_LAYOUT(world)
    {
        struct gw_gil_words words;
        put(&world, HOLDER, 1, 7);
        struct gw_span copy = copy_of(&world);
        size_t needed = gw_layout_at(world.image.layout, GW_F_gil_switch_number) + 8;
        for (size_t n = 0; n < copy.len; n++)
            assert_int_equal(gw_gil_decode(world.image.layout, gw_span_of(copy.at, n), &words),
                             n >= needed);
    }
}

static void any_word_makes_a_difference(void **state)
{
    (void)state;
    const struct gw_gil_words words = {
        .last_holder = HOLDER, .locked = true, .switch_number = 7, .interval_us = 5000};
    struct gw_gil_words other = words;
    other.interval_us = 1; /* sys.setswitchinterval() is no change of holder */
    assert_true(gw_gil_same(&words, &other));
    other.last_holder++;
    assert_false(gw_gil_same(&words, &other));
    other = words;
    other.locked = false;
    assert_false(gw_gil_same(&words, &other));
    other = words;
    other.switch_number++;
    assert_false(gw_gil_same(&words, &other));
}

/* Every address in and around the struct, by pthread's sizes on each machine. */
static void futex_addresses(void **state)
{
    (void)state;
    struct world world;
    FOR_EACH_LAYOUT(world)
    {
        const struct gw_layout *layout = world.image.layout;
        unsigned mutex = world.image.python.machine == EM_X86_64 ? 40 : 48;
        for (gw_raddr offset = 0; offset < 512; offset++) {
            enum gw_gil_futex expected = GW_GIL_FUTEX_NONE;
            if (offset >= 32 && offset < 80)
                expected = GW_GIL_FUTEX_WAIT;
            else if (offset >= 80 && offset < 80 + mutex)
                expected = GW_GIL_FUTEX_LOCK;
            else if (offset >= 80 + mutex && offset < 128 + 2 * mutex)
                expected = GW_GIL_FUTEX_DROPPED;
            assert_int_equal(gw_gil_classify_futex(layout, world.gil, world.gil + offset),
                             expected);
        }
        assert_int_equal(gw_gil_classify_futex(layout, world.gil, world.gil - 1),
                         GW_GIL_FUTEX_NONE);
        assert_int_equal(gw_gil_classify_futex(layout, world.gil, 0), GW_GIL_FUTEX_NONE);
        assert_int_equal(gw_gil_classify_futex(layout, 0, 40), GW_GIL_FUTEX_NONE);
        assert_int_equal(gw_gil_classify_futex(layout, UINT64_MAX - 8, 40), GW_GIL_FUTEX_NONE);
    }
}

/* __wrefs by the words that waiters of each glibc were seen to sleep on. */
static void waiters_are_counted(void **state)
{
    (void)state;
    struct world world;
    FOR_EACH_LAYOUT(world)
    {
        const struct gw_layout *layout = world.image.layout;
        static const struct {
            uint32_t futex, wrefs;
        } seen[] = {{72, 36}, {76, 36}, {64, 28}, {68, 28}, {80, 0}, {32, 0}, {0, 0}};
        for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
            assert_int_equal(gw_gil_learn_cond(layout, world.gil, world.gil + seen[i].futex),
                             seen[i].wrefs);
        assert_int_equal(gw_gil_learn_cond(layout, world.gil, 0), 0);
        fake_rmem_put_u32(&world.image.fake, world.gil + 32 + 36, 3u << 3 | 5);
        fake_rmem_put_u32(&world.image.fake, world.gil + 32 + 28, 9u << 3);
        assert_int_equal(gw_gil_waiters(layout, copy_of(&world), 36), 3);
        assert_int_equal(gw_gil_waiters(layout, copy_of(&world), 28), 9);
        assert_int_equal(gw_gil_waiters(layout, copy_of(&world), 0), 0);
        assert_int_equal(gw_gil_waiters(layout, gw_span_of(world.copy, 71), 36), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_decoded),           cmocka_unit_test(cut_copy_is_refused),
        cmocka_unit_test(any_word_makes_a_difference), cmocka_unit_test(futex_addresses),
        cmocka_unit_test(waiters_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
