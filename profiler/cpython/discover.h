/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it a CPython, which one, and where is its _PyRuntime? Every file-backed ELF of the process is
 * looked at, whatever it is called: the symbol `_PyRuntime`, else the section `.PyRuntime`
 * (3.10+). Each find is tried until one holds an interpreter that validates.
 */
#ifndef GW_CPYTHON_DISCOVER_H
#define GW_CPYTHON_DISCOVER_H

#include "base/error.h"
#include "cpython/layout.h"
#include "target/rmem.h"

struct gw_python {
    struct gw_layout layout;
    gw_raddr runtime;     /* of _PyRuntime in the target */
    unsigned machine;     /* e_machine of the interpreter */
    char version[16];     /* "3.12.1"; "3.10" if the patch release is not to be had */
    char binary[4096];    /* the file that holds _PyRuntime, as the target names it */
    const char *found_by; /* "symbol" or "section" */
};

/* Look into process pid. Returns 0; -GW_E_NOT_PYTHON; -GW_E_VERSION, -GW_E_ARCH or -GW_E_LAYOUT (a
 * Python gilwait cannot read; diag names it); -GW_E_NO_THREADS (a Python still starting: try
 * again soon); -ESRCH, -EPERM, -EACCES, -ENOMEM. diag may be NULL. */
int gw_discover(pid_t pid, const struct gw_rmem *memory, struct gw_python *out,
                struct gw_diag *diag) __attribute__((warn_unused_result));

#endif
