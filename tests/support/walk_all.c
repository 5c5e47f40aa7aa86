/* SPDX-License-Identifier: Apache-2.0 */
#include "support/walk_all.h"

#include <stdlib.h>

#include "cpython/ccall.h"
#include "cpython/code.h"
#include "cpython/frames.h"
#include "cpython/gil.h"
#include "cpython/threads.h"

#define PID 1
/* A list that goes round in hostile memory has thousands of threads, all alike. */
#define MAX_WALKED 16u
#define ARENA_BYTES ((size_t)2 << 20)

/* Made once: a fuzzer calls thousands of times a second. */
static struct gw_thread_list list;
static struct gw_stack_scratch *scratch;
static uint8_t *arena;

/* Of one process. */
struct reader {
    const struct gw_rmem *memory;
    const struct gw_layout *layout;
    struct gw_strtab *strings;
    struct gw_functions *functions;
    struct gw_codes *codes;
    struct gw_ccalls *ccalls;
};

static void make_once(void)
{
    if (arena)
        return;
    scratch = gw_stack_scratch_new();
    arena = malloc(ARENA_BYTES);
    if (gw_thread_list_init(&list) || !scratch || !arena)
        abort();
}

static void reader_init(struct reader *reader, const struct gw_rmem *memory,
                        const struct gw_layout *layout)
{
    *reader = (struct reader){.memory = memory, .layout = layout, .strings = gw_strtab_new()};
    if (reader->strings)
        reader->functions = gw_functions_new(reader->strings);
    if (reader->functions)
        reader->codes = gw_codes_new(memory, layout, reader->functions);
    if (!reader->codes || gw_codes_reserve(reader->codes, 64))
        abort();
    reader->ccalls =
        gw_ccalls_new(memory, layout, reader->codes, reader->functions, reader->strings);
    if (!reader->ccalls || gw_ccalls_reserve(reader->ccalls, 64))
        abort();
}

static void reader_fini(struct reader *reader)
{
    gw_ccalls_free(reader->ccalls);
    gw_codes_free(reader->codes);
    gw_functions_free(reader->functions);
    gw_strtab_free(reader->strings);
}

static void locate(struct reader *reader, const struct gw_walk *walk)
{
    static struct gw_location locations[GW_MAX_FRAMES];
    if (walk->n == 0 || walk->n > GW_MAX_FRAMES)
        abort();
    if (!gw_codes_locate(reader->codes, walk->frames, walk->n, locations))
        return;
    for (uint32_t i = 0; i < walk->n; i++)
        if (locations[i].function >= gw_functions_count(reader->functions))
            abort();
}

/* What the leaf calls, however still it is taken to be. */
static void call(struct reader *reader, const struct gw_frame *leaf,
                 const struct gw_stack_image *image)
{
    static const enum gw_ccall_pose poses[] = {GW_CCALL_RUNS, GW_CCALL_SLEEPS, GW_CCALL_NO_GIL};
    for (size_t i = 0; i < sizeof poses / sizeof poses[0]; i++) {
        struct gw_ccall found = gw_ccall_of(reader->ccalls, leaf, poses[i], image);
        if (found.function >= gw_functions_count(reader->functions) ||
            (found.function && found.kind != GW_CCALL_IN))
            abort();
    }
}

/* Met for the first time, then as part of a batched read with what was learnt. */
static void walk_thread(struct reader *reader, gw_raddr tstate)
{
    const struct gw_rmem *memory = reader->memory;
    const struct gw_layout *layout = reader->layout;
    static struct gw_rmem_range ranges[GW_IMAGE_RANGES];
    static struct gw_walk walk;
    struct gw_stack_guess guess = {.tstate = tstate};
    if (gw_stack_walk(memory, layout, NULL, &guess, scratch, &walk) == GW_WALK_OK) {
        locate(reader, &walk);
        call(reader, &walk.frames[walk.n - 1], NULL);
    }
    struct gw_stack_image image;
    if (gw_stack_image_bytes(layout, &guess) > ARENA_BYTES)
        abort();
    gw_stack_image_plan(layout, &guess, ranges, arena, &image);
    if (2 * image.n > GW_IMAGE_RANGES)
        abort();
    gw_rmem_readv(memory, ranges, 2 * image.n);
    if (gw_stack_walk(memory, layout, &image, &guess, scratch, &walk) == GW_WALK_OK) {
        locate(reader, &walk);
        call(reader, &walk.frames[walk.n - 1], &image);
    }
}

static void read_gil(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr gil)
{
    uint8_t copy[GW_MAX_GIL_BYTES];
    struct gw_gil_words words;
    ssize_t got = gw_rmem_read_some(memory, gil, copy, layout->extent[GW_S_gil]);
    if (got < 0)
        abort();
    struct gw_span span = gw_span_of(copy, (size_t)got);
    if (gw_gil_decode(layout, span, &words) && !gw_gil_same(&words, &words))
        abort();
    gw_gil_waiters(layout, span, gw_gil_learn_cond(layout, gil, gil + 72));
}

void walk_all(struct fake_rmem *fake, const struct gw_python *python)
{
    make_once();
    list.tid_offset = 0;
    if (gw_thread_list_read(&fake->memory, python, PID, NULL, NULL, &list))
        return;
    struct reader reader;
    reader_init(&reader, &fake->memory, &python->layout);
    for (size_t i = 0; i < list.n_tstates && i < MAX_WALKED; i++)
        walk_thread(&reader, list.tstates[i].addr);
    for (size_t i = 0; i < list.n_interpreters && i < MAX_WALKED; i++)
        read_gil(&fake->memory, &python->layout, list.interpreters[i].gil);
    reader_fini(&reader);
}
