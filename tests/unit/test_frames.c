/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "cpython/frames.h"
#include "support/image_builder.h"

#define HALF (GW_MAX_FRAMES / 2)
#define MAX_DEPTH 1000u
#define N_CODES 7u
#define ARENA ((size_t)2 << 20)

/* One thread of a fake process, and what a session keeps of it. */
struct world {
    struct image image;
    struct image_thread thread;
    struct image_code codes[N_CODES];
    gw_raddr frames[MAX_DEPTH]; /* pushed by push(), root first */
    uint32_t depth;
    struct gw_stack_guess guess;
    struct gw_stack_scratch *scratch;
    struct gw_rmem_range ranges[GW_IMAGE_RANGES];
    uint8_t *arena;
    struct gw_stack_image copies;
    struct gw_walk walk;
};

static struct world world;

static void start(unsigned minor)
{
    image_init(&world.image, minor, EM_X86_64);
    image_thread(&world.image, image_interpreter(&world.image, 0), 1, 100, &world.thread);
    for (unsigned i = 0; i < N_CODES; i++)
        world.codes[i] = image_code(&world.image, "function", "file.py", 10 * i, 5);
    world.depth = 0;
    world.guess = (struct gw_stack_guess){.tstate = world.thread.tstate};
    world.scratch = gw_stack_scratch_new();
    world.arena = malloc(ARENA);
    assert_non_null(world.scratch);
    assert_non_null(world.arena);
}

static void finish(void)
{
    gw_stack_scratch_free(world.scratch);
    free(world.arena);
    image_fini(&world.image);
}

#define FOR_EACH_VERSION(minor)                                                                    \
    for (unsigned minor = GW_PYTHON_MINOR_FIRST;                                                   \
         minor <= GW_PYTHON_MINOR_LAST && (start(minor), 1); finish(), minor++)

static gw_raddr push_at(enum image_place place)
{
    gw_raddr frame = image_push(&world.image, &world.thread, &world.codes[world.depth % N_CODES],
                                (int)(world.depth % 5), place);
    if (world.depth < MAX_DEPTH)
        world.frames[world.depth] = frame;
    world.depth++;
    return frame;
}

static void push(uint32_t n)
{
    while (n--)
        push_at(IMAGE_IN_CHUNK);
}

static enum gw_walk_result walk_alone(void)
{
    return gw_stack_walk(&world.image.fake.memory, world.image.layout, NULL, &world.guess,
                         world.scratch, &world.walk);
}

/* As a tick does it: one batched read of both copies, then the walk. */
static enum gw_walk_result walk_batched(void)
{
    assert_in_range(gw_stack_image_bytes(world.image.layout, &world.guess), 1, ARENA);
    gw_stack_image_plan(world.image.layout, &world.guess, world.ranges, world.arena, &world.copies);
    assert_int_equal(gw_rmem_readv(&world.image.fake.memory, world.ranges, 2 * world.copies.n), 0);
    return gw_stack_walk(&world.image.fake.memory, world.image.layout, &world.copies, &world.guess,
                         world.scratch, &world.walk);
}

static void assert_frame(uint32_t at, uint32_t pushed)
{
    const struct gw_frame *frame = &world.walk.frames[at];
    const struct image_code *code = &world.codes[pushed % N_CODES];
    assert_int_equal(frame->frame, world.frames[pushed]);
    assert_int_equal(frame->code, code->addr);
    assert_int_equal(frame->instr, image_instr(&world.image, code, (int)(pushed % 5)));
}

/* The walk shows the lowest `depth` frames pushed, and says how many of them it leaves out. */
static void assert_stack(uint32_t depth)
{
    uint32_t kept = depth < GW_MAX_FRAMES ? depth : GW_MAX_FRAMES;
    assert_int_equal(world.walk.n, kept);
    assert_int_equal(world.walk.omitted, depth - kept);
    for (uint32_t i = 0; i < kept; i++)
        assert_frame(i, i < HALF ? i : depth - kept + i);
}

static void thread_without_frames(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        assert_int_equal(walk_alone(), GW_WALK_EMPTY);
        assert_int_equal(walk_batched(), GW_WALK_EMPTY);
        if (world.thread.cframe) { /* a thread that is being made has none yet */
            image_put(&world.image, world.thread.tstate, GW_F_tstate_frame, 0);
            assert_int_equal(walk_alone(), GW_WALK_EMPTY);
        }
    }
}

static void stacks_of_all_depths(void **state)
{
    (void)state;
    static const uint32_t depths[] = {1, 2, HALF, HALF + 1, 255, 256, 257, 1000};
    FOR_EACH_VERSION(minor)
    {
        for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
            push(depths[i] - world.depth);
            world.guess = (struct gw_stack_guess){.tstate = world.thread.tstate};
            assert_int_equal(walk_alone(), GW_WALK_OK);
            assert_stack(depths[i]);
            assert_int_equal(walk_batched(), GW_WALK_OK);
            assert_stack(depths[i]);
        }
    }
}

/* A tick costs one read for all threads together: nothing may be left to read afterwards. */
static void second_tick_needs_no_further_read(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(20);
        push_at(IMAGE_OUTSIDE);
        push(100);
        push_at(IMAGE_OUTSIDE);
        assert_int_equal(walk_batched(), GW_WALK_OK);
        assert_stack(122);
        assert_true(world.image.fake.n_reads > 1);
        for (int tick = 0; tick < 3; tick++) {
            world.image.fake.n_reads = 0;
            assert_int_equal(walk_batched(), GW_WALK_OK);
            assert_stack(122);
            assert_int_equal(world.image.fake.n_reads, 1);
        }
    }
}

static void frame_outside_of_the_chunk_is_learnt(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(3);
        assert_int_equal(walk_alone(), GW_WALK_OK);
        gw_raddr generator = push_at(IMAGE_OUTSIDE);
        assert_int_equal(walk_batched(), GW_WALK_OK);
        assert_stack(4);
        bool wanted = false;
        for (uint32_t i = 0; i < world.guess.n_hot; i++)
            wanted |= generator >= world.guess.hot[i].addr &&
                      generator < world.guess.hot[i].addr + world.guess.hot[i].len;
        assert_true(wanted);
        /* Of what is not needed any more, only a few places are asked for on. */
        for (uint32_t i = 0; i < 30; i++) {
            fake_heap_alloc(&world.image.heap, 5000);
            push_at(IMAGE_OUTSIDE);
        }
        assert_int_equal(walk_batched(), GW_WALK_OK);
        uint32_t n_needed = world.guess.n_hot;
        image_set_leaf(&world.image, &world.thread, world.frames[2]);
        assert_int_equal(walk_batched(), GW_WALK_OK);
        assert_stack(3);
        assert_true(world.guess.n_hot <= n_needed - 12);
    }
}

/* A thread that comes back to a depth of its C stack is read at once. */
static void depth_reached_before_needs_no_further_read(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        if (world.image.layout->frames == GW_FRAMES_HEAP)
            continue; /* no frame is on the C stack */
        push(3);
        for (int i = 0; i < 4; i++)
            push_at(IMAGE_OUTSIDE);
        assert_int_equal(walk_batched(), GW_WALK_OK);
        image_set_leaf(&world.image, &world.thread, world.frames[3]);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(walk_batched(), GW_WALK_OK);
            assert_stack(4);
        }
        image_set_leaf(&world.image, &world.thread, world.frames[6]);
        world.image.fake.n_reads = 0;
        assert_int_equal(walk_batched(), GW_WALK_OK);
        assert_stack(7);
        assert_int_equal(world.image.fake.n_reads, 1);
    }
}

/* More places than a guess holds: the rest is read on its own at each tick. */
static void scattered_frames(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        for (uint32_t i = 0; i < 2 * GW_MAX_HOT; i++) {
            push_at(IMAGE_OUTSIDE);
            fake_heap_alloc(&world.image.heap, 5000);
        }
        for (int tick = 0; tick < 3; tick++) {
            assert_int_equal(walk_batched(), GW_WALK_OK);
            assert_stack(2 * GW_MAX_HOT);
        }
        assert_int_equal(world.guess.n_hot, GW_MAX_HOT);
    }
}

static void shims_are_no_frames(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        if (world.image.layout->first_shim == 255)
            continue;
        image_push_shim(&world.image, &world.thread, &world.codes[0]);
        push(2);
        image_push_shim(&world.image, &world.thread, &world.codes[1]);
        push(2);
        image_push_shim(&world.image, &world.thread, NULL);
        assert_int_equal(walk_alone(), GW_WALK_OK);
        assert_stack(4);
        assert_int_equal(walk_batched(), GW_WALK_OK);
        assert_stack(4);
    }
}

/* As when a frame is being set up or cleared. */
static void frame_without_code_is_left_out(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(3);
        image_push(&world.image, &world.thread, NULL, 0, IMAGE_IN_CHUNK);
        assert_int_equal(walk_alone(), GW_WALK_OK);
        assert_stack(3);
    }
}

static void tags_of_code_references_are_taken_off(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(1);
        for (uint64_t tag = 0; tag <= (~world.image.layout->pointer_mask & 3); tag++) {
            image_put(&world.image, world.frames[0], GW_F_frame_code, world.codes[0].addr | tag);
            assert_int_equal(walk_alone(), GW_WALK_OK);
            assert_stack(1);
        }
    }
}

static void chain_in_a_circle_is_torn(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(50);
        for (uint32_t back = 0; back < 50; back++) {
            image_put(&world.image, world.frames[0], GW_F_frame_previous, world.frames[back]);
            assert_int_equal(walk_alone(), GW_WALK_TORN);
            assert_int_equal(walk_batched(), GW_WALK_TORN);
        }
    }
}

static void chain_into_nowhere_is_torn(void **state)
{
    (void)state;
    static const uint64_t nowhere[] = {
        1, 0xfff, 0x1000, 0x7f0000000000, 0x800000000000, 0xffff800000000000, UINT64_MAX, 0x2a2a2a,
    };
    FOR_EACH_VERSION(minor)
    {
        push(5);
        for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
            image_put(&world.image, world.frames[2], GW_F_frame_previous, nowhere[i]);
            assert_int_equal(walk_alone(), GW_WALK_TORN);
            assert_int_equal(walk_batched(), GW_WALK_TORN);
            image_set_leaf(&world.image, &world.thread, nowhere[i]);
            assert_int_equal(walk_alone(), GW_WALK_TORN);
            image_set_leaf(&world.image, &world.thread, world.frames[4]);
        }
        image_put(&world.image, world.frames[2], GW_F_frame_previous, world.frames[1]);
        assert_int_equal(walk_batched(), GW_WALK_OK);
        assert_stack(5);
    }
}

static void unreadable_thread_is_torn(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(2);
        world.guess.tstate = 0x10;
        assert_int_equal(walk_alone(), GW_WALK_TORN);
        assert_int_equal(walk_batched(), GW_WALK_TORN);
        world.guess.tstate = world.thread.tstate;
        world.image.fake.error = -ESRCH;
        assert_int_equal(walk_alone(), GW_WALK_TORN);
    }
}

static void endless_chain_is_torn(void **state)
{
    (void)state;
    start(12);
    push(50000);
    assert_int_equal(walk_alone(), GW_WALK_OK);
    assert_int_equal(world.walk.n, GW_MAX_FRAMES);
    assert_int_equal(world.walk.omitted, 50000 - GW_MAX_FRAMES);
    push(GW_MAX_WALK - 50000);
    assert_int_equal(walk_alone(), GW_WALK_OK);
    push(1);
    assert_int_equal(walk_alone(), GW_WALK_TORN);
    finish();
}

/* Twice in a row as well: it is resumed and yields again between two looks. */
static void generator_without_its_caller_is_torn(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        if (!gw_layout_has(world.image.layout, GW_F_frame_owner))
            continue;
        push(1);
        image_put(&world.image, world.frames[0], GW_F_frame_owner, 1);
        for (int tick = 0; tick < 3; tick++) {
            assert_int_equal(walk_alone(), GW_WALK_TORN);
            assert_int_equal(walk_batched(), GW_WALK_TORN);
        }
        push(1);
        image_put(&world.image, world.frames[0], GW_F_frame_owner, 0);
        image_put(&world.image, world.frames[1], GW_F_frame_owner, 1);
        assert_int_equal(walk_alone(), GW_WALK_OK);
        assert_stack(2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_without_frames),
        cmocka_unit_test(stacks_of_all_depths),
        cmocka_unit_test(second_tick_needs_no_further_read),
        cmocka_unit_test(frame_outside_of_the_chunk_is_learnt),
        cmocka_unit_test(depth_reached_before_needs_no_further_read),
        cmocka_unit_test(scattered_frames),
        cmocka_unit_test(shims_are_no_frames),
        cmocka_unit_test(frame_without_code_is_left_out),
        cmocka_unit_test(tags_of_code_references_are_taken_off),
        cmocka_unit_test(chain_in_a_circle_is_torn),
        cmocka_unit_test(chain_into_nowhere_is_torn),
        cmocka_unit_test(unreadable_thread_is_torn),
        cmocka_unit_test(generator_without_its_caller_is_torn),
        cmocka_unit_test(endless_chain_is_torn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
