/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/native_stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/internals.h"
#include "native/function_map.h"
#include "native/names.h"
#include "native/objects.h"
#include "native/unwind.h"
#include "sample/session_state.h"

#define MAX_PENDING 1024u
/* What is remembered of code: its function and its role in one number. */
#define ROLE_BITS 2u
#define ROLE_MASK ((1u << ROLE_BITS) - 1)

struct gw_native_stacks {
    struct gw_objects *objects;
    struct gw_unwinder *unwinder;
    enum gw_native_mode mode;
    struct gw_function_map known; /* function << ROLE_BITS | role */
    bool due;
    gw_raddr pending[MAX_PENDING]; /* to be named */
    uint32_t n_pending;
    struct gw_native_path path; /* of the look under way */
};

struct gw_native_stacks *gw_native_stacks_new(pid_t pid, const struct gw_rmem *memory,
                                              enum gw_native_mode mode)
{
    struct gw_native_stacks *native = calloc(1, sizeof *native);
    if (!native)
        return NULL;
    native->mode = mode;
    native->objects = gw_objects_new(pid);
    native->unwinder = native->objects ? gw_unwinder_new(native->objects, memory) : NULL;
    if (!native->unwinder) {
        gw_native_stacks_free(native);
        return NULL;
    }
    return native;
}

void gw_native_stacks_free(struct gw_native_stacks *native)
{
    if (!native)
        return;
    gw_unwinder_free(native->unwinder);
    gw_objects_free(native->objects);
    gw_function_map_free(&native->known);
    free(native);
}

/* --- in the tick ---------------------------------------------------------------------------------
 */

static enum gw_internal_role role_of(uint32_t known)
{
    return (enum gw_internal_role)(known & ROLE_MASK);
}

/* What is being followed. */
struct trail {
    const struct gw_native_stacks *native;
    struct gw_native_path *path;
};

static bool is_eval(const struct gw_native_stacks *native, gw_raddr pc)
{
    uint32_t known;
    return gw_function_map_find(&native->known, pc, &known) && role_of(known) == GW_INTERNAL_EVAL;
}

/* Collect up to the innermost Python frame, which the evaluation loop stands for. */
static bool collect(void *context, gw_raddr pc)
{
    struct trail *trail = context;
    if (is_eval(trail->native, pc))
        return false;
    trail->path->pcs[trail->path->n++] = pc;
    return trail->path->n < GW_MAX_NATIVE_FRAMES;
}

bool gw_native_follow(struct gw_native_stacks *native, const struct gw_native_place *place,
                      struct gw_native_path *out)
{
    struct trail trail = {native, out};
    out->n = 0;
    enum gw_unwind_result result = gw_unwind(native->unwinder, place, collect, &trail);
    out->is_cut = result == GW_UNWIND_CUT;
    native->due |= result == GW_UNWIND_DUE;
    return result != GW_UNWIND_DUE;
}

bool gw_native_is_named(struct gw_native_stacks *native, const struct gw_native_path *path)
{
    bool all = true;
    for (uint32_t i = 0; i < path->n; i++) {
        uint32_t known;
        if (gw_function_map_find(&native->known, path->pcs[i], &known))
            continue;
        all = false;
        if (native->n_pending < MAX_PENDING)
            native->pending[native->n_pending++] = path->pcs[i];
    }
    native->due |= !all;
    return all;
}

static uint32_t push(struct gw_session *session, uint32_t stack, uint32_t function)
{
    return gw_stacks_push(session->definitions->stacks, stack, function, 0);
}

bool gw_native_is_in_c(const struct gw_native_stacks *native, const struct gw_native_path *path)
{
    return path->is_cut || (path->n > 0 && !is_eval(native, path->pcs[0]));
}

uint32_t gw_native_push(struct gw_session *session, uint32_t stack,
                        const struct gw_native_path *path)
{
    const struct gw_native_stacks *native = session->native;
    uint32_t end = 0, known = 0;
    while (end < path->n && !is_eval(native, path->pcs[end])) /* it had no name when it was met */
        end++;
    if (path->is_cut && end == path->n)
        stack = push(session, stack,
                     gw_functions_intern_native(session->definitions->functions,
                                                "[native frames unknown]", ""));
    for (uint32_t i = end; i-- > 0;) {
        gw_function_map_find(&native->known, path->pcs[i], &known);
        if (role_of(known) == GW_INTERNAL_NONE || native->mode == GW_NATIVE_ALL)
            stack = push(session, stack, known >> ROLE_BITS);
    }
    return stack;
}

/* --- asleep --------------------------------------------------------------------------------------
 */

static bool has_slept(const struct gw_thread *thread)
{
    struct gw_schedstat now;
    return thread->has_sched && gw_task_schedstat(&thread->task, &now) == 0 &&
           now.cpu_ns == thread->sched.cpu_ns && now.slices == thread->sched.slices;
}

/* What it is in then is the wait itself; the thread's state says it better. */
static bool waits_for_gil(const struct gw_session *session, const struct gw_look *look)
{
    const struct gw_thread *thread = session->threads[look->thread];
    uint32_t gil = gw_session_thread_gil(session, thread);
    return look->class == GW_SYSCALL_FUTEX && gil < session->n_gils &&
           gw_gil_classify_futex(&session->python.layout, session->gils[gil].addr,
                                 look->call.args[0]) != GW_GIL_FUTEX_NONE;
}

void gw_native_stack_look(struct gw_session *session, const struct gw_look *look)
{
    struct gw_native_stacks *native = session->native;
    struct gw_thread *thread = session->threads[look->thread];
    if (!native || thread->lost || look->call.pc == 0 ||
        (native->mode == GW_NATIVE_FOLDED && waits_for_gil(session, look)))
        return;
    const struct gw_native_place place = {.sp = look->call.sp, .pc = look->call.pc};
    bool is_whole = gw_native_follow(native, &place, &native->path);
    if (is_whole && !has_slept(thread))
        return;
    if (!is_whole || !gw_native_is_named(native, &native->path))
        thread->late = true;
    else
        thread->stack = gw_native_push(session, thread->stack, &native->path);
}

/* --- between ticks -------------------------------------------------------------------------------
 */

/* "[+0x1a20]" of a function without a symbol. */
static uint32_t unnamed(struct gw_functions *functions, const struct gw_native_name *name)
{
    char text[32];
    snprintf(text, sizeof text, "[+%#llx]", (unsigned long long)name->start);
    return gw_functions_intern_native(functions, text, name->object);
}

/* Unless that is known already, of another address. */
static void remember(struct gw_native_stacks *native, gw_raddr pc, struct gw_function_range range)
{
    uint32_t known;
    int err = 0;
    if (!gw_function_map_find(&native->known, pc, &known))
        err = gw_function_map_put(&native->known, pc, range);
    (void)err; /* without memory it is asked for again */
}

static void take_name(void *context, gw_raddr pc, const struct gw_native_name *name)
{
    struct gw_session *session = context;
    struct gw_functions *functions = session->definitions->functions;
    bool is_own = strcmp(name->path, session->python.binary) == 0;
    enum gw_internal_role role = GW_INTERNAL_NONE;
    if (is_own) /* one that has no name tells nobody anything */
        role = *name->function ? gw_internal_role(name->function) : GW_INTERNAL_CALL;
    uint32_t function = *name->function
                            ? gw_functions_intern_native(functions, name->function, name->object)
                            : unnamed(functions, name);
    remember(session->native, pc,
             (struct gw_function_range){name->begin, name->end, function << ROLE_BITS | role});
}

static void forget(struct gw_native_stacks *native)
{
    gw_unwinder_forget(native->unwinder);
    gw_function_map_free(&native->known);
}

/* Of what was met, the addresses in objects that have been opened, or in none, come first. Those in
 * others are met again. */
static uint32_t take_pending(struct gw_native_stacks *native)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < native->n_pending; i++) {
        bool due;
        gw_objects_find(native->objects, native->pending[i], &due);
        if (!due)
            native->pending[n++] = native->pending[i];
    }
    native->n_pending = 0;
    return n;
}

void gw_native_stacks_tend(struct gw_session *session, uint64_t now_ns)
{
    struct gw_native_stacks *native = session->native;
    if (gw_objects_tend(native->objects, now_ns))
        forget(native);
    if (gw_definitions_reserve(session->definitions))
        return;
    uint32_t n = take_pending(native);
    native->due = false;
    gw_native_name(native->objects, native->pending, n, take_name, session);
    for (uint32_t i = 0; i < n; i++) /* what is in no object has no name */
        remember(native, native->pending[i],
                 (struct gw_function_range){native->pending[i], native->pending[i] + 1, 0});
}

bool gw_native_stacks_due(const struct gw_session *session, uint64_t now_ns)
{
    const struct gw_native_stacks *native = session->native;
    return native && (native->due || gw_objects_is_due(native->objects, now_ns));
}
