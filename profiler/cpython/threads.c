/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* struct pthread is searched this far for the tid of the main thread (glibc 2.36: at 720). */
#define PTHREAD_SEARCH_BYTES 2048u
/* So many known thread states in a row, and no new one is behind them: one that is bound to its
 * thread late stands a few places from the head. */
#define ENOUGH_KNOWN 8u
/* A walk that meets a thread state which has just ended is begun again, so often at most. */
#define MAX_WALKS 4u

int gw_thread_list_init(struct gw_thread_list *list)
{
    memset(list, 0, sizeof *list);
    list->tstates = calloc(GW_MAX_THREADS, sizeof *list->tstates);
    return list->tstates ? 0 : -ENOMEM;
}

void gw_thread_list_fini(struct gw_thread_list *list)
{
    free(list->tstates);
    memset(list, 0, sizeof *list);
}

static int read_field(const struct gw_rmem *memory, const struct gw_layout *layout,
                      enum gw_field field, gw_raddr object, uint64_t *out)
{
    return gw_rmem_read(memory, object + gw_layout_at(layout, field), out, sizeof *out);
}

static int read_gil_address(const struct gw_rmem *memory, const struct gw_python *python,
                            gw_raddr interp, gw_raddr *out)
{
    switch (python->layout.gil_home) {
    case GW_GIL_IN_RUNTIME:
        *out = python->runtime + gw_layout_at(&python->layout, GW_F_runtime_gil);
        return 0;
    case GW_GIL_BY_INTERPRETER:
        return read_field(memory, &python->layout, GW_F_interp_gil, interp, out);
    }
    return -GW_E_LAYOUT;
}

static int read_interpreter(const struct gw_rmem *memory, const struct gw_python *python,
                            gw_raddr addr, struct gw_interpreter *out, gw_raddr *next)
{
    const struct gw_layout *layout = &python->layout;
    uint64_t id;
    *out = (struct gw_interpreter){.addr = addr};
    if (read_field(memory, layout, GW_F_interp_id, addr, &id) ||
        read_field(memory, layout, GW_F_interp_next, addr, next) ||
        read_field(memory, layout, GW_F_interp_threads_head, addr, &out->head) ||
        read_gil_address(memory, python, addr, &out->gil))
        return -GW_E_TORN;
    out->id = (int64_t)id;
    return 0;
}

static void read_interpreters(const struct gw_rmem *memory, const struct gw_python *python,
                              struct gw_thread_list *list)
{
    gw_raddr addr = 0;
    list->n_interpreters = 0;
    if (read_field(memory, &python->layout, GW_F_runtime_interpreters_head, python->runtime, &addr))
        list->complete = false;
    while (addr) {
        gw_raddr next;
        if (list->n_interpreters == GW_MAX_INTERPRETERS ||
            read_interpreter(memory, python, addr, &list->interpreters[list->n_interpreters],
                             &next)) {
            list->complete = false;
            return;
        }
        list->n_interpreters++;
        addr = next;
    }
}

/* Up to 3.10 a thread state only knows its pthread_t; glibc keeps the kernel's tid inside. */
static uint32_t tid_of_pthread(const struct gw_rmem *memory, uint64_t pthread, uint32_t offset)
{
    int32_t tid;
    if (!offset || gw_rmem_read(memory, pthread + offset, &tid, sizeof tid) || tid <= 0)
        return 0;
    return (uint32_t)tid;
}

static int read_tstate(const struct gw_rmem *memory, const struct gw_layout *layout, gw_raddr addr,
                       gw_raddr interp, struct gw_tstate *out, gw_raddr *next)
{
    uint8_t copy[GW_MAX_TSTATE_BYTES];
    struct gw_span span = gw_span_of(copy, layout->extent[GW_S_tstate]);
    uint64_t back, tid = 0;
    if (gw_rmem_read(memory, addr, copy, span.len))
        return -GW_E_TORN;
    if (!gw_layout_get(layout, GW_F_tstate_interp, span, &back) || back != interp ||
        !gw_layout_get(layout, GW_F_tstate_next, span, next))
        return -GW_E_TORN;
    *out = (struct gw_tstate){.addr = addr};
    gw_layout_get(layout, GW_F_tstate_id, span, &out->id);
    gw_layout_get(layout, GW_F_tstate_thread_id, span, &out->ident);
    gw_layout_get(layout, GW_F_tstate_native_thread_id, span, &tid);
    out->ns_tid = (uint32_t)tid;
    return 0;
}

/* Who asks for a list, and what it knows of it. */
struct reading {
    const struct gw_rmem *memory;
    const struct gw_layout *layout;
    gw_tstate_known known;
    const void *context;
};

/* Returns 0, -GW_E_TORN where a thread state is none (any more), -E2BIG at a limit. */
static int walk_tstates(const struct reading *reading, uint32_t interpreter,
                        struct gw_thread_list *list)
{
    gw_raddr interp = list->interpreters[interpreter].addr;
    gw_raddr addr = list->interpreters[interpreter].head;
    for (uint32_t steps = 0, n_known = 0; addr && n_known < ENOUGH_KNOWN; steps++) {
        gw_raddr next;
        struct gw_tstate *slot = &list->tstates[list->n_tstates];
        if (steps == GW_MAX_THREADS || list->n_tstates == GW_MAX_THREADS)
            return -E2BIG;
        if (read_tstate(reading->memory, reading->layout, addr, interp, slot, &next))
            return -GW_E_TORN;
        if (reading->known && reading->known(reading->context, addr, slot->id)) {
            n_known++;
        } else {
            slot->interpreter = interpreter;
            list->n_tstates++;
        }
        addr = next;
    }
    return 0;
}

/* The newest thread may end between the look at the head of the list and the look at its thread
 * state; without a new try not one thread would be found behind it. */
static void read_tstates(const struct reading *reading, uint32_t interpreter,
                         struct gw_thread_list *list)
{
    struct gw_interpreter *interp = &list->interpreters[interpreter];
    size_t before = list->n_tstates;
    int err = walk_tstates(reading, interpreter, list);
    for (unsigned walks = 1; err == -GW_E_TORN && walks < MAX_WALKS; walks++) {
        if (read_field(reading->memory, reading->layout, GW_F_interp_threads_head, interp->addr,
                       &interp->head))
            break;
        list->n_tstates = before;
        err = walk_tstates(reading, interpreter, list);
    }
    if (err)
        list->complete = false;
}

/* The main thread is the one in whose struct pthread the process id stands; where it stands there,
 * it stands in all others. The offset that glibc is known for is tried first. */
static uint32_t calibrate_tid(const struct gw_rmem *memory, const struct gw_thread_list *list,
                              uint32_t hint, pid_t ns_pid)
{
    uint8_t bytes[PTHREAD_SEARCH_BYTES];
    for (size_t i = 0; i < list->n_tstates; i++)
        if (tid_of_pthread(memory, list->tstates[i].ident, hint) == (uint32_t)ns_pid)
            return hint;
    for (size_t i = 0; i < list->n_tstates; i++) {
        ssize_t got = gw_rmem_read_some(memory, list->tstates[i].ident, bytes, sizeof bytes);
        for (size_t at = 0; got >= 4 && at <= (size_t)got - 4; at += 4) {
            int32_t tid;
            memcpy(&tid, bytes + at, sizeof tid);
            if (tid == ns_pid)
                return (uint32_t)at;
        }
    }
    return 0;
}

static void fill_tids(const struct gw_rmem *memory, const struct gw_layout *layout, pid_t ns_pid,
                      struct gw_thread_list *list)
{
    if (gw_layout_has(layout, GW_F_tstate_native_thread_id))
        return;
    if (!list->tid_offset)
        list->tid_offset = calibrate_tid(memory, list, layout->pthread_tid, ns_pid);
    for (size_t i = 0; i < list->n_tstates; i++)
        list->tstates[i].ns_tid = tid_of_pthread(memory, list->tstates[i].ident, list->tid_offset);
}

int gw_thread_list_read(const struct gw_rmem *memory, const struct gw_python *python, pid_t ns_pid,
                        gw_tstate_known known, const void *context, struct gw_thread_list *list)
{
    struct reading reading = {
        .memory = memory, .layout = &python->layout, .known = known, .context = context};
    list->complete = true;
    list->n_tstates = 0;
    read_interpreters(memory, python, list);
    if (!list->n_interpreters) {
        uint64_t probe;
        int err = gw_rmem_read(memory, python->runtime, &probe, sizeof probe);
        return err ? err : -GW_E_TORN;
    }
    for (uint32_t i = 0; i < list->n_interpreters; i++)
        read_tstates(&reading, i, list);
    fill_tids(memory, &python->layout, ns_pid, list);
    return 0;
}
