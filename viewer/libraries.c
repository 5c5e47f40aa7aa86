/* SPDX-License-Identifier: Apache-2.0 */
#include "libraries.h"

#include <stdlib.h>
#include <string.h>

#include "model/rows.h"

#define MAX_NAME 128u

const char *gw_library_kind_name(enum gw_library_kind kind)
{
    static const char *const names[] = {
        [GW_LIBRARY_PROGRAM] = "program",
        [GW_LIBRARY_PACKAGE] = "package",
        [GW_LIBRARY_STANDARD] = "standard library",
        [GW_LIBRARY_C] = "C module",
        [GW_LIBRARY_NONE] = "none",
    };
    return names[kind];
}

/* --- of a C function -----------------------------------------------------------------------------
 */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t n = strlen(end);
    return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* Types of CPython itself whose names have no module before them (tp_name in Objects/ and Python/
 * of 3.8 to 3.15). */
static bool is_builtin_type(const char *name, size_t len)
{
    static const char *const types[] = {
        "object",
        "type",
        "int",
        "float",
        "complex",
        "bool",
        "str",
        "bytes",
        "bytearray",
        "memoryview",
        "list",
        "tuple",
        "dict",
        "set",
        "frozenset",
        "range",
        "slice",
        "enumerate",
        "zip",
        "map",
        "filter",
        "reversed",
        "property",
        "classmethod",
        "staticmethod",
        "super",
        "function",
        "method",
        "generator",
        "coroutine",
        "async_generator",
        "code",
        "frame",
        "cell",
        "module",
        "mappingproxy",
        "NoneType",
        "builtin_function_or_method",
        "method_descriptor",
        "method-wrapper",
        "getset_descriptor",
        "member_descriptor",
        "wrapper_descriptor",
        "iterator",
        "callable_iterator",
        "traceback",
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strlen(types[i]) == len && memcmp(types[i], name, len) == 0)
            return true;
    return starts_with(name, "dict_") || ends_with(name, len, "_iterator") ||
           ends_with(name, len, "iterator") || ends_with(name, len, "Error") ||
           ends_with(name, len, "Exception") || ends_with(name, len, "Warning");
}

/* "numpy" of "numpy.random.mtrand.RandomState.random"; 0: it is built in. */
static size_t module_of(const char *function)
{
    size_t len = strcspn(function, ".");
    return function[len] != '.' || is_builtin_type(function, len) ? 0 : len;
}

/* --- of a file -----------------------------------------------------------------------------------
 */

/* The first component of a path, without ".py". */
static size_t first_component(const char *path)
{
    size_t len = strcspn(path, "/");
    return path[len] == '\0' && ends_with(path, len, ".py") ? len - strlen(".py") : len;
}

/* What follows the last of the folders of that name; NULL if there is none. */
static const char *behind_folder(const char *path, const char *folder)
{
    const char *found = NULL;
    for (const char *at = path; (at = strstr(at, folder)); at++)
        found = at + strlen(folder);
    return found;
}

/* "/usr/lib/python3.12/json/encoder.py": behind the folder of a version of Python. */
static const char *behind_standard_folder(const char *path)
{
    const char *at = behind_folder(path, "/python3");
    if (!at)
        return NULL;
    at += strspn(at, ".0123456789t"); /* t: free-threaded */
    return *at == '/' ? at + 1 : NULL;
}

static enum gw_library_kind of_file(const char *path, const char **name, size_t *len)
{
    const char *package = behind_folder(path, "/site-packages/");
    if (!package)
        package = behind_folder(path, "/dist-packages/");
    const char *standard = package ? NULL : behind_standard_folder(path);
    if (starts_with(path, "<frozen "))
        standard = path + strlen("<frozen ");
    *name = package ? package : standard ? standard : "";
    *len = first_component(*name);
    if (starts_with(path, "<frozen ")) /* "<frozen importlib._bootstrap>" */
        *len = strcspn(*name, ".>");
    return package ? GW_LIBRARY_PACKAGE : standard ? GW_LIBRARY_STANDARD : GW_LIBRARY_PROGRAM;
}

/* -------------------------------------------------------------------------------------------------
 */

static enum gw_library_kind library_of(const struct gw_model *model, uint32_t stack,
                                       const char **name, size_t *len)
{
    uint32_t c_function = gw_model_c_function(model, stack);
    uint32_t function = gw_model_leaf(model, stack)->function;

    *name = "";
    *len = 0;
    if (c_function) {
        *name = gw_model_text(model, model->functions[c_function].name);
        *len = module_of(*name);
        if (*len)
            return GW_LIBRARY_C;
    }
    if (function == 0)
        return GW_LIBRARY_NONE;
    return of_file(gw_model_text(model, model->functions[function].file), name, len);
}

/* The row of a stack's library; NULL when memory ran out. */
static struct gw_library *row_of(struct gw_libraries *libraries, struct gw_rows *rows,
                                 const struct gw_model *model, uint32_t stack)
{
    const char *name;
    size_t len;
    char text[MAX_NAME];
    struct gw_library key = {.kind = library_of(model, stack, &name, &len)};

    if (len >= sizeof text)
        len = sizeof text - 1;
    memcpy(text, name, len);
    text[len] = '\0';
    if (gw_strtab_reserve(libraries->names, 1, len + 1))
        return NULL;
    int64_t id = gw_strtab_intern(libraries->names, text);
    if (id < 0)
        return NULL;
    key.name = (uint32_t)id;
    int64_t row = gw_rows_put(rows, &key);
    return row < 0 ? NULL : gw_rows_at(rows, (uint32_t)row);
}

static bool sum_up(const struct gw_model *model, struct gw_libraries *libraries,
                   struct gw_rows *rows)
{
    for (size_t i = 0; i < model->n_slices; i++) {
        const struct gw_model_slice *slice = &model->slices[i];
        if (!gw_state_holds_gil(slice->state) || model->threads[slice->thread].hidden)
            continue;
        struct gw_library *row = row_of(libraries, rows, model, slice->stack);
        if (!row)
            return false;
        row->held_ns += slice->ns;
        libraries->held_ns += slice->ns;
    }
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (pair->kind != GW_BLAME_HELD || !gw_model_holder_shown(model, pair))
            continue;
        struct gw_library *row = row_of(libraries, rows, model, pair->holder_stack);
        if (!row)
            return false;
        row->wait_ns += pair->ns;
        libraries->wait_ns += pair->ns;
    }
    return true;
}

static int descending(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int compare(const void *a, const void *b)
{
    const struct gw_library *x = a, *y = b;
    int order = descending(x->wait_ns, y->wait_ns);

    if (order == 0)
        order = descending(x->held_ns, y->held_ns);
    return order ? order : (x->name > y->name) - (x->name < y->name);
}

struct gw_libraries *gw_libraries_new(const struct gw_model *model)
{
    /* The key is the first two fields. */
    struct gw_rows rows = {.row_bytes = sizeof(struct gw_library),
                           .key_bytes = 2 * sizeof(uint32_t)};
    struct gw_libraries *libraries = calloc(1, sizeof *libraries);

    if (libraries)
        libraries->names = gw_strtab_new();
    if (!libraries || !libraries->names || !sum_up(model, libraries, &rows)) {
        gw_rows_fini(&rows);
        gw_libraries_free(libraries);
        return NULL;
    }
    libraries->n = rows.n;
    libraries->rows = gw_rows_steal(&rows);
    if (libraries->n)
        qsort(libraries->rows, libraries->n, sizeof *libraries->rows, compare);
    return libraries;
}

void gw_libraries_free(struct gw_libraries *libraries)
{
    if (!libraries)
        return;
    gw_strtab_free(libraries->names);
    free(libraries->rows);
    free(libraries);
}
