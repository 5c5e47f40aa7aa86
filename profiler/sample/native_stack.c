/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/native_stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "cpython/internals.h"
#include "native/names.h"
#include "native/objects.h"
#include "native/unwind.h"
#include "sample/session_state.h"

#define SPARE_ADDRESSES 4096u
#define MAX_PENDING 1024u
/* What is remembered of an address: its function and its role in one number. */
#define ROLE_BITS 2u
#define ROLE_MASK ((1u << ROLE_BITS) - 1)

struct gw_native_stacks {
    struct gw_objects *objects;
    struct gw_unwinder *unwinder;
    enum gw_native_mode mode;
    struct gw_idmap known; /* of an address: function << ROLE_BITS | role */
    bool due;
    gw_raddr pending[MAX_PENDING]; /* to be named */
    uint32_t n_pending;
    /* The stack under way, innermost first. */
    gw_raddr pcs[GW_MAX_NATIVE_FRAMES];
    uint32_t n;
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
    if (!native->unwinder || gw_idmap_reserve(&native->known, SPARE_ADDRESSES)) {
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
    gw_idmap_free(&native->known);
    free(native);
}

/* --- in the tick ---------------------------------------------------------------------------------
 */

static enum gw_internal_role role_of(uint32_t known)
{
    return (enum gw_internal_role)(known & ROLE_MASK);
}

/* Collect up to the innermost Python frame, which the evaluation loop stands for. */
static bool collect(void *context, gw_raddr pc)
{
    struct gw_native_stacks *native = context;
    uint32_t known = 0;
    if (gw_idmap_find(&native->known, pc, &known) && role_of(known) == GW_INTERNAL_EVAL)
        return false;
    native->pcs[native->n++] = pc;
    return native->n < GW_MAX_NATIVE_FRAMES;
}

/* False: some are yet to be named. */
static bool ask_for_names(struct gw_native_stacks *native)
{
    bool all = true;
    for (uint32_t i = 0; i < native->n; i++) {
        uint32_t known;
        if (gw_idmap_find(&native->known, native->pcs[i], &known))
            continue;
        all = false;
        if (native->n_pending < MAX_PENDING)
            native->pending[native->n_pending++] = native->pcs[i];
    }
    return all;
}

static bool has_slept(const struct gw_thread *thread)
{
    struct gw_schedstat now;
    return thread->has_sched && gw_task_schedstat(&thread->task, &now) == 0 &&
           now.cpu_ns == thread->sched.cpu_ns && now.slices == thread->sched.slices;
}

static void push(struct gw_session *session, struct gw_thread *thread, uint32_t function)
{
    thread->stack = gw_stacks_push(session->definitions->stacks, thread->stack, function, 0);
}

static bool waits_for_gil(const struct gw_session *session, const struct gw_look *look)
{
    const struct gw_thread *thread = session->threads[look->thread];
    uint32_t gil = gw_session_thread_gil(session, thread);
    return look->class == GW_SYSCALL_FUTEX && gil < session->n_gils &&
           gw_gil_classify_futex(&session->python.layout, session->gils[gil].addr,
                                 look->call.args[0]) != GW_GIL_FUTEX_NONE;
}

/* Innermost of the frames that are shown. A wait for the GIL is one in frames of the C library that
 * the interpreter has called; the thread's state says it better. */
static uint32_t innermost_shown(const struct gw_session *session, const struct gw_look *look)
{
    const struct gw_native_stacks *native = session->native;
    uint32_t first = 0, known;
    if (native->mode == GW_NATIVE_ALL || !waits_for_gil(session, look))
        return 0;
    while (first < native->n && gw_idmap_find(&native->known, native->pcs[first], &known) &&
           role_of(known) == GW_INTERNAL_NONE)
        first++;
    return first;
}

static void push_frames(struct gw_session *session, const struct gw_look *look, bool is_cut)
{
    const struct gw_native_stacks *native = session->native;
    struct gw_thread *thread = session->threads[look->thread];
    uint32_t first = innermost_shown(session, look), known = 0;
    if (is_cut)
        push(session, thread,
             gw_functions_intern_native(session->definitions->functions, "[native frames unknown]",
                                        ""));
    for (uint32_t i = native->n; i-- > first;) {
        gw_idmap_find(&native->known, native->pcs[i], &known);
        if (role_of(known) == GW_INTERNAL_NONE || native->mode == GW_NATIVE_ALL)
            push(session, thread, known >> ROLE_BITS);
    }
}

void gw_native_stack_look(struct gw_session *session, const struct gw_look *look)
{
    struct gw_native_stacks *native = session->native;
    struct gw_thread *thread = session->threads[look->thread];
    if (!native || thread->lost || look->call.pc == 0)
        return;
    native->n = 0;
    enum gw_unwind_result result =
        gw_unwind(native->unwinder, look->call.sp, look->call.pc, collect, native);
    if (result != GW_UNWIND_DUE && !has_slept(thread))
        return;
    if (!ask_for_names(native) || result == GW_UNWIND_DUE) {
        native->due = thread->late = true;
        return;
    }
    push_frames(session, look, result == GW_UNWIND_CUT);
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
    gw_idmap_put(&session->native->known, pc, function << ROLE_BITS | role);
}

static void forget(struct gw_native_stacks *native)
{
    gw_unwinder_forget(native->unwinder);
    gw_idmap_free(&native->known);
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
    if (gw_idmap_reserve(&native->known, native->known.n + SPARE_ADDRESSES) ||
        gw_definitions_reserve(session->definitions))
        return;
    uint32_t n = take_pending(native);
    native->due = false;
    gw_native_name(native->objects, native->pending, n, take_name, session);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t known;
        if (!gw_idmap_find(&native->known, native->pending[i], &known)) /* in no object */
            gw_idmap_put(&native->known, native->pending[i], 0);
    }
}

bool gw_native_stacks_due(const struct gw_session *session)
{
    return session->native && session->native->due;
}
