/* SPDX-License-Identifier: Apache-2.0 */
/* Text in columns: what counts is the width on a terminal, not bytes or characters. */
#ifndef GW_BASE_COLUMNS_H
#define GW_BASE_COLUMNS_H

#include <stddef.h>
#include <stdio.h>

/* Columns that valid UTF-8 text takes on a terminal. Asks the C library, so the locale must be one
 * of UTF-8 (gw_columns_init); where it is not, each character counts as one column. */
size_t gw_columns_width(const char *text);

/* Set the character set of the program to UTF-8, whatever the user's language is. */
void gw_columns_init(void);

/* Write text padded on its right with spaces to `width` columns; a longer one is cut and its last
 * column shows "…". */
void gw_columns_put(FILE *out, const char *text, size_t width);

/* The same, padded on its left; a longer one is written whole. */
void gw_columns_put_right(FILE *out, const char *text, size_t width);

/* Write text broken at spaces (but never between a number and its unit) into lines of at most
 * `width` columns, the second and later ones begun with `indent` spaces, and end the last line.
 * `at` columns of the first line are taken. */
void gw_columns_wrap(FILE *out, const char *text, size_t at, size_t indent, size_t width);

#endif
