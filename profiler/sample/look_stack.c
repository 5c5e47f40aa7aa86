/* SPDX-License-Identifier: Apache-2.0 */
/* The stack of a thread that is looked at: walked, located, and given its id. */
#include <stdio.h>

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

/* Turn the session's walk into a stack id; frames that have not moved keep theirs. */
static bool intern_walk(struct gw_session *session, struct gw_thread *thread)
{
    const struct gw_walk *walk = &session->walk;
    uint32_t same = 0;
    if (walk->omitted == thread->omitted)
        while (same < walk->n && same < thread->n_frames &&
               same_place(&walk->frames[same], &thread->frames[same]))
            same++;
    uint32_t fresh = walk->n - same;
    if (fresh && !gw_codes_locate(session->codes, walk->frames + same, fresh, session->locations))
        return false;
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
    if (walk->omitted && walk->n == GW_MAX_FRAMES / 2) /* the mark is all that is left of the leaf */
        stack = push_omitted(session, stack, walk->omitted);
    if (!fresh && thread->n_frames != walk->n)
        thread->boundary = false; /* a caller, at its call */
    thread->n_frames = walk->n;
    thread->omitted = walk->omitted;
    thread->stack = stack;
    return true;
}

void gw_look_stack(struct gw_session *session, struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    enum gw_walk_result result = gw_stack_walk(&session->memory, &session->python.layout,
                                               look->has_image ? &look->image : NULL,
                                               &thread->guess, session->scratch, &session->walk);
    thread->lost = false;
    if (result == GW_WALK_OK && intern_walk(session, thread))
        return;
    thread->n_frames = 0;
    thread->boundary = false;
    thread->stack = 0;
    if (result != GW_WALK_EMPTY) {
        session->torn++;
        thread->lost = true;
        thread->stack = session->torn_stack;
    }
}
