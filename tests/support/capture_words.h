/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a capture's text (capture_text.h): words, and values by key. */
#ifndef GW_TESTS_CAPTURE_WORDS_H
#define GW_TESTS_CAPTURE_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define CAPTURE_MAX_WORDS 4096

struct capture_words {
    char *at[CAPTURE_MAX_WORDS]; /* in the line's own memory */
    size_t n;
};

/* Part a line into words, up to a comment; the line is changed and must stay. */
void capture_words_split(struct capture_words *words, char *line);

/* Word i, "" if there are fewer; as a number, 0 if it is none. */
const char *capture_words_get(const struct capture_words *words, size_t i);
uint32_t capture_words_get_number(const struct capture_words *words, size_t i);

/* Value of the word KEY=VALUE; NULL or 0 if there is none. */
const char *capture_words_value(const struct capture_words *words, const char *key);
uint64_t capture_words_number(const struct capture_words *words, const char *key);
uint32_t capture_words_number32(const struct capture_words *words, const char *key);
double capture_words_real(const struct capture_words *words, const char *key);

#endif
