/* SPDX-License-Identifier: Apache-2.0 */
#include "native/symbol.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static void cut_appendix(char *symbol)
{
    static const char *const appendices[] = {".constprop.", ".part.", ".isra.", ".cold",
                                             ".lto_priv.",  ".llvm.", "@"};
    for (size_t i = 0; i < sizeof appendices / sizeof appendices[0]; i++) {
        char *found = strstr(symbol + (*symbol != 0), appendices[i]);
        if (found)
            *found = 0;
    }
}

/* A short symbol may stand for a name without end. What hands it over in pieces keeps nothing but
 * its stack, so it can be left at any of them. */
struct name {
    char *text;
    size_t len;
    jmp_buf too_long;
};

static void take_piece(const char *piece, size_t len, void *context)
{
    struct name *name = context;
    if (len >= GW_MAX_STRING - name->len)
        longjmp(name->too_long, 1);
    memcpy(name->text + name->len, piece, len);
    name->len += len;
}

/* NULL: it is none, or too long. */
static char *demangle(const char *symbol)
{
    struct name *name = calloc(1, sizeof *name);
    char *text = name ? calloc(1, GW_MAX_STRING) : NULL;
    bool is_name = false;
    if (text) {
        name->text = text;
        if (setjmp(name->too_long) == 0)
            is_name = rust_demangle_callback(symbol, 0, take_piece, name) ||
                      cplus_demangle_v3_callback(symbol, DMGL_PARAMS, take_piece, name);
        else
            is_name = false;
    }
    free(name);
    if (!is_name) {
        free(text);
        return NULL;
    }
    return text;
}

char *gw_symbol_readable(const char *symbol)
{
    char *out = strndup(symbol, GW_MAX_STRING);
    if (!out)
        return NULL;
    cut_appendix(out);
    bool is_mangled = *out == '_' && (out[1] == 'Z' || out[1] == 'R');
    char *name = is_mangled ? demangle(out) : NULL;
    if (!name)
        return out;
    free(out);
    return name;
}
