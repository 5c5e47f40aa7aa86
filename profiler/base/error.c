/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct error_row {
    int code;
    enum gw_error_class class;
    const char *sentence;
};

static const struct error_row error_rows[] = {
#define GW_ERROR_ROW(name, code, class, sentence) {code, class, sentence},
    GW_ERROR_LIST(GW_ERROR_ROW)
#undef GW_ERROR_ROW
};

static const struct error_row *find_row(int code)
{
    for (size_t i = 0; i < sizeof error_rows / sizeof error_rows[0]; i++)
        if (error_rows[i].code == -code)
            return &error_rows[i];
    return NULL;
}

const char *gw_error_sentence(int code)
{
    const struct error_row *row = find_row(code);
    if (row)
        return row->sentence;
    const char *system = strerrordesc_np(-code);
    return system ? system : "unknown error";
}

enum gw_error_class gw_error_class(int code)
{
    const struct error_row *row = find_row(code);
    if (row)
        return row->class;
    switch (-code) {
    case ESRCH:
        return GW_CLASS_GONE;
    case EPERM:
    case EACCES:
        return GW_CLASS_DENIED;
    case EFAULT:
    case EIO:
        return GW_CLASS_TORN;
    default:
        return GW_CLASS_SYSTEM;
    }
}

int gw_diag_what(struct gw_diag *diag, int code, const char *format, ...)
{
    if (!diag)
        return code;
    diag->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(diag->what, sizeof diag->what, format, args);
    va_end(args);
    return code;
}

void gw_diag_why(struct gw_diag *diag, const char *format, ...)
{
    if (!diag)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(diag->why, sizeof diag->why, format, args);
    va_end(args);
}

void gw_diag_fix(struct gw_diag *diag, const char *format, ...)
{
    if (!diag)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(diag->fix, sizeof diag->fix, format, args);
    va_end(args);
}

void gw_diag_print(const char *program, const struct gw_diag *diag)
{
    const char *why = diag->why[0] ? diag->why : gw_error_sentence(diag->code);
    fprintf(stderr, "%s: %s: %s\n", program, diag->what, why);
    if (diag->fix[0])
        fprintf(stderr, "%s: %s\n", program, diag->fix);
}
