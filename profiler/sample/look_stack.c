/* SPDX-License-Identifier: Apache-2.0 */
/* The stack of a thread that is looked at: walked, located, and given its id. */
#include <stdio.h>
#include <string.h>

#include "sample/native_stack.h"
#include "sample/session_state.h"

static bool same_place(const struct gw_frame *a, const struct gw_frame *b)
{
    return a->frame == b->frame && a->code == b->code && a->instr == b->instr;
}

static uint32_t push_omitted(struct gw_session *session, uint32_t parent, uint32_t omitted)
{
    char name[48];
    snprintf(name, sizeof name, "[%u frames omitted]", omitted);
    uint32_t function = gw_functions_intern(session->definitions->functions, name, "", 0);
    return gw_stacks_push(session->definitions->stacks, parent, function, 0);
}

/* Near the leaf is where calls are short. */
#define LEARN_FRAMES 8u
#define ENOUGH 2u

/* --- callers and callees that have met ----------------------------------------------------------
 */

/* By the code objects, not by where they are: an address is used again. 0: one is not known yet. */
static uint64_t pair_of(const struct gw_session *session, const struct gw_frame *caller,
                        const struct gw_frame *callee)
{
    uint64_t above = gw_codes_identity(session->codes, callee->code);
    uint64_t below = gw_codes_identity(session->codes, caller->code);
    return above && below ? gw_mix64(below) ^ above : 0;
}

/* Short functions are never among the frames that are certain, which are looked up anyway. */
static bool look_up(struct gw_session *session, const struct gw_frame *frame)
{
    struct gw_location location;
    return gw_codes_identity(session->codes, frame->code) ||
           gw_codes_locate(session->codes, frame, 1, &location);
}

/* Frames number `from` to `end` with their callers. Which functions call which hardly changes, so
 * it is remembered for ever; but only what was seen twice counts, for once may be by chance. */
static void learn_met(struct gw_session *session, const struct gw_walk *walk, uint32_t from,
                      uint32_t end)
{
    for (uint32_t i = from ? from : 1; i < end; i++) {
        const struct gw_frame *caller = &walk->frames[i - 1], *callee = &walk->frames[i];
        if ((walk->omitted && i == GW_MAX_FRAMES / 2) || !look_up(session, caller) ||
            !look_up(session, callee))
            continue;
        uint32_t times = 0;
        uint64_t pair = pair_of(session, caller, callee);
        if (!gw_idmap_find(&session->met, pair, &times) || times < ENOUGH)
            gw_idmap_put(&session->met, pair, times + 1);
    }
}

static bool have_met(const struct gw_session *session, const struct gw_frame *caller,
                     const struct gw_frame *callee)
{
    uint32_t times;
    uint64_t pair = pair_of(session, caller, callee);
    return pair && gw_idmap_find(&session->met, pair, &times) && times >= ENOUGH;
}

/* A walk holds only what was there for as long as the copies took, so calls that are shorter than
 * that would never be seen, and their callers too often. The first copy shows what the thread did
 * at one instant: where it agrees with the walk it takes its place, with what it has more than
 * that, as far as callers and callees are known to meet. False where it does not agree. */
static bool take_seen(struct gw_session *session)
{
    const struct gw_walk *seen = &session->seen_walk;
    struct gw_walk *walk = &session->walk;
    uint32_t n_certain = walk->n;
    if (walk->omitted || seen->omitted || seen->n < n_certain)
        return false;
    for (uint32_t i = 0; i < n_certain; i++)
        if (seen->frames[i].frame != walk->frames[i].frame ||
            seen->frames[i].code != walk->frames[i].code)
            return false;
    uint32_t n = n_certain;
    while (n > 0 && n < seen->n && have_met(session, &seen->frames[n - 1], &seen->frames[n]))
        n++;
    memcpy(walk->frames, seen->frames, n * sizeof seen->frames[0]);
    walk->n = n;
    return true;
}

/* --- the stack ----------------------------------------------------------------------------------
 */

/* Turn the session's walk into a stack id; frames that have not moved keep theirs. The first
 * n_certain frames were there together, the others need not be frames at all. */
static bool intern_walk(struct gw_session *session, struct gw_thread *thread, uint32_t n_certain)
{
    struct gw_walk *walk = &session->walk;
    uint32_t same = 0;
    if (walk->omitted == thread->omitted)
        while (same < walk->n && same < thread->n_frames &&
               same_place(&walk->frames[same], &thread->frames[same]))
            same++;
    uint32_t fresh = walk->n - same;
    if (fresh && !gw_codes_locate(session->codes, walk->frames + same, fresh, session->locations)) {
        if (walk->n <= n_certain)
            return false;
        walk->n = n_certain;
        return intern_walk(session, thread, n_certain);
    }
    uint32_t stack = same ? thread->nodes[same - 1] : 0;
    for (uint32_t i = same; i < walk->n; i++) {
        const struct gw_location *location = &session->locations[i - same];
        if (walk->omitted && i == GW_MAX_FRAMES / 2)
            stack = push_omitted(session, stack, walk->omitted);
        stack =
            gw_stacks_push(session->definitions->stacks, stack, location->function, location->line);
        thread->frames[i] = walk->frames[i];
        thread->nodes[i] = stack;
        thread->boundary = location->boundary;
    }
    if (walk->omitted &&
        walk->n == GW_MAX_FRAMES / 2) /* the mark is all that is left of the leaf */
        stack = push_omitted(session, stack, walk->omitted);
    if (!fresh && thread->n_frames != walk->n)
        thread->boundary = false; /* a caller, at its call */
    thread->n_frames = walk->n;
    thread->omitted = walk->omitted;
    thread->stack = stack;
    return true;
}

static enum gw_walk_result walk(struct gw_session *session, struct gw_thread *thread,
                                const struct gw_stack_image *image)
{
    enum gw_walk_result result = gw_stack_walk(&session->memory, &session->python.layout, image,
                                               &thread->guess, session->scratch, &session->walk);
    if (result == GW_WALK_OK) {
        const struct gw_walk *met = gw_stack_met(session->scratch);
        learn_met(session, met, session->walk.n, met->n);
    }
    return result;
}

/* A thread that once was in a sub-interpreter keeps a thread state there, without frames when it
 * has left: it runs under another one. */
static enum gw_walk_result walk_others(struct gw_session *session, struct gw_thread *thread)
{
    enum gw_walk_result result = GW_WALK_EMPTY;
    struct gw_stack_guess guess = thread->guess;
    for (uint32_t i = 0; i < thread->n_tstates && result == GW_WALK_EMPTY; i++) {
        if (thread->tstates[i].addr == guess.tstate)
            continue;
        thread->guess = (struct gw_stack_guess){.tstate = thread->tstates[i].addr};
        result = walk(session, thread, NULL);
        if (result != GW_WALK_EMPTY)
            thread->current = i;
    }
    if (result == GW_WALK_EMPTY)
        thread->guess = guess;
    return result;
}

/* Cut the session's walk to what an earlier one of the same thread shares with it. */
static void cut_to_shared(struct gw_walk *walk, const struct gw_walk *earlier)
{
    uint32_t half = GW_MAX_FRAMES / 2;
    uint32_t same = 0;
    while (same < walk->n && same < earlier->n &&
           walk->frames[same].frame == earlier->frames[same].frame &&
           walk->frames[same].code == earlier->frames[same].code)
        same++;
    if (walk->omitted == earlier->omitted || same < half) {
        if (same <= half && walk->omitted && same < walk->n)
            walk->omitted = 0;
        walk->n = same;
    } else { /* deep, and as deep no more: the root halves are shared */
        walk->n = half;
        walk->omitted = walk->omitted < earlier->omitted ? walk->omitted : earlier->omitted;
    }
}

/* Calls of some ten nanoseconds make each copy of a stack a mixture of several, and two copies may
 * be the same mixture by chance. A running thread is therefore walked a second time. */
static enum gw_walk_result confirm(struct gw_session *session, struct gw_thread *thread,
                                   const struct gw_look *look)
{
    session->first_walk = session->walk;
    session->seen_walk = *gw_stack_seen(session->scratch);
    session->seen_in_image = gw_stack_seen_in_image(session->scratch);
    enum gw_walk_result result = walk(session, thread, look->has_second ? &look->second : NULL);
    if (result == GW_WALK_OK)
        cut_to_shared(&session->walk, &session->first_walk);
    return result == GW_WALK_OK && session->walk.n == 0 ? GW_WALK_TORN : result;
}

/* --- the C function that the stack ends in ------------------------------------------------------
 */

static enum gw_ccall_pose pose_of(const struct gw_session *session, const struct gw_look *look)
{
    const struct gw_thread *thread = session->threads[look->thread];
    uint32_t at = gw_session_thread_gil(session, thread);
    if (at >= session->n_gils)
        return GW_CCALL_RUNS;
    const struct gw_gil_state *gil = &session->gils[at];
    bool may_hold = gil->holder_before == look->thread || gil->holder_after == look->thread ||
                    gil->holder_before == GW_UNKNOWN_HOLDER ||
                    gil->holder_after == GW_UNKNOWN_HOLDER;
    if (may_hold)
        return GW_CCALL_RUNS;
    bool sleeps = look->call.kind == GW_SYSCALL_INSIDE;
    bool for_gil = sleeps && look->class == GW_SYSCALL_FUTEX &&
                   gw_gil_classify_futex(&session->python.layout, gil->addr, look->call.args[0]) !=
                       GW_GIL_FUTEX_NONE;
    return sleeps && !for_gil ? GW_CCALL_SLEEPS : GW_CCALL_NO_GIL;
}

/* A C function that Python code has called has no frame of its own; it is put on top of its
 * caller's. Of a thread that may go on, the frame has to be of the same instant as its values. */
static void add_ccall(struct gw_session *session, const struct gw_look *look,
                      enum gw_ccall_pose pose, bool is_seen)
{
    struct gw_thread *thread = session->threads[look->thread];
    if (!session->walk.n || (session->walk.omitted && session->walk.n == GW_MAX_FRAMES / 2))
        return;
    bool in_image = look->has_image && (is_seen || pose != GW_CCALL_RUNS);
    thread->ccall = gw_ccall_of(session->ccalls, &session->walk.frames[session->walk.n - 1], pose,
                                in_image ? &look->image : NULL);
    if (thread->ccall.kind == GW_CCALL_IN && thread->ccall.function)
        thread->stack =
            gw_stacks_push(session->definitions->stacks, thread->stack, thread->ccall.function, 0);
}

/* -------------------------------------------------------------------------------------------------
 */

void gw_look_stack(struct gw_session *session, struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    enum gw_walk_result result = walk(session, thread, look->has_image ? &look->image : NULL);
    if (result == GW_WALK_EMPTY && thread->n_tstates > 1)
        result = walk_others(session, thread);
    uint32_t n_certain = session->walk.n;
    bool is_seen = false; /* the stack is the one that the image's first copy shows */
    if (result == GW_WALK_OK && look->call.kind == GW_SYSCALL_RUNNING) {
        result = confirm(session, thread, look);
        if (result == GW_WALK_OK) {
            uint32_t n = session->walk.n;
            learn_met(session, &session->walk, n > LEARN_FRAMES ? n - LEARN_FRAMES : 0, n);
            n_certain = n;
            is_seen = take_seen(session) && session->seen_in_image;
        }
    }
    thread->lost = false;
    thread->ccall = (struct gw_ccall){.kind = GW_CCALL_UNKNOWN};
    if (result == GW_WALK_OK && intern_walk(session, thread, n_certain)) {
        add_ccall(session, look, pose_of(session, look), is_seen);
        gw_native_stack_look(session, look);
        return;
    }
    thread->n_frames = 0;
    thread->boundary = false;
    thread->stack = 0;
    if (result == GW_WALK_EMPTY) {
        gw_native_stack_look(session, look);
        return;
    }
    session->torn++;
    thread->lost = true;
    thread->stack = session->torn_stack;
}

uint32_t gw_look_stack_standing(struct gw_session *session, uint32_t slot,
                                const struct gw_stack_image *image, uint32_t *in_c)
{
    struct gw_thread *thread = session->threads[slot];
    const struct gw_look look = {.thread = slot, .image = *image, .has_image = true};
    const struct gw_thread before = *thread;
    uint32_t stack = *in_c = 0;
    enum gw_walk_result result = walk(session, thread, image);
    if (result == GW_WALK_OK && gw_stack_seen_in_image(session->scratch) &&
        intern_walk(session, thread, session->walk.n)) {
        uint32_t of_frames = thread->stack;
        add_ccall(session, &look, GW_CCALL_SLEEPS, true);
        *in_c = thread->stack;
        thread->stack = of_frames;
        add_ccall(session, &look, GW_CCALL_RUNS, true);
        stack = thread->stack;
    }
    *thread = before;
    return stack;
}
