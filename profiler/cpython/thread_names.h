/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names Python gives its threads: sys.modules -> threading._active (ident -> Thread) ->
 * Thread._name. Best effort, for all versions; a dict that changes under the read, an attribute in
 * an unexpected place or a subclass with a property leaves a thread without a name, no more.
 */
#ifndef GW_CPYTHON_THREAD_NAMES_H
#define GW_CPYTHON_THREAD_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "cpython/layout.h"
#include "target/rmem.h"

/* One thread that is asked for. */
struct gw_thread_name {
    uint64_t ident;          /* in: tstate.thread_id, the pthread_t, key of threading._active */
    char name[GW_TEXT_ROOM]; /* out: "" if not found; else safe UTF-8 */
};

/* Fill the names of n threads of the interpreter at address interp. Returns how many were found,
 * 0 if `threading` is not imported or cannot be read; -ESRCH, -EPERM, -ENOMEM. Allocates; not for
 * the tick. */
int gw_thread_names_read(const struct gw_rmem *memory, const struct gw_layout *layout,
                         gw_raddr interp, struct gw_thread_name *names, size_t n);

#endif
