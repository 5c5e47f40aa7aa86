/* SPDX-License-Identifier: Apache-2.0 */
/* Exit codes of every program of gilwait; documented in gilwait(1) and fixed for scripts. */
#ifndef GW_BASE_EXIT_CODE_H
#define GW_BASE_EXIT_CODE_H

#include "base/error.h"

enum gw_exit {
    GW_EXIT_OK = 0,              /* also a recording ended by a signal or by the target's end */
    GW_EXIT_FAILURE = 1,         /* output not writable, disk full, pipe closed */
    GW_EXIT_USAGE = 2,           /* nonsense on the command line */
    GW_EXIT_INCOMPLETE = 3,      /* incomplete data under --strict */
    GW_EXIT_DENIED = 4,          /* not permitted */
    GW_EXIT_UNSUPPORTED = 5,     /* no Python, a kernel thread, an unknown version; captures that
                                  * cannot be compared */
    GW_EXIT_GONE = 6,            /* no such process, a zombie, gone before the first sample */
    GW_EXIT_THRESHOLD = 7,       /* a threshold of `check` was exceeded */
    GW_EXIT_RUN_FAILED = 125,    /* `run`: our own failure, as env(1) */
    GW_EXIT_RUN_NOT_EXEC = 126,  /* `run`: the command cannot be executed */
    GW_EXIT_RUN_NOT_FOUND = 127, /* `run`: the command was not found */
};

/* The exit code for a (negative) error code. */
static inline int gw_exit_from_error(int code)
{
    switch (gw_error_class(code)) {
    case GW_CLASS_GONE:
        return GW_EXIT_GONE;
    case GW_CLASS_DENIED:
        return GW_EXIT_DENIED;
    case GW_CLASS_UNSUPPORTED:
        return GW_EXIT_UNSUPPORTED;
    case GW_CLASS_TORN:
    case GW_CLASS_BAD_DATA:
    case GW_CLASS_LIMIT:
    case GW_CLASS_SYSTEM:
        return GW_EXIT_FAILURE;
    }
    return GW_EXIT_FAILURE;
}

#endif
