/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks that change while they are read. Whatever instant a change comes at, what is shown must be
 * the root part of the stack before it or of the stack after it: never callers of the one with
 * callees of the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/frames.h"
#include "support/image_builder.h"

#define MAX_DEPTH 300u
#define ARENA ((size_t)2 << 20)

/* One frame of a stack: where it is, and which function it runs. */
struct place {
    gw_raddr frame;
    unsigned code;
};

struct stack {
    struct place places[MAX_DEPTH]; /* root first */
    uint32_t depth;
};

static struct world {
    struct image image;
    struct image_thread thread;
    struct image_code codes[5];
    struct stack before, after;
    size_t change_at; /* number of the range after which the stack changes */
    struct gw_stack_guess guess;
    struct gw_stack_scratch *scratch;
    struct gw_rmem_range ranges[GW_IMAGE_RANGES];
    uint8_t *arena;
    struct gw_walk walk, seen, met;
    bool clears; /* the change takes the code from the frame that was the leaf */
} world;

static void start(unsigned minor)
{
    static const char *const names[] = {"main", "x", "y", "leaf_of_x", "leaf_of_y"};
    image_init(&world.image, minor, EM_X86_64);
    image_thread(&world.image, image_interpreter(&world.image, 0), 1, 100, &world.thread);
    for (unsigned i = 0; i < 5; i++)
        world.codes[i] = image_code(&world.image, names[i], "file.py", 10 * i, 5);
    world.before.depth = world.after.depth = 0;
    world.clears = false;
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

/* Take room for a frame of the stack before the change, and let it run this function. */
static void push(unsigned code, enum image_place place)
{
    struct stack *stack = &world.before;
    gw_raddr frame = image_push(&world.image, &world.thread, &world.codes[code], 1, place);
    stack->places[stack->depth++] = (struct place){.frame = frame, .code = code};
}

/* Make the thread's memory say that this is its stack. */
static void show(const struct stack *stack)
{
    gw_raddr previous = 0;
    for (uint32_t i = 0; i < stack->depth; i++) {
        image_write_frame(&world.image, stack->places[i].frame,
                          &(struct image_frame){.code = &world.codes[stack->places[i].code],
                                                .instruction = 1,
                                                .previous = previous});
        previous = stack->places[i].frame;
    }
    image_set_leaf(&world.image, &world.thread, previous);
}

static void change_when_due(struct fake_rmem *fake)
{
    if (fake->n_ranges_read != world.change_at)
        return;
    show(&world.after);
    if (world.clears)
        image_put(&world.image, world.before.places[world.before.depth - 1].frame, GW_F_frame_code,
                  0);
}

/* One tick: the batched read, then the walk. */
static enum gw_walk_result tick(void)
{
    struct gw_stack_image copies;
    assert_in_range(gw_stack_image_bytes(world.image.layout, &world.guess), 1, ARENA);
    gw_stack_image_plan(world.image.layout, &world.guess, world.ranges, world.arena, &copies);
    assert_int_equal(gw_rmem_readv(&world.image.fake.memory, world.ranges, 2 * copies.n), 0);
    enum gw_walk_result result = gw_stack_walk(&world.image.fake.memory, world.image.layout,
                                               &copies, &world.guess, world.scratch, &world.walk);
    world.seen = *gw_stack_seen(world.scratch);
    world.met = *gw_stack_met(world.scratch);
    return result;
}

static bool is_root_part(const struct gw_walk *walk, const struct stack *stack)
{
    if (walk->n > stack->depth || walk->omitted)
        return false;
    for (uint32_t i = 0; i < walk->n; i++)
        if (walk->frames[i].frame != stack->places[i].frame ||
            walk->frames[i].code != world.codes[stack->places[i].code].addr)
            return false;
    return true;
}

static bool is_root_part_of(const struct stack *stack)
{
    return is_root_part(&world.walk, stack);
}

/* One tick, in which the stack changes after the n-th range has been read. */
static enum gw_walk_result tick_with_change(size_t n)
{
    world.image.fake.n_ranges_read = 0;
    world.change_at = n;
    world.image.fake.after_range = change_when_due;
    enum gw_walk_result result = tick();
    world.image.fake.after_range = NULL;
    return result;
}

/* Ticks with the change after the first range, the second and so on, until it comes too late to be
 * seen. `known`: what the ticks before have taught about the thread. Returns the number of ticks
 * that gave a stack. */
static unsigned change_at_each_instant(const struct gw_stack_guess *known)
{
    unsigned n_ok = 0;
    size_t n = 0;
    do {
        show(&world.before);
        world.guess = *known;
        enum gw_walk_result result = tick_with_change(++n);
        assert_int_not_equal(result, GW_WALK_EMPTY);
        if (result == GW_WALK_OK) {
            assert_true(is_root_part_of(&world.before) || is_root_part_of(&world.after));
            assert_true(is_root_part(&world.met, &world.before) ||
                        is_root_part(&world.met, &world.after));
            n_ok++;
        }
    } while (world.image.fake.n_ranges_read >= n);
    return n_ok;
}

/* What ticks on the stack before the change teach. */
static struct gw_stack_guess learn(void)
{
    world.guess = (struct gw_stack_guess){.tstate = world.thread.tstate};
    show(&world.before);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tick(), GW_WALK_OK);
        assert_true(is_root_part_of(&world.before));
        assert_int_equal(world.walk.n, world.before.depth);
    }
    return world.guess;
}

static size_t ranges_of_a_copy(const struct gw_stack_guess *guess)
{
    return 1u + (guess->chunk_bytes > 0) + guess->n_hot;
}

/* Ticks with the change right between the copies, then with it at any other instant, both for a
 * thread that is known and for one that is met for the first time. */
static enum gw_walk_result change_between_copies(void)
{
    struct gw_stack_guess known = learn();
    struct gw_stack_guess unknown = {.tstate = world.thread.tstate};
    change_at_each_instant(&unknown);
    assert_true(change_at_each_instant(&known) > 0);
    show(&world.before);
    world.guess = known;
    return tick_with_change(ranges_of_a_copy(&known));
}

static void leaf_returns(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        for (unsigned code = 0; code < 4; code++)
            push(code, IMAGE_IN_CHUNK);
        world.after = world.before;
        world.after.depth = 3;
        assert_int_equal(change_between_copies(), GW_WALK_OK);
        assert_int_equal(world.walk.n, 3);
        assert_true(is_root_part_of(&world.before) && is_root_part_of(&world.after));
    }
}

static void leaf_is_another_function_at_the_same_place(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(0, IMAGE_IN_CHUNK);
        push(1, IMAGE_IN_CHUNK);
        world.after = world.before;
        world.after.places[1].code = 2;
        assert_int_equal(change_between_copies(), GW_WALK_OK);
        assert_int_equal(world.walk.n, 1);
        assert_true(is_root_part_of(&world.before) && is_root_part_of(&world.after));
    }
}

/* main calls x, x calls leaf; then main calls y, y calls leaf, in the same memory. */
static void caller_changes_under_the_same_leaf(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(0, IMAGE_IN_CHUNK);
        push(1, IMAGE_IN_CHUNK);
        push(3, IMAGE_IN_CHUNK);
        world.after = world.before;
        world.after.places[1].code = 2;
        assert_int_equal(change_between_copies(), GW_WALK_OK);
        assert_int_equal(world.walk.n, 1);
        assert_true(is_root_part_of(&world.before) && is_root_part_of(&world.after));
    }
}

/* main calls x, which calls a leaf of its own; then the same with y. The leaf is elsewhere, as the
 * frame of a generator is, and has not been met before. */
static void caller_changes_under_a_new_leaf(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(0, IMAGE_IN_CHUNK);
        push(1, IMAGE_IN_CHUNK);
        struct gw_stack_guess known = learn();
        fake_heap_alloc(&world.image.heap, 8192);
        push(3, IMAGE_OUTSIDE);
        world.after = world.before;
        world.after.places[1].code = 2;
        world.after.places[2].code = 4;
        assert_true(change_at_each_instant(&known) > 0);
    }
}

/* The same with a leaf that is known, called through a generator that is not. */
static void caller_changes_under_a_new_generator(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(0, IMAGE_IN_CHUNK);
        push(1, IMAGE_IN_CHUNK);
        push(3, IMAGE_IN_CHUNK);
        struct gw_stack_guess known = learn();
        struct place leaf = world.before.places[--world.before.depth];
        fake_heap_alloc(&world.image.heap, 8192);
        push(3, IMAGE_OUTSIDE);
        world.before.places[world.before.depth++] = leaf;
        world.after = world.before;
        world.after.places[1].code = 2;
        world.after.places[2].code = 4;
        assert_true(change_at_each_instant(&known) > 0);
    }
}

static void nothing_is_shared(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(1, IMAGE_IN_CHUNK);
        push(3, IMAGE_IN_CHUNK);
        world.after = world.before;
        world.after.places[0].code = 2;
        /* It is looked at again then: what it has become. */
        assert_int_equal(change_between_copies(), GW_WALK_OK);
        assert_int_equal(world.walk.n, 2);
        assert_true(is_root_part_of(&world.after));
    }
}

/* While it yields, a generator's frame may be the newest one and have no caller any more. */
static void generator_without_its_caller(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(0, IMAGE_IN_CHUNK);
        push(1, IMAGE_OUTSIDE);
        struct gw_stack_guess known = learn();
        image_put(&world.image, world.thread.leaf, GW_F_frame_previous, 0);
        world.after = world.before;
        world.guess = known;
        assert_int_equal(tick_with_change(2 * ranges_of_a_copy(&known)), GW_WALK_OK);
        assert_int_equal(world.walk.n, 2);
        assert_true(is_root_part_of(&world.before));
    }
}

/* Frames far apart, each in a range of its own, none met before: they are read one by one. */
static void scattered_frames_change(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        for (unsigned i = 0; i < 6; i++) {
            push(i ? 1 : 0, IMAGE_OUTSIDE);
            fake_heap_alloc(&world.image.heap, 8192);
        }
        world.after = world.before;
        for (unsigned i = 1; i < 6; i++)
            world.after.places[i].code = 2;
        assert_int_equal(change_between_copies(), GW_WALK_OK);
        assert_int_equal(world.walk.n, 1);
        assert_true(is_root_part_of(&world.before) && is_root_part_of(&world.after));
    }
}

/* What the first copy shows is the stack before the change, whatever the walk keeps of it. */
static void first_copy_shows_a_leaf_that_returned(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(0, IMAGE_IN_CHUNK);
        push(1, IMAGE_IN_CHUNK);
        push(3, IMAGE_IN_CHUNK);
        world.after = world.before;
        world.after.depth = 2;
        assert_int_equal(change_between_copies(), GW_WALK_OK);
        assert_int_equal(world.walk.n, 2);
        assert_int_equal(world.seen.n, 3);
        assert_true(is_root_part(&world.seen, &world.before));
    }
}

/* Another function is called from the same place: it and its caller have met, though it was not
 * there for the first copy. Up to 3.10 that takes reading frame by frame. */
static void callee_of_the_second_copy_has_met_its_caller(void **state)
{
    (void)state;
    FOR_EACH_VERSION(minor)
    {
        push(0, IMAGE_IN_CHUNK);
        push(1, IMAGE_IN_CHUNK);
        push(3, IMAGE_IN_CHUNK);
        world.after = world.before;
        world.after.places[2].code = 4;
        assert_int_equal(change_between_copies(), GW_WALK_OK);
        assert_int_equal(world.walk.n, 2);
        assert_true(is_root_part(&world.met, &world.after));
        assert_int_equal(world.met.n, world.image.layout->frames == GW_FRAMES_HEAP ? 2 : 3);
        assert_true(is_root_part(&world.seen, &world.before));
    }
}

/* The leaf returns right behind the copy of what names it, and loses its code (3.14 on). It is what
 * was called last from there, unless its caller is another function by now. */
static void leaf_that_lost_its_code(void **state)
{
    (void)state;
    unsigned n_tried = 0;
    FOR_EACH_VERSION(minor)
    {
        if (!world.image.layout->clears_popped)
            continue;
        for (unsigned caller = 1; caller <= 2; caller++) {
            world.before.depth = 0;
            push(0, IMAGE_IN_CHUNK);
            push(1, IMAGE_IN_CHUNK);
            push(3, IMAGE_IN_CHUNK);
            struct gw_stack_guess known = learn();
            world.after = world.before;
            world.after.depth = 2;
            world.after.places[1].code = caller;
            world.clears = true;
            world.guess = known;
            assert_int_equal(tick_with_change(1), GW_WALK_OK);
            assert_int_equal(world.walk.n, 2);
            assert_int_equal(world.seen.n, caller == 1 ? 3 : 2);
            assert_int_equal(world.seen.frames[1].code, world.codes[caller].addr);
            if (caller == 1)
                assert_int_equal(world.seen.frames[2].code, world.codes[3].addr);
            n_tried++;
        }
    }
    assert_int_equal(n_tried, 4); /* 3.14 and 3.15 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_returns),
        cmocka_unit_test(first_copy_shows_a_leaf_that_returned),
        cmocka_unit_test(callee_of_the_second_copy_has_met_its_caller),
        cmocka_unit_test(leaf_that_lost_its_code),
        cmocka_unit_test(leaf_is_another_function_at_the_same_place),
        cmocka_unit_test(caller_changes_under_the_same_leaf),
        cmocka_unit_test(caller_changes_under_a_new_leaf),
        cmocka_unit_test(caller_changes_under_a_new_generator),
        cmocka_unit_test(nothing_is_shared),
        cmocka_unit_test(generator_without_its_caller),
        cmocka_unit_test(scattered_frames_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
