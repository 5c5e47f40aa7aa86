/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one list of errors. Fallible functions return 0 or a negative code: -errno for the system's
 * own errors, or one of the codes below, which start at 4000 so that they cannot meet an errno.
 * The class says what the caller does about it; in the sampling tick most failures are data and
 * are counted, not reported.
 */
#ifndef GW_BASE_ERROR_H
#define GW_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/* What a failure means to whoever meets it. */
enum gw_error_class {
    GW_CLASS_TORN,        /* the target moved while it was read: count it, go on */
    GW_CLASS_GONE,        /* the process or thread is no more */
    GW_CLASS_DENIED,      /* the kernel did not let us: say which right is missing */
    GW_CLASS_UNSUPPORTED, /* a target that gilwait cannot read */
    GW_CLASS_BAD_DATA,    /* bytes that are not what they should be */
    GW_CLASS_LIMIT,       /* a named limit of base/limits.h was reached */
    GW_CLASS_SYSTEM,      /* any other system error: disk, memory, arguments */
};

/* name, code, class, sentence */
#define GW_ERROR_LIST(X)                                                                           \
    X(TORN, 4000, GW_CLASS_TORN, "the target changed while it was read")                           \
    X(NOT_PYTHON, 4001, GW_CLASS_UNSUPPORTED, "the process holds no CPython interpreter")          \
    X(VERSION, 4002, GW_CLASS_UNSUPPORTED, "the version of CPython is not known to gilwait")       \
    X(LAYOUT, 4003, GW_CLASS_UNSUPPORTED, "the interpreter's structures do not validate")          \
    X(ARCH, 4004, GW_CLASS_UNSUPPORTED, "the target's architecture is not supported")              \
    X(BAD_DATA, 4005, GW_CLASS_BAD_DATA, "malformed data")                                         \
    X(TRUNCATED, 4006, GW_CLASS_BAD_DATA, "data end too early")                                    \
    X(CHECKSUM, 4007, GW_CLASS_BAD_DATA, "a checksum does not match")                              \
    X(FORMAT_VERSION, 4008, GW_CLASS_UNSUPPORTED, "a newer major version of the capture format")   \
    X(NOT_CAPTURE, 4009, GW_CLASS_BAD_DATA, "not a gilwait capture")                               \
    X(LIMIT, 4010, GW_CLASS_LIMIT, "a limit was reached")                                          \
    X(GONE, 4011, GW_CLASS_GONE, "the process has ended")                                          \
    X(NOT_FOUND, 4012, GW_CLASS_BAD_DATA, "not found")                                             \
    X(NO_THREADS, 4013, GW_CLASS_UNSUPPORTED, "the interpreter has no thread state yet")           \
    X(CODEC, 4014, GW_CLASS_UNSUPPORTED, "a compression method this build does not have")          \
    X(UNLIKE, 4015, GW_CLASS_UNSUPPORTED, "captures of different kinds of process")

enum gw_error {
#define GW_ERROR_ENUM(name, code, class, sentence) GW_E_##name = code,
    GW_ERROR_LIST(GW_ERROR_ENUM)
#undef GW_ERROR_ENUM
};

/* Short lower-case sentence for a (negative) code; never NULL, valid for ever. */
const char *gw_error_sentence(int code);

/* Class of a (negative) code; -ESRCH is GONE, -EPERM and -EACCES are DENIED, -EFAULT and -EIO
 * TORN, other errno values SYSTEM. */
enum gw_error_class gw_error_class(int code);

#define GW_DIAG_TEXT 512

/*
 * One error in words for a person: which object, why, and the one thing to do. Cold paths
 * (attach, open, parse) fill it; only commands print it. Zero-initialised means "no error".
 */
struct gw_diag {
    int code;                /* negative, as returned by the function that filled it */
    char what[GW_DIAG_TEXT]; /* "cannot attach to process 4711 (python3.12)" */
    char why[GW_DIAG_TEXT];  /* "ptrace_scope is 1: only a parent may read its children" */
    char fix[GW_DIAG_TEXT];  /* "run it as root, or: sudo sysctl kernel.yama.ptrace_scope=0" */
};

/* Fill one text of *diag; diag may be NULL (then nothing happens). Too long texts are cut.
 * gw_diag_what also stores the code, and returns it, so that a caller can `return` it. */
int gw_diag_what(struct gw_diag *diag, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void gw_diag_why(struct gw_diag *diag, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void gw_diag_fix(struct gw_diag *diag, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Print "PROGRAM: what: why" and, on a second line, "PROGRAM: fix" to standard error. A missing
 * why is taken from the code. */
void gw_diag_print(const char *program, const struct gw_diag *diag);

#endif
