/* SPDX-License-Identifier: Apache-2.0 */
#include "support/capture_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One word of a line, unquoted in place; returns what follows it. */
static char *next_word(char *at, char **word)
{
    char *out = at;
    bool quoted = false;

    *word = out;
    for (; *at && (quoted || (*at != ' ' && *at != '\t')); at++) {
        unsigned byte;
        if (*at == '"') {
            quoted = !quoted;
        } else if (*at == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &byte) == 1) {
            *out++ = (char)byte;
            at += 3;
        } else if (*at == '\\' && at[1]) {
            at++;
            *out++ = *at == 'n' ? '\n' : *at;
        } else {
            *out++ = *at;
        }
    }
    char *rest = *at ? at + 1 : at;
    *out = 0;
    return rest;
}

void capture_words_split(struct capture_words *words, char *line)
{
    words->n = 0;
    for (char *at = line; *at && words->n < CAPTURE_MAX_WORDS;) {
        at += strspn(at, " \t");
        if (!*at || *at == '#')
            break;
        at = next_word(at, &words->at[words->n++]);
    }
}

/* Value of KEY=VALUE, or NULL. */
const char *capture_words_value(const struct capture_words *words, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 1; i < words->n; i++)
        if (strncmp(words->at[i], key, len) == 0 && words->at[i][len] == '=')
            return words->at[i] + len + 1;
    return NULL;
}

uint64_t capture_words_number(const struct capture_words *words, const char *key)
{
    const char *value = capture_words_value(words, key);
    return value ? strtoull(value, NULL, 0) : 0;
}

uint32_t capture_words_number32(const struct capture_words *words, const char *key)
{
    return (uint32_t)capture_words_number(words, key);
}

double capture_words_real(const struct capture_words *words, const char *key)
{
    const char *value = capture_words_value(words, key);
    return value ? strtod(value, NULL) : 0;
}

const char *capture_words_get(const struct capture_words *words, size_t i)
{
    return i < words->n ? words->at[i] : "";
}

uint32_t capture_words_get_number(const struct capture_words *words, size_t i)
{
    return (uint32_t)strtoul(capture_words_get(words, i), NULL, 0);
}
