/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/definitions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "format/vocabulary.h"

/* What a second of sampling new code may need; at the end of a second room is made again. */
#define SPARE_STRINGS 2048u
#define SPARE_STRING_BYTES ((size_t)48 << 10)
#define SPARE_FUNCTIONS 1024u
#define SPARE_STACKS 8192u

/* One column entry takes at most 5 bytes as a varint. */
#define COLUMNS 4u
#define BYTES_PER_ROW (5u * COLUMNS)

int gw_definitions_init(struct gw_definitions *definitions)
{
    memset(definitions, 0, sizeof *definitions);
    definitions->strings = gw_strtab_new();
    if (definitions->strings)
        definitions->functions = gw_functions_new(definitions->strings);
    definitions->stacks = gw_stacks_new();
    gw_definitions_rewind(definitions);
    int err = -ENOMEM;
    if (definitions->functions && definitions->stacks)
        err = gw_definitions_reserve(definitions);
    if (err)
        gw_definitions_fini(definitions);
    return err;
}

void gw_definitions_fini(struct gw_definitions *definitions)
{
    gw_functions_free(definitions->functions);
    gw_stacks_free(definitions->stacks);
    gw_strtab_free(definitions->strings);
    memset(definitions, 0, sizeof *definitions);
}

int gw_definitions_reserve(struct gw_definitions *definitions)
{
    int err = gw_strtab_reserve(definitions->strings, SPARE_STRINGS, SPARE_STRING_BYTES);
    if (!err)
        err = gw_functions_reserve(definitions->functions, SPARE_FUNCTIONS);
    if (!err)
        err = gw_stacks_reserve(definitions->stacks, SPARE_STACKS);
    return err;
}

uint32_t gw_definitions_string(struct gw_definitions *definitions, const char *text)
{
    int64_t id = gw_strtab_intern(definitions->strings, text);
    return id < 0 ? 0 : (uint32_t)id;
}

/* Room for n texts and for COLUMNS columns of n numbers. */
static bool make_room(struct gw_definitions_message *message, size_t n)
{
    if (n <= message->cap)
        return true;
    char **texts = reallocarray(message->texts, n, sizeof *texts);
    if (texts)
        message->texts = texts;
    uint32_t *columns = reallocarray(message->columns, n, COLUMNS * sizeof *columns);
    if (columns)
        message->columns = columns;
    if (!texts || !columns)
        return false;
    message->cap = n;
    return true;
}

static bool take_strings(struct gw_definitions *definitions, struct gw_definitions_message *message)
{
    uint32_t first = definitions->strings_written;
    uint32_t n = 0, left = gw_strtab_count(definitions->strings) - first;
    size_t bytes = 0;
    if (!make_room(message, left))
        return false;
    while (n < left && bytes < GW_CHUNK_TARGET) {
        const char *text = gw_strtab_text(definitions->strings, first + n);
        bytes += strlen(text) + 3;
        message->texts[n++] = (char *)(uintptr_t)text; /* protobuf-c has no const; it only reads */
    }
    gilwait__capture__strings__init(&message->strings);
    message->strings.first_id = first;
    message->strings.n_values = n;
    message->strings.values = message->texts;
    message->data.strings = &message->strings;
    definitions->strings_written += n;
    return true;
}

static uint32_t rows_to_take(uint32_t left)
{
    uint32_t most = GW_CHUNK_TARGET / BYTES_PER_ROW;
    return left < most ? left : most;
}

static const enum gw_function_kind kinds[] = {
    [GW_CODE_PYTHON] = GW_FUNCTION_PYTHON,
    [GW_CODE_C] = GW_FUNCTION_C,
    [GW_CODE_NATIVE] = GW_FUNCTION_NATIVE,
};

static bool take_functions(struct gw_definitions *definitions,
                           struct gw_definitions_message *message)
{
    uint32_t first = definitions->functions_written;
    uint32_t n = rows_to_take(gw_functions_count(definitions->functions) - first);
    if (!make_room(message, n))
        return false;
    Gilwait__Capture__Functions *out = &message->functions;
    gilwait__capture__functions__init(out);
    out->first_id = first;
    out->n_name = out->n_file = out->n_first_line = out->n_kind = n;
    out->name = message->columns;
    out->file = message->columns + n;
    out->first_line = message->columns + 2 * n;
    out->kind = message->columns + 3 * n;
    for (uint32_t i = 0; i < n; i++) {
        const struct gw_function *function = gw_functions_get(definitions->functions, first + i);
        out->name[i] = function->name;
        out->file[i] = function->file;
        out->first_line[i] = function->first_line;
        out->kind[i] = kinds[function->kind];
    }
    message->data.functions = out;
    definitions->functions_written += n;
    return true;
}

static bool take_stacks(struct gw_definitions *definitions, struct gw_definitions_message *message)
{
    uint32_t first = definitions->stacks_written;
    uint32_t n = rows_to_take(gw_stacks_count(definitions->stacks) - first);
    if (!make_room(message, n))
        return false;
    Gilwait__Capture__Stacks *out = &message->stacks;
    gilwait__capture__stacks__init(out);
    out->first_id = first;
    out->n_parent = out->n_function = out->n_line = n;
    out->parent = message->columns;
    out->function = message->columns + n;
    out->line = message->columns + 2 * n;
    for (uint32_t i = 0; i < n; i++) {
        const struct gw_stack_node *node = gw_stacks_get(definitions->stacks, first + i);
        out->parent[i] = node->parent;
        out->function[i] = node->function;
        out->line[i] = node->line;
    }
    message->data.stacks = out;
    definitions->stacks_written += n;
    return true;
}

bool gw_definitions_take(struct gw_definitions *definitions, struct gw_definitions_message *message)
{
    gilwait__capture__data__init(&message->data);
    if (definitions->strings_written < gw_strtab_count(definitions->strings))
        return take_strings(definitions, message);
    if (definitions->functions_written < gw_functions_count(definitions->functions))
        return take_functions(definitions, message);
    if (definitions->stacks_written < gw_stacks_count(definitions->stacks))
        return take_stacks(definitions, message);
    return false;
}

void gw_definitions_message_fini(struct gw_definitions_message *message)
{
    free(message->texts);
    free(message->columns);
    memset(message, 0, sizeof *message);
}

void gw_definitions_rewind(struct gw_definitions *definitions)
{
    /* Id 0 of each is known without being defined: FORMAT.md. */
    definitions->strings_written = 1;
    definitions->functions_written = 1;
    definitions->stacks_written = 1;
}
