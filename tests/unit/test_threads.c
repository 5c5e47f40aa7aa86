/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>

#include "cpython/threads.h"
#include "support/image_builder.h"

#define PID 4711
#define N_THREADS 5u

/* A process with the main interpreter and some threads; threads[0] is the main thread, the oldest.
 */
static struct world {
    struct image image;
    gw_raddr interp;
    struct image_thread threads[N_THREADS];
    struct gw_thread_list list;
} world;

static void start(unsigned minor, unsigned machine)
{
    image_init(&world.image, minor, machine);
    world.interp = image_interpreter(&world.image, 0);
    for (unsigned i = 0; i < N_THREADS; i++)
        image_thread(&world.image, world.interp, i + 1, PID + i, &world.threads[i]);
    assert_int_equal(gw_thread_list_init(&world.list), 0);
}

static void finish(void)
{
    gw_thread_list_fini(&world.list);
    image_fini(&world.image);
}

#define FOR_EACH_VERSION(minor)                                                                    \
    for (unsigned minor = GW_PYTHON_MINOR_FIRST;                                                   \
         minor <= GW_PYTHON_MINOR_LAST && (start(minor, EM_X86_64), 1); finish(), minor++)

static int read_list(void)
{
    return gw_thread_list_read(&world.image.fake.memory, &world.image.python, PID, NULL, NULL,
                               &world.list);
}

/* Entry `at` of the list is this thread. */
static void assert_thread(size_t at, unsigned thread)
{
    const struct gw_tstate *tstate = &world.list.tstates[at];
    assert_int_equal(tstate->addr, world.threads[thread].tstate);
    assert_int_equal(tstate->id, thread + 1);
    assert_int_equal(tstate->ident, world.threads[thread].pthread);
    assert_int_equal(tstate->ns_tid, PID + thread);
}

static void assert_newest_first(void)
{
    assert_int_equal(read_list(), 0);
    assert_true(world.list.complete);
    assert_int_equal(world.list.n_interpreters, 1);
    assert_int_equal(world.list.interpreters[0].addr, world.interp);
    assert_int_equal(world.list.interpreters[0].head, world.threads[N_THREADS - 1].tstate);
    assert_int_equal(world.list.interpreters[0].gil, image_gil(&world.image, world.interp));
    assert_int_equal(world.list.n_tstates, N_THREADS);
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_thread(i, N_THREADS - 1 - i);
}

static void all_threads_are_listed(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        assert_newest_first();
        assert_newest_first(); /* again, into the same list */
    }
    for (unsigned minor = GW_PYTHON_MINOR_FIRST; minor <= GW_PYTHON_MINOR_LAST; minor++) {
        start(minor, EM_AARCH64);
        assert_newest_first();
        finish();
    }
}

/* From 3.12 on each interpreter may have a GIL of its own, or share that of another. */
static void several_interpreters(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_thread thread;
        gw_raddr second = image_interpreter(&world.image, 1);
        image_thread(&world.image, second, 1, PID + 50, &thread);
        gw_raddr third = image_interpreter(&world.image, 2);
        if (gw_layout_has(world.image.layout, GW_F_interp_gil))
            image_put(&world.image, third, GW_F_interp_gil, image_gil(&world.image, world.interp));
        assert_int_equal(read_list(), 0);
        assert_true(world.list.complete);
        const struct gw_interpreter *found = world.list.interpreters;
        assert_int_equal(world.list.n_interpreters, 3);
        assert_int_equal(found[0].addr, third);
        assert_int_equal(found[0].id, 2);
        assert_int_equal(found[0].head, 0);
        assert_int_equal(found[1].addr, second);
        assert_int_equal(found[1].gil != found[2].gil, minor >= 12);
        assert_int_equal(found[0].gil, found[2].gil);
        assert_int_equal(world.list.n_tstates, N_THREADS + 1);
        assert_int_equal(world.list.tstates[0].interpreter, 1);
        assert_int_equal(world.list.tstates[0].addr, thread.tstate);
        assert_int_equal(world.list.tstates[1].interpreter, 2);
    }
}

/* Up to 3.10 the tid is glibc's, at an offset that another glibc may have moved. */
static void tid_at_another_offset(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        for (unsigned i = 0; i < N_THREADS; i++) {
            gw_raddr pthread = world.threads[i].pthread;
            fake_rmem_put_u32(&world.image.fake, pthread + world.image.layout->pthread_tid, 0);
            fake_rmem_put_u32(&world.image.fake, pthread + 1100, PID + i);
        }
        assert_newest_first();
        assert_int_equal(world.list.tid_offset, minor <= 10 ? 1100 : 0);
    }
}

/* Of a thread that ends its struct may be gone, or it may hold anything. */
static void tid_that_cannot_be_told(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        if (gw_layout_has(world.image.layout, GW_F_tstate_native_thread_id))
            continue;
        image_put(&world.image, world.threads[1].tstate, GW_F_tstate_thread_id, 0x2a);
        fake_rmem_put_u32(&world.image.fake,
                          world.threads[2].pthread + world.image.layout->pthread_tid, UINT32_MAX);
        assert_int_equal(read_list(), 0);
        assert_true(world.list.complete);
        assert_thread(N_THREADS - 1, 0);
        assert_int_equal(world.list.tstates[N_THREADS - 2].ns_tid, 0);
        assert_int_equal(world.list.tstates[N_THREADS - 3].ns_tid, 0);
    }
}

static void list_in_a_circle(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        image_put(&world.image, world.threads[0].tstate, GW_F_tstate_next, world.threads[3].tstate);
        assert_int_equal(read_list(), 0);
        assert_false(world.list.complete);
        assert_in_range(world.list.n_tstates, N_THREADS, GW_MAX_THREADS);
        image_put(&world.image, world.interp, GW_F_interp_next, world.interp);
        assert_int_equal(read_list(), 0);
        assert_false(world.list.complete);
        assert_in_range(world.list.n_interpreters, 1, GW_MAX_INTERPRETERS);
    }
}

/* A thread state that was freed and is something else now ends the list. */
static void thread_of_no_interpreter_ends_the_list(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        assert_newest_first(); /* where glibc keeps tids is learnt from the main thread, here */
        image_put(&world.image, world.threads[2].tstate, GW_F_tstate_interp, world.interp + 8);
        assert_int_equal(read_list(), 0);
        assert_false(world.list.complete);
        assert_int_equal(world.list.n_tstates, 2);
        assert_thread(0, 4);
        assert_thread(1, 3);
    }
}

/* The newest thread ends once so many ranges have been read. */
static void end_newest_when_due(struct fake_rmem *fake)
{
    const size_t *due = fake->context;
    gw_raddr newest = world.threads[N_THREADS - 1].tstate;
    if (fake->n_ranges_read != *due)
        return;
    image_put(&world.image, world.interp, GW_F_interp_threads_head,
              world.threads[N_THREADS - 2].tstate);
    image_put(&world.image, newest, GW_F_tstate_interp, 0);
    image_put(&world.image, newest, GW_F_tstate_next, 0);
}

/* Whenever a thread ends, all the others are found, once each. */
static void thread_that_ends_while_the_list_is_read(void **state)
{
    (void)state;
    for (unsigned minor = GW_PYTHON_MINOR_FIRST; minor <= GW_PYTHON_MINOR_LAST; minor++) {
        size_t n_ranges = SIZE_MAX;
        for (size_t due = 1; due <= n_ranges; due++) {
            start(minor, EM_X86_64);
            assert_int_equal(read_list(), 0); /* for where glibc keeps tids */
            n_ranges = world.image.fake.n_ranges_read;
            world.image.fake.n_ranges_read = 0;
            world.image.fake.context = &due;
            world.image.fake.after_range = end_newest_when_due;
            assert_int_equal(read_list(), 0);
            assert_true(world.list.complete);
            size_t gone = N_THREADS - world.list.n_tstates;
            assert_in_range(gone, 0, 1);
            for (unsigned i = 0; i < N_THREADS - 1; i++)
                assert_int_equal(world.list.tstates[1 - gone + i].addr,
                                 world.threads[N_THREADS - 2 - i].tstate);
            finish();
        }
    }
}

static void pointers_into_nowhere(void **state)
{
    (void)state;
    static const gw_raddr nowhere[] = {8, 0x7f0000000000, UINT64_MAX - 7};
    FOR_EACH_VERSION(minor)
    {
        for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
            image_put(&world.image, world.threads[2].tstate, GW_F_tstate_next, nowhere[i]);
            assert_int_equal(read_list(), 0);
            assert_false(world.list.complete);
            assert_int_equal(world.list.n_tstates, 3);
            image_put(&world.image, world.interp, GW_F_interp_next, nowhere[i]);
            assert_int_equal(read_list(), 0);
            assert_false(world.list.complete);
            assert_int_equal(world.list.n_interpreters, 1);
            assert_int_equal(world.list.n_tstates, 3);
            image_put(&world.image, world.interp, GW_F_interp_next, 0);
        }
    }
}

static void no_interpreter_to_read(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        gw_raddr runtime = world.image.python.runtime;
        image_put(&world.image, runtime, GW_F_runtime_interpreters_head, 0x2a);
        assert_int_equal(read_list(), -GW_E_TORN);
        image_put(&world.image, runtime, GW_F_runtime_interpreters_head, 0);
        assert_int_equal(read_list(), -GW_E_TORN);
        world.image.fake.error = -ESRCH;
        assert_int_equal(read_list(), -ESRCH);
        world.image.fake.error = -EPERM;
        assert_int_equal(read_list(), -EPERM);
    }
}

static bool is_old(const void *context, gw_raddr addr, uint64_t id)
{
    (void)addr;
    return id <= *(const uint64_t *)context;
}

/* With many threads only the new ones are read, near the head. */
static void only_new_threads_on_request(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        struct image_thread thread;
        uint64_t newest_known = 203;
        for (uint64_t id = N_THREADS + 1; id <= 205; id++)
            image_thread(&world.image, world.interp, id, PID + (uint32_t)id, &thread);
        world.image.fake.n_reads = 0;
        assert_int_equal(gw_thread_list_read(&world.image.fake.memory, &world.image.python, PID,
                                             is_old, &newest_known, &world.list),
                         0);
        assert_true(world.list.complete);
        assert_int_equal(world.list.n_tstates, 2);
        assert_int_equal(world.list.tstates[0].id, 205);
        assert_int_equal(world.list.tstates[1].id, 204);
        assert_in_range(world.image.fake.n_reads, 2, 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_are_listed),
        cmocka_unit_test(several_interpreters),
        cmocka_unit_test(tid_at_another_offset),
        cmocka_unit_test(tid_that_cannot_be_told),
        cmocka_unit_test(list_in_a_circle),
        cmocka_unit_test(thread_of_no_interpreter_ends_the_list),
        cmocka_unit_test(thread_that_ends_while_the_list_is_read),
        cmocka_unit_test(pointers_into_nowhere),
        cmocka_unit_test(no_interpreter_to_read),
        cmocka_unit_test(only_new_threads_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
