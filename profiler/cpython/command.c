/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/command.h"

#include <string.h>

#include "base/text.h"

static bool take_argument(struct gw_span *argv, struct gw_span *out)
{
    const uint8_t *nul = argv->len ? memchr(argv->at, 0, argv->len) : NULL;
    return nul && gw_span_take(argv, (size_t)(nul - argv->at), out) && gw_span_skip(argv, 1);
}

static struct gw_span last_component(struct gw_span path, char separator)
{
    const uint8_t *last = path.len ? memrchr(path.at, separator, path.len) : NULL;
    if (last)
        gw_span_skip(&path, (size_t)(last + 1 - path.at));
    return path;
}

static bool equals(struct gw_span text, const char *other)
{
    return text.len == strlen(other) && memcmp(text.at, other, text.len) == 0;
}

/* The same without a suffix, if it has it. */
static struct gw_span without(struct gw_span text, const char *suffix)
{
    size_t len = strlen(suffix);
    if (text.len > len && memcmp(text.at + text.len - len, suffix, len) == 0)
        text.len -= len;
    return text;
}

static bool is_python(struct gw_span program)
{
    struct gw_span name = last_component(program, '/');
    return name.len >= 6 && memcmp(name.at, "python", 6) == 0;
}

static bool name_script(struct gw_span path, char *out, size_t cap)
{
    path = without(path, "/__main__.py");
    while (path.len > 1 && path.at[path.len - 1] == '/')
        path.len--;
    struct gw_span name = without(last_component(path, '/'), ".py");
    return name.len > 0 && gw_text_from_bytes(name.at, name.len, out, cap) > 0;
}

static bool name_module(struct gw_span module, char *out, size_t cap)
{
    module = without(module, ".__main__");
    return module.len > 0 && gw_text_from_bytes(module.at, module.len, out, cap) > 0;
}

/* A title as setproctitle writes it: "gunicorn: worker [app]". */
static bool name_title(struct gw_span title, char *out, size_t cap)
{
    for (size_t i = 0; i < title.len; i++)
        if (title.at[i] == ' ' || title.at[i] == ':')
            title.len = i;
    return name_script(title, out, cap);
}

/* Joined letters of one argument: true if they end the options, with what is run in *out, or named
 * false; *takes_next if the last of them has its value in the argument behind. */
static bool read_letters(struct gw_span letters, struct gw_span *rest, struct gw_span *module,
                         bool *takes_next)
{
    uint8_t letter;
    *takes_next = false;
    while (gw_span_u8(&letters, &letter)) {
        if (letter == 'c')
            return true;
        if (letter == 'm') {
            if (letters.len > 0)
                *module = letters;
            else if (!take_argument(rest, module))
                *module = gw_span_of(NULL, 0);
            return true;
        }
        if (letter == 'W' || letter == 'X') {
            *takes_next = letters.len == 0;
            return false;
        }
    }
    return false;
}

bool gw_python_program(struct gw_span argv, char *out, size_t cap)
{
    struct gw_span argument, module = gw_span_of(NULL, 0), skipped;
    bool takes_next;
    if (!take_argument(&argv, &argument))
        return false;
    if (!is_python(argument))
        return name_title(argument, out, cap);
    while (take_argument(&argv, &argument)) {
        if (argument.len < 2 || argument.at[0] != '-')
            return !equals(argument, "-") && name_script(argument, out, cap);
        if (equals(argument, "--"))
            return take_argument(&argv, &argument) && name_script(argument, out, cap);
        if (argument.at[1] == '-') {
            if (equals(argument, "--check-hash-based-pycs") && !take_argument(&argv, &skipped))
                return false;
            continue;
        }
        gw_span_skip(&argument, 1);
        if (read_letters(argument, &argv, &module, &takes_next))
            return name_module(module, out, cap);
        if (takes_next && !take_argument(&argv, &skipped))
            return false;
    }
    return false;
}
