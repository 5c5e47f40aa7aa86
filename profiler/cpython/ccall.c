/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/ccall.h"

#include <stdlib.h>

#include "cpython/callable.h"
#include "cpython/callsite.h"

#define WORD sizeof(uint64_t)
/* Each takes almost a microsecond. One is not enough: reading halts the thread, so that a short
 * loop may be met at the same place again. */
#define SIGHTS 4u

struct gw_ccalls {
    const struct gw_rmem *memory;
    const struct gw_layout *layout;
    struct gw_codes *codes;
    struct gw_callsites *sites;
    struct gw_callables *callables;
};

struct gw_ccalls *gw_ccalls_new(const struct gw_rmem *memory, const struct gw_layout *layout,
                                struct gw_codes *codes, struct gw_functions *functions,
                                struct gw_strtab *strings)
{
    struct gw_ccalls *ccalls = calloc(1, sizeof *ccalls);
    if (!ccalls)
        return NULL;
    ccalls->memory = memory;
    ccalls->layout = layout;
    ccalls->codes = codes;
    ccalls->sites = gw_callsites_new(memory, layout, strings);
    ccalls->callables = gw_callables_new(memory, layout, functions, strings);
    if (!ccalls->sites || !ccalls->callables) {
        gw_ccalls_free(ccalls);
        return NULL;
    }
    return ccalls;
}

void gw_ccalls_free(struct gw_ccalls *ccalls)
{
    if (!ccalls)
        return;
    gw_callsites_free(ccalls->sites);
    gw_callables_free(ccalls->callables);
    free(ccalls);
}

void gw_ccalls_begin_tick(struct gw_ccalls *ccalls)
{
    gw_callables_begin_tick(ccalls->callables);
}

int gw_ccalls_reserve(struct gw_ccalls *ccalls, size_t n)
{
    int err = gw_callsites_reserve(ccalls->sites, n);
    return err ? err : gw_callables_reserve(ccalls->callables, n);
}

/* --- the frame's stack ---------------------------------------------------------------------------
 */

/* Values of a frame's stack around a call. */
struct values {
    uint64_t words[2]; /* the callable, and what lies behind it; of an operator below it */
    uint64_t top;      /* how many values the frame says it has, UINT64_MAX: it does not say */
    uint64_t instr;    /* where the frame was then */
};

/* Where values are read: a copy of an image, or what is there now. */
struct place {
    const struct gw_rmem *memory;
    const struct gw_stack_image *image; /* NULL: now */
    enum gw_stack_copy copy;
};

static void want_word(struct gw_rmem_range *ranges, size_t *n, gw_raddr addr, uint64_t *out)
{
    ranges[(*n)++] = (struct gw_rmem_range){.addr = addr, .buf = out, .len = WORD};
}

/* All of them together, so that they are of one instant as nearly as can be. */
static bool read_words(const struct place *place, struct gw_rmem_range *ranges, size_t n)
{
    for (size_t i = 0; place->image && i < n; i++) {
        if (!gw_stack_image_peek(place->image, place->copy, ranges[i].addr, ranges[i].buf, WORD))
            return false;
        ranges[i].got = WORD;
    }
    if (!place->image && gw_rmem_readv(place->memory, ranges, n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (ranges[i].got != WORD)
            return false;
    return true;
}

/* Where the values of the frame begin. */
static bool find_bottom(const struct place *place, const struct gw_layout *layout,
                        const struct gw_frame *frame, const struct gw_callsite *site, gw_raddr *out)
{
    struct gw_rmem_range range;
    size_t n = 0;
    switch (layout->frames) {
    case GW_FRAMES_HEAP:
        want_word(&range, &n, frame->frame + gw_layout_at(layout, GW_F_frame_valuestack), out);
        return read_words(place, &range, n);
    case GW_FRAMES_STACK:
        *out =
            frame->frame + gw_layout_at(layout, GW_F_frame_localsplus) + WORD * site->nlocalsplus;
        return true;
    }
    return false;
}

static bool read_values(const struct place *place, const struct gw_layout *layout,
                        const struct gw_frame *frame, const struct gw_callsite *site,
                        struct values *out)
{
    struct gw_rmem_range ranges[4];
    size_t n = 0;
    gw_raddr bottom;
    *out = (struct values){.top = UINT64_MAX};
    if (!find_bottom(place, layout, frame, site, &bottom))
        return false;
    want_word(ranges, &n, frame->frame + gw_layout_at(layout, GW_F_frame_instr), &out->instr);
    bool has_top = gw_layout_has(layout, GW_F_frame_stackpointer);
    if (has_top)
        want_word(ranges, &n, frame->frame + gw_layout_at(layout, GW_F_frame_stackpointer),
                  &out->top);
    want_word(ranges, &n, bottom + WORD * site->slot, &out->words[0]);
    if (site->kind == GW_CALLSITE_PAIR)
        want_word(ranges, &n, bottom + WORD * (site->slot + 1u), &out->words[1]);
    if (site->gives_bool && site->slot)
        want_word(ranges, &n, bottom + WORD * (site->slot - 1u), &out->words[1]);
    if (!read_words(place, ranges, n))
        return false;
    if (has_top)
        out->top = (out->top - bottom) / WORD;
    return true;
}

/* The frame has not gone on. Up to 3.10 only the lower half of the word is the place. */
static bool is_at(const struct gw_frame *frame, const struct values *values)
{
    return (uint32_t)values->instr == (uint32_t)frame->instr;
}

/* From 3.14 on a reference has tags, and small integers are no objects. */
static gw_raddr object_of(const struct gw_layout *layout, uint64_t word)
{
    uint64_t tags = ~layout->pointer_mask;
    return tags && (word & tags) == tags ? 0 : word & layout->pointer_mask;
}

/* --- the call ------------------------------------------------------------------------------------
 */

/* A method before its self is a descriptor, for what is bound has its self already: anything else
 * that can be called and lies there is what the call gave. */
static struct gw_callable callable_of(struct gw_ccalls *ccalls, const struct gw_callsite *site,
                                      const struct values *values)
{
    static const struct gw_callable none = {.kind = GW_CALLABLE_NOT};
    gw_raddr first = object_of(ccalls->layout, values->words[0]);
    if (site->kind == GW_CALLSITE_ONE)
        return first ? gw_callable_at(ccalls->callables, first, site->source) : none;
    if (!first) {
        gw_raddr second = object_of(ccalls->layout, values->words[1]);
        return second ? gw_callable_at(ccalls->callables, second, site->source) : none;
    }
    struct gw_callable callable = gw_callable_at(ccalls->callables, first, site->source);
    bool is_result = callable.kind == GW_CALLABLE_C && !callable.takes_self;
    return is_result ? none : callable;
}

/* There is a C callable where the call has it. Is the thread in it, or is that the result? */
static struct gw_ccall place_still(const struct gw_callsite *site, const struct values *values,
                                   const struct gw_callable *callable)
{
    struct gw_ccall in = {.kind = GW_CCALL_IN, .sure = true, .function = callable->function};
    if (values->top != UINT64_MAX && values->top != site->depth)
        return (struct gw_ccall){.kind = GW_CCALL_OVER, .sure = true};
    if (values->top != UINT64_MAX || site->kind == GW_CALLSITE_PAIR)
        return in;
    if (site->source && site->source != callable->last)
        return (struct gw_ccall){.kind = GW_CCALL_OVER};
    in.sure = site->source != 0;
    return in;
}

/* The same call is there at another time. */
static bool is_there_too(const struct gw_ccalls *ccalls, const struct place *place,
                         const struct gw_frame *frame, const struct gw_callsite *site,
                         const struct values *values)
{
    struct values then;
    return read_values(place, ccalls->layout, frame, site, &then) && is_at(frame, &then) &&
           then.words[0] == values->words[0] && then.words[1] == values->words[1];
}

/* It was still there when the thread's stack was copied for the second time. */
static bool is_there_later(const struct gw_ccalls *ccalls, const struct gw_frame *frame,
                           const struct gw_callsite *site, const struct values *values,
                           const struct gw_stack_image *image)
{
    struct place later = {.memory = ccalls->memory, .image = image, .copy = GW_STACK_COPY_B};
    return is_there_too(ccalls, &later, frame, site, values);
}

/* Of a thread that goes on, the place may be that of one call and the callable that of the next.
 * The name in the source text shows it, but for functions that are called by another name: those
 * calls have to be there for longer. */
static bool lasts(const struct gw_ccalls *ccalls, const struct gw_frame *frame,
                  const struct gw_callsite *site, const struct values *values,
                  const struct gw_stack_image *image)
{
    struct place now = {.memory = ccalls->memory};
    bool there = is_there_later(ccalls, frame, site, values, image);
    for (unsigned i = 0; there && i < SIGHTS; i++)
        there = is_there_too(ccalls, &now, frame, site, values);
    return there;
}

static struct gw_ccall place_call(const struct gw_ccalls *ccalls, const struct gw_frame *frame,
                                  const struct gw_callsite *site, const struct values *values,
                                  const struct gw_callable *callable, enum gw_ccall_pose pose,
                                  const struct gw_stack_image *image)
{
    switch (callable->kind) {
    case GW_CALLABLE_UNREADABLE:
        return (struct gw_ccall){.kind = GW_CCALL_UNKNOWN};
    case GW_CALLABLE_NOT:
        return (struct gw_ccall){.kind = GW_CCALL_OVER, .sure = pose != GW_CCALL_RUNS};
    case GW_CALLABLE_PYTHON:
        return (struct gw_ccall){.kind = GW_CCALL_PYTHON};
    case GW_CALLABLE_C:
        break;
    }
    if (pose == GW_CCALL_NO_GIL)
        return place_still(site, values, callable);
    bool same_name = site->source && site->source == callable->last;
    if (pose == GW_CCALL_RUNS && !same_name && !lasts(ccalls, frame, site, values, image))
        return (struct gw_ccall){.kind = GW_CCALL_UNKNOWN};
    return (struct gw_ccall){.kind = GW_CCALL_IN,
                             .sure = pose == GW_CCALL_SLEEPS || same_name,
                             .function = callable->function};
}

/* An operator is over in no time as a rule, and its operands are gone with it: of a thread that
 * goes on it is only named if it lasts; and never on operands on which it cannot: then what lasts
 * is the thread's wait for a CPU. Up to 3.9 a thread may be made to let go at any instruction. What
 * was compared moves up to make room for the result (3.15: CONTAINS_OP, Python/bytecodes.c) before
 * the frame goes on: a bool where it was tells that it is over. */
static struct gw_ccall place_slot(struct gw_ccalls *ccalls, const struct gw_frame *frame,
                                  const struct gw_callsite *site, const struct values *values,
                                  enum gw_ccall_pose pose, const struct gw_stack_image *image)
{
    struct gw_ccall none = {.kind = GW_CCALL_NONE};
    bool runs = pose == GW_CCALL_RUNS, brief;
    if (pose == GW_CCALL_NO_GIL && !ccalls->layout->breaks_at_calls)
        return (struct gw_ccall){.kind = GW_CCALL_UNKNOWN};
    if (runs && !is_there_later(ccalls, frame, site, values, image))
        return none;
    struct gw_callable callable = gw_callable_slot(
        ccalls->callables, object_of(ccalls->layout, values->words[0]), site->source, &brief);
    if (callable.kind != GW_CALLABLE_C ||
        (runs && (brief || !lasts(ccalls, frame, site, values, image))))
        return none;
    if (site->gives_bool &&
        gw_callable_is_bool(ccalls->callables, object_of(ccalls->layout, values->words[1])))
        return none;
    return (struct gw_ccall){.kind = GW_CCALL_IN, .sure = !runs, .function = callable.function};
}

struct gw_ccall gw_ccall_of(struct gw_ccalls *ccalls, const struct gw_frame *frame,
                            enum gw_ccall_pose pose, const struct gw_stack_image *image)
{
    struct gw_ccall unknown = {.kind = GW_CCALL_UNKNOWN};
    int64_t offset;
    uint64_t identity = gw_codes_place(ccalls->codes, frame, &offset);
    if (!identity || ccalls->layout->free_threaded)
        return unknown;
    struct gw_callsite site = gw_callsite_at(ccalls->sites, frame->code, identity, offset);
    if (site.kind == GW_CALLSITE_NONE)
        return (struct gw_ccall){.kind = GW_CCALL_NONE};
    if (site.kind == GW_CALLSITE_UNKNOWN)
        return unknown;
    struct place copied = {.memory = ccalls->memory, .image = image, .copy = GW_STACK_COPY_A};
    struct place now = {.memory = ccalls->memory};
    struct values values;
    if (image && !read_values(&copied, ccalls->layout, frame, &site, &values))
        image = NULL; /* values of heap frames are not copied, nor is a frame that came late */
    if ((!image && !read_values(&now, ccalls->layout, frame, &site, &values)) ||
        !is_at(frame, &values))
        return unknown;
    if (site.kind == GW_CALLSITE_SLOT)
        return place_slot(ccalls, frame, &site, &values, pose, image);
    struct gw_callable callable = callable_of(ccalls, &site, &values);
    return place_call(ccalls, frame, &site, &values, &callable, pose, image);
}

bool gw_ccall_is_over(const struct gw_ccall *ccall)
{
    return ccall->kind == GW_CCALL_OVER && ccall->sure;
}

bool gw_ccall_is_in_c(const struct gw_layout *layout, const struct gw_ccall *ccall)
{
    if (ccall->kind == GW_CCALL_IN)
        return ccall->sure;
    return ccall->kind == GW_CCALL_NONE && layout->breaks_at_calls;
}
