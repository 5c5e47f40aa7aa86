/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/frames.h"

#include <stdlib.h>
#include <string.h>

#include "cpython/stack_pass.h"

#define PAGE 4096u
#define MAX_ATTEMPTS 16
/* Places asked for although the last walk did not need them: generators within generators are
 * resumed at ever other depths of the C stack, where 3.11 and 3.12 name the leaf. */
#define SPARE_RANGES 4u
#define SPARE_RANGES_CFRAME 16u
/* Of the newest frame its locals and values are wanted as well, for what it has called; where
 * frames are heap objects they lie behind it. */
#define HEAP_LEAF_BYTES 768u
/* More than the chunk's used part a moment ago, as the stack may have grown since. */
#define CHUNK_SLACK 512u
/* User addresses of x86-64 and aarch64 lie below 2^48 (5-level paging is opt-in per mmap). */
#define ADDRESS_LIMIT (1ull << 48)

/* A page-sized piece of stack that no copy covers; read between the copies a and b. */
struct cold_block {
    gw_raddr addr;
    uint32_t len;
    uint8_t bytes[PAGE + GW_MAX_FRAME_BYTES];
};

struct gw_stack_scratch {
    struct gw_rmem_range ranges[GW_IMAGE_RANGES];
    uint8_t arena[2 * (GW_MAX_TSTATE_BYTES + GW_MAX_CHUNK_BYTES + GW_MAX_HOT * PAGE)];
    struct cold_block cold;
    struct gw_pass a, b;
    struct gw_walk seen, met;
    bool in_image;                          /* both were found in the image */
    struct gw_hot_range wanted[GW_MAX_HOT]; /* what the walk of copy a needed */
    uint32_t n_wanted;
};

struct gw_stack_scratch *gw_stack_scratch_new(void)
{
    return calloc(1, sizeof(struct gw_stack_scratch));
}

void gw_stack_scratch_free(struct gw_stack_scratch *scratch)
{
    free(scratch);
}

/* --- images ------------------------------------------------------------------------------- */

size_t gw_stack_image_bytes(const struct gw_layout *layout, const struct gw_stack_guess *guess)
{
    size_t one = layout->extent[GW_S_tstate] + guess->chunk_bytes;
    for (uint32_t i = 0; i < guess->n_hot; i++)
        one += guess->hot[i].len;
    return 2 * one;
}

static void plan_range(struct gw_rmem_range *range, uint8_t **arena, gw_raddr addr, size_t len)
{
    *range = (struct gw_rmem_range){.addr = addr, .buf = *arena, .len = len};
    *arena += len;
}

static void plan_copy(const struct gw_layout *layout, const struct gw_stack_guess *guess,
                      const struct gw_stack_image *image, struct gw_rmem_range *ranges,
                      uint8_t *arena)
{
    plan_range(&ranges[image->tstate], &arena, guess->tstate, layout->extent[GW_S_tstate]);
    if (guess->chunk_bytes)
        plan_range(&ranges[image->tstate + 1], &arena, guess->chunk, guess->chunk_bytes);
    for (uint32_t i = 0; i < guess->n_hot; i++)
        plan_range(&ranges[image->hot + i], &arena, guess->hot[i].addr, guess->hot[i].len);
}

/* The leaf is named by the thread state, or by a place in the C stack that the guess knows.
 * Whatever is read first is seen as it was: reading takes the cache line from the thread, which
 * then halts where it writes to it next, in the middle of a call or a return. */
void gw_stack_image_plan(const struct gw_layout *layout, const struct gw_stack_guess *guess,
                         struct gw_rmem_range *ranges, uint8_t *arena, struct gw_stack_image *out)
{
    size_t n_fixed = guess->chunk_bytes ? 2 : 1;
    bool hot_first = layout->frame_root == GW_FRAME_ROOT_CFRAME;
    out->n = n_fixed + guess->n_hot;
    out->tstate = hot_first ? guess->n_hot : 0;
    out->hot = hot_first ? 0 : n_fixed;
    out->a = ranges;
    out->b = ranges + out->n;
    plan_copy(layout, guess, out, out->a, arena);
    plan_copy(layout, guess, out, out->b, arena + gw_stack_image_bytes(layout, guess) / 2);
}

static struct gw_span span_of_range(const struct gw_rmem_range *range)
{
    return gw_span_of(range->buf, range->got);
}

struct gw_span gw_stack_image_tstate(const struct gw_stack_image *image)
{
    return span_of_range(&image->a[image->tstate]);
}

/* The bytes at addr within one copy. The search starts where the last one ended, because a chain
 * is met in the order in which it was met the last time. */
static bool find_in_copy(const struct gw_rmem_range *copy, size_t n, size_t *cursor, gw_raddr addr,
                         uint32_t len, struct gw_span *out)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = *cursor + i < n ? *cursor + i : *cursor + i - n;
        const struct gw_rmem_range *range = &copy[at];
        if (addr < range->addr || addr - range->addr > range->got ||
            range->got - (addr - range->addr) < len)
            continue;
        *cursor = at;
        *out = gw_span_of((const uint8_t *)range->buf + (addr - range->addr), len);
        return true;
    }
    return false;
}

bool gw_stack_image_peek(const struct gw_stack_image *image, enum gw_stack_copy copy, gw_raddr addr,
                         void *out, size_t len)
{
    const struct gw_rmem_range *ranges = copy == GW_STACK_COPY_A ? image->a : image->b;
    size_t cursor = image->tstate;
    struct gw_span bytes;
    return len <= UINT32_MAX &&
           find_in_copy(ranges, image->n, &cursor, addr, (uint32_t)len, &bytes) &&
           gw_span_peek(bytes, 0, out, len);
}

/* --- reading what no copy holds ------------------------------------------------------------- */

static bool is_plausible(gw_raddr addr)
{
    return addr >= PAGE && addr < ADDRESS_LIMIT && addr % 8 == 0;
}

/* The whole page of addr: callers lie at lower addresses of a data-stack chunk, and at higher ones
 * of a C stack. */
static bool read_cold(const struct gw_rmem *memory, struct cold_block *block, gw_raddr addr,
                      uint32_t len, struct gw_span *out)
{
    if (addr < block->addr || addr - block->addr > block->len ||
        block->len - (addr - block->addr) < len) {
        block->addr = addr & ~(gw_raddr)(PAGE - 1);
        block->len = (uint32_t)(addr - block->addr) + len;
        if (block->len < PAGE)
            block->len = PAGE;
        if (gw_rmem_read(memory, block->addr, block->bytes, block->len)) {
            block->len = 0;
            return false;
        }
    }
    *out = gw_span_of(block->bytes + (addr - block->addr), len);
    return true;
}

/* Note a place for the next guess; neighbours become one, as each range of a batched read costs as
 * much as a few KiB of copying. */
static void want(struct gw_stack_scratch *scratch, gw_raddr addr, uint32_t len)
{
    if (scratch->n_wanted) {
        struct gw_hot_range *last = &scratch->wanted[scratch->n_wanted - 1];
        gw_raddr start = addr < last->addr ? addr : last->addr;
        gw_raddr last_end = last->addr + last->len;
        gw_raddr end = addr + len > last_end ? addr + len : last_end;
        if (end - start <= PAGE) {
            *last = (struct gw_hot_range){.addr = start, .len = (uint32_t)(end - start)};
            return;
        }
    }
    if (scratch->n_wanted < GW_MAX_HOT)
        scratch->wanted[scratch->n_wanted++] = (struct gw_hot_range){.addr = addr, .len = len};
}

/* --- one pass ------------------------------------------------------------------------------- */

/* Where a pass gets its bytes: one copy, and for the first pass the live target behind it. */
struct source {
    const struct gw_rmem_range *copy;
    size_t n, cursor;
    const struct gw_rmem *memory;     /* NULL: only the copy */
    struct gw_stack_scratch *scratch; /* where needed places are noted, NULL: they are not */
    size_t tstate, hot;               /* as in gw_stack_image */
    bool one_by_one;                  /* never twice out of the same read */
    bool on_heap;                     /* frames are heap objects */
};

/* Bytes to ask for next time at a place of which len were needed now. */
static uint32_t wanted_bytes(const struct source *source, const struct gw_pass *pass, uint32_t len)
{
    return source->on_heap && pass->n == 0 && len < HEAP_LEAF_BYTES ? HEAP_LEAF_BYTES : len;
}

static bool fetch(struct source *source, struct gw_pass *pass, gw_raddr addr, uint32_t len,
                  struct gw_span *out)
{
    if (!is_plausible(addr))
        return false;
    if (find_in_copy(source->copy, source->n, &source->cursor, addr, len, out)) {
        bool is_hot = source->hot > source->tstate ? source->cursor >= source->hot
                                                   : source->cursor < source->tstate;
        if (source->scratch && is_hot)
            want(source->scratch, addr, wanted_bytes(source, pass, len));
        pass->back_in_copy |= pass->first_cold != 0;
        return true;
    }
    if (!pass->first_cold) {
        pass->first_cold = addr;
        pass->n_before_cold = pass->n;
    }
    if (source->one_by_one)
        source->scratch->cold.len = 0;
    if (!source->memory || !read_cold(source->memory, &source->scratch->cold, addr, len, out))
        return false;
    want(source->scratch, addr, wanted_bytes(source, pass, len));
    return true;
}

static bool leaf_frame(struct source *source, struct gw_pass *pass, const struct gw_layout *layout,
                       gw_raddr *out)
{
    struct gw_span tstate = span_of_range(&source->copy[source->tstate]);
    if (!gw_layout_get(layout, GW_F_tstate_frame, tstate, out))
        return false;
    switch (layout->frame_root) {
    case GW_FRAME_ROOT_POINTER:
        return true;
    case GW_FRAME_ROOT_CFRAME: {
        struct gw_span cframe;
        return !*out || (fetch(source, pass, *out, layout->extent[GW_S_cframe], &cframe) &&
                         gw_layout_get(layout, GW_F_cframe_current_frame, cframe, out));
    }
    }
    return false;
}

/* FRAME_OWNED_BY_GENERATOR, the same since 3.11: Include/internal/pycore_frame.h, from 3.14 on
 * pycore_interpframe_structs.h. */
#define OWNED_BY_GENERATOR 1

/* A frame that is Python's own: no shim of the C stack, and not one being cleared. */
static bool is_python(const struct gw_layout *layout, struct gw_span bytes, uint64_t code)
{
    uint64_t owner = 0;
    if (!code)
        return false;
    return !gw_layout_get(layout, GW_F_frame_owner, bytes, &owner) || owner < layout->first_shim;
}

/* FRAME_OWNED_BY_THREAD, likewise. */
#define OWNED_BY_THREAD 0

/* A frame of a call that has ended since the thread state was copied. */
static bool is_popped(const struct gw_layout *layout, struct gw_span bytes, uint64_t code)
{
    uint64_t owner;
    return layout->clears_popped && !code &&
           gw_layout_get(layout, GW_F_frame_owner, bytes, &owner) && owner == OWNED_BY_THREAD;
}

/* Whatever resumes a generator stands before it: one without a caller was cut off from it by a
 * yield that is under way. */
static bool is_cut_off(const struct gw_layout *layout, struct gw_span bytes, uint64_t previous)
{
    uint64_t owner;
    return !previous && gw_layout_get(layout, GW_F_frame_owner, bytes, &owner) &&
           owner == OWNED_BY_GENERATOR;
}

/* A frame whose function has begun, and which does not run: one that is about to run its first
 * instruction has the mark of one that calls. */
static bool calls_python(const struct gw_layout *layout, struct gw_span caller)
{
    uint64_t stacktop, code, instr;
    if (!gw_layout_get(layout, GW_F_frame_stacktop, caller, &stacktop) ||
        !gw_layout_get(layout, GW_F_frame_code, caller, &code) ||
        !gw_layout_get(layout, GW_F_frame_instr, caller, &instr))
        return false;
    return (int32_t)stacktop >= 0 && instr > code + gw_layout_at(layout, GW_F_code_bytecode);
}

/* The place of the chunk among the copied ones is the next after the thread state's. Both frames in
 * one piece of it are of one instant; heap frames are read one by one, from the leaf on. What
 * stands above a caller that runs, or calls C code, ended long ago (3.11 to 3.13; from 3.14 on it
 * has no code any more). */
static bool calls(const struct source *source, const struct gw_layout *layout,
                  struct gw_span caller, bool leaf_in_chunk)
{
    if (layout->frames == GW_FRAMES_HEAP)
        return source->one_by_one;
    if (!leaf_in_chunk || source->cursor != source->tstate + 1)
        return false;
    return layout->clears_popped || calls_python(layout, caller);
}

/* Follow the chain to its end. False if it breaks, runs in a circle or (without a live target)
 * leaves the copy; first_cold tells the last from the others. */
static bool run_pass(struct source *source, const struct gw_layout *layout, struct gw_pass *pass)
{
    uint32_t len = layout->extent[GW_S_frame];
    gw_raddr at, mark = 0;
    pass->n = 0;
    pass->first_cold = 0;
    pass->n_before_cold = 0;
    pass->back_in_copy = false;
    pass->n_popped = 0;
    pass->is_called = false;
    bool leaf_in_chunk = false;
    gw_raddr caller = 0; /* of the leaf */
    if (!leaf_frame(source, pass, layout, &at))
        return false;
    for (uint32_t steps = 0, next_mark = 1; at; steps++) {
        struct gw_span bytes;
        struct gw_frame frame = {.frame = at};
        uint64_t previous;
        if (steps == GW_MAX_WALK || at == mark || !fetch(source, pass, at, len, &bytes))
            return false;
        if (steps == next_mark) { /* Brent: a circle meets a mark set at a power of two */
            mark = at;
            next_mark *= 2;
        }
        if (!gw_layout_get(layout, GW_F_frame_code, bytes, &frame.code) ||
            !gw_layout_get(layout, GW_F_frame_previous, bytes, &previous) ||
            !gw_layout_get(layout, GW_F_frame_instr, bytes, &frame.instr) ||
            is_cut_off(layout, bytes, previous))
            return false;
        frame.code &= layout->pointer_mask;
        if (pass->n == 1 && at == caller)
            pass->is_called = calls(source, layout, bytes, leaf_in_chunk);
        if (pass->n == 0) {
            leaf_in_chunk = source->cursor == source->tstate + 1;
            caller = previous;
        }
        if (is_python(layout, bytes, frame.code))
            gw_pass_push(pass, frame);
        else if (is_popped(layout, bytes, frame.code))
            gw_pass_push_popped(pass, at);
        at = previous;
    }
    return true;
}

/* Copy b's pass met a frame that only the live target had in copy a's pass. If all that is behind
 * it was read from the target, between the copies, the two passes share it: it could not change
 * while a frame above it was on the stack, and the comparison insists on one. A chain that comes
 * back to the copy (over a generator's frame) mixes two instants, and is read again instead. */
static bool splice_cold_tail(const struct gw_pass *a, struct gw_pass *b)
{
    if (!b->first_cold || b->first_cold != a->first_cold || a->back_in_copy)
        return false;
    uint64_t tail = a->n - a->n_before_cold;
    for (uint64_t left = tail; left > 0; left--) {
        const struct gw_frame *frame = gw_pass_frame(a, left - 1);
        if (frame)
            gw_pass_push(b, *frame);
        else if (b->n < GW_PASS_HALF)
            return false; /* it belongs to the leaf half of b, and a did not keep it */
        else
            b->n++;
    }
    return true;
}

/* The frames both passes share, 0 if that cannot be relied upon: of a spliced stack one frame of
 * the copies has to be shared as well. */
static uint64_t reliable_depth(const struct gw_layout *layout, const struct gw_pass *a,
                               const struct gw_pass *b)
{
    uint64_t depth = gw_pass_common_depth(a, b, gw_frame_same);
    uint64_t tail = a->first_cold ? a->n - a->n_before_cold : 0;
    if (layout->frames == GW_FRAMES_HEAP)
        return depth;
    return depth > tail ? depth : 0;
}

/* --- the walk ------------------------------------------------------------------------------- */

enum attempt {
    ATTEMPT_DONE,
    ATTEMPT_AGAIN, /* the copies do not reach far enough, or do not fit together */
    ATTEMPT_BROKEN,
};

/* live: copy b has not been taken yet, and cold parts may be read before it is. */
static enum attempt walk_copies(const struct gw_rmem *live, const struct gw_layout *layout,
                                const struct gw_stack_image *image,
                                struct gw_stack_scratch *scratch)
{
    struct source a = {.copy = image->a,
                       .n = image->n,
                       .memory = live,
                       .scratch = scratch,
                       .tstate = image->tstate,
                       .hot = image->hot,
                       .on_heap = layout->frames == GW_FRAMES_HEAP};
    struct source b = {.copy = image->b, .n = image->n, .tstate = image->tstate, .hot = image->hot};
    scratch->n_wanted = 0;
    scratch->cold.len = 0;
    if (!run_pass(&a, layout, &scratch->a))
        return !live && scratch->a.first_cold ? ATTEMPT_AGAIN : ATTEMPT_BROKEN;
    if (live && gw_rmem_readv(live, image->b, image->n))
        return ATTEMPT_BROKEN;
    if (!run_pass(&b, layout, &scratch->b) && !splice_cold_tail(&scratch->a, &scratch->b))
        return ATTEMPT_AGAIN;
    return ATTEMPT_DONE;
}

/* Where the thread's chunk is and how much of it is used, out of the newest thread state. */
static void guess_chunk(const struct gw_layout *layout, struct gw_span tstate,
                        struct gw_stack_guess *guess)
{
    uint64_t chunk, top;
    guess->chunk_bytes = 0;
    if (layout->frames != GW_FRAMES_STACK ||
        !gw_layout_get(layout, GW_F_tstate_datastack_chunk, tstate, &chunk) ||
        !gw_layout_get(layout, GW_F_tstate_datastack_top, tstate, &top) || !is_plausible(chunk) ||
        top < chunk)
        return;
    uint64_t used = top - chunk + CHUNK_SLACK;
    if (used > GW_MAX_CHUNK_BYTES) { /* the end nearest to the leaf */
        chunk = (top + CHUNK_SLACK - GW_MAX_CHUNK_BYTES) & ~7ull;
        used = GW_MAX_CHUNK_BYTES;
    }
    guess->chunk = chunk;
    guess->chunk_bytes = (uint32_t)used;
}

static bool in_chunk(const struct gw_stack_guess *guess, const struct gw_hot_range *range)
{
    return guess->chunk_bytes && range->addr >= guess->chunk &&
           range->addr + range->len <= guess->chunk + guess->chunk_bytes;
}

static bool overlaps(const struct gw_hot_range *a, const struct gw_hot_range *b)
{
    return a->addr < b->addr + b->len && b->addr < a->addr + a->len;
}

static bool is_kept(const struct gw_stack_guess *guess, const struct gw_hot_range *range)
{
    for (uint32_t i = 0; i < guess->n_hot; i++)
        if (overlaps(&guess->hot[i], range))
            return true;
    return false;
}

/* The range, with what was asked for there before: a thread goes up and down in its C stack, and
 * the bytes of a page cost less than another read. Heap frames are many, and each is elsewhere. */
static struct gw_hot_range widened(const struct gw_stack_guess *before, struct gw_hot_range range)
{
    for (uint32_t i = 0; i < before->n_hot; i++) {
        const struct gw_hot_range *old = &before->hot[i];
        gw_raddr start = old->addr < range.addr ? old->addr : range.addr;
        gw_raddr end = old->addr + old->len > range.addr + range.len ? old->addr + old->len
                                                                     : range.addr + range.len;
        if (overlaps(old, &range) && end - start <= PAGE)
            range = (struct gw_hot_range){.addr = start, .len = (uint32_t)(end - start)};
    }
    return range;
}

/* Ask next time for what this walk needed, but for what the chunk covers anyway; and for a few of
 * the places needed before it, as a thread that goes from Python to C and back meets the same
 * frames on its C stack again and again. */
static void keep_wanted(const struct gw_layout *layout, const struct gw_stack_scratch *scratch,
                        struct gw_stack_guess *guess)
{
    bool cframes = layout->frame_root == GW_FRAME_ROOT_CFRAME;
    uint32_t n_spare = cframes ? SPARE_RANGES_CFRAME : SPARE_RANGES;
    struct gw_hot_range before[SPARE_RANGES_CFRAME], fresh[GW_MAX_HOT];
    uint32_t n_before = 0;
    for (uint32_t i = 0; i < guess->n_hot && n_before < n_spare; i++) {
        bool again = false;
        for (uint32_t j = 0; j < scratch->n_wanted && !again; j++)
            again = overlaps(&guess->hot[i], &scratch->wanted[j]);
        if (!again)
            before[n_before++] = guess->hot[i];
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < scratch->n_wanted; i++)
        if (!in_chunk(guess, &scratch->wanted[i]))
            fresh[n++] = layout->frames == GW_FRAMES_HEAP ? scratch->wanted[i]
                                                          : widened(guess, scratch->wanted[i]);
    memcpy(guess->hot, fresh, n * sizeof *fresh);
    guess->n_hot = n;
    for (uint32_t i = 0; i < n_before && guess->n_hot < GW_MAX_HOT; i++)
        if (!in_chunk(guess, &before[i]) && !is_kept(guess, &before[i]))
            guess->hot[guess->n_hot++] = before[i];
}

/* Read the thread on its own, copy b after whatever the walk of copy a needed. */
static enum attempt walk_alone(const struct gw_rmem *memory, const struct gw_layout *layout,
                               struct gw_stack_guess *guess, struct gw_stack_scratch *scratch)
{
    struct gw_stack_image image;
    gw_stack_image_plan(layout, guess, scratch->ranges, scratch->arena, &image);
    if (gw_rmem_readv(memory, image.a, image.n))
        return ATTEMPT_BROKEN;
    struct gw_span tstate = gw_stack_image_tstate(&image);
    enum attempt attempt = walk_copies(memory, layout, &image, scratch);
    guess_chunk(layout, tstate, guess);
    keep_wanted(layout, scratch, guess);
    return attempt;
}

/*
 * Frames that are heap objects (up to 3.10) are other ones for each function called, so the leaf of
 * a thread that makes short calls is never where it was. There each frame is read when the one
 * above it has told where it is, twice over: a frame object always knows its true caller, and the
 * two readings have to agree.
 */
static enum attempt walk_heap(const struct gw_rmem *memory, const struct gw_layout *layout,
                              struct gw_stack_guess *guess, struct gw_stack_scratch *scratch)
{
    uint8_t *tstate = scratch->arena;
    struct gw_rmem_range copy = {
        .addr = guess->tstate, .buf = tstate, .len = layout->extent[GW_S_tstate]};
    struct source source = {.copy = &copy,
                            .n = 1,
                            .memory = memory,
                            .scratch = scratch,
                            .hot = 1,
                            .one_by_one = true,
                            .on_heap = true};
    for (int i = 0; i < 2; i++) {
        scratch->n_wanted = 0;
        if (gw_rmem_readv(memory, &copy, 1) ||
            !run_pass(&source, layout, i ? &scratch->b : &scratch->a))
            return ATTEMPT_BROKEN;
    }
    keep_wanted(layout, scratch, guess);
    return ATTEMPT_DONE;
}

/* The root of a thread's stack hardly ever changes. One that did is believed when a second look
 * finds it again: a generator cut off from its caller in the middle of a yield is no root. */
static bool root_is_believed(const struct gw_pass *pass, struct gw_stack_guess *guess)
{
    const struct gw_frame *root = gw_pass_frame(pass, 0);
    bool known = guess->root.frame == root->frame && guess->root.code == root->code;
    guess->root = *root;
    return known;
}

/* How many frames from the root on the second pass shows with callers that they have met. */
static uint64_t met_depth(const struct gw_stack_scratch *scratch)
{
    uint64_t depth = gw_pass_common_depth(&scratch->a, &scratch->b, gw_frame_same_call);
    bool more = depth > 0 && depth + 1 == scratch->b.n && scratch->b.is_called;
    return depth + more;
}

static void see(struct gw_stack_guess *guess, struct gw_stack_scratch *scratch)
{
    gw_pass_emit(&scratch->b, met_depth(scratch), &scratch->met);
    gw_pass_emit(&scratch->a, scratch->a.n, &scratch->seen);
    gw_pass_revive(&scratch->a, guess, &scratch->seen);
    gw_pass_remember_calls(&scratch->a, guess);
}

const struct gw_walk *gw_stack_seen(const struct gw_stack_scratch *scratch)
{
    return &scratch->seen;
}

bool gw_stack_seen_in_image(const struct gw_stack_scratch *scratch)
{
    return scratch->in_image;
}

const struct gw_walk *gw_stack_met(const struct gw_stack_scratch *scratch)
{
    return &scratch->met;
}

enum gw_walk_result gw_stack_walk(const struct gw_rmem *memory, const struct gw_layout *layout,
                                  const struct gw_stack_image *image, struct gw_stack_guess *guess,
                                  struct gw_stack_scratch *scratch, struct gw_walk *out)
{
    enum attempt attempt = ATTEMPT_AGAIN;
    if (image) {
        attempt = walk_copies(NULL, layout, image, scratch);
        guess_chunk(layout, gw_stack_image_tstate(image), guess);
        if (attempt == ATTEMPT_DONE)
            keep_wanted(layout, scratch, guess);
    }
    for (int i = 0;; i++) {
        uint64_t depth = 0;
        if (attempt == ATTEMPT_DONE && !scratch->a.n && !scratch->b.n)
            return GW_WALK_EMPTY;
        if (attempt == ATTEMPT_DONE)
            depth = reliable_depth(layout, &scratch->a, &scratch->b);
        if (depth && root_is_believed(&scratch->b, guess)) {
            gw_pass_emit(&scratch->b, depth, out);
            see(guess, scratch);
            scratch->in_image = image && i == 0;
            return GW_WALK_OK;
        }
        if (i == MAX_ATTEMPTS)
            return GW_WALK_TORN;
        attempt = layout->frames == GW_FRAMES_HEAP ? walk_heap(memory, layout, guess, scratch)
                                                   : walk_alone(memory, layout, guess, scratch);
    }
}
