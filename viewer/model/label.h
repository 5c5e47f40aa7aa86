/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How things of a model are called in a line of text: the same words in every output. Control
 * characters of names are written backslash-escaped here (\n, \t, \xNN, \uNNNN), so that a name
 * can neither break a line nor speak to a terminal.
 */
#ifndef GW_MODEL_LABEL_H
#define GW_MODEL_LABEL_H

#include <stdio.h>

#include "model/model.h"

/* Write text to out, escaped; characters of `also` (or NULL) are escaped as \xNN too. */
void gw_label_text(FILE *out, const char *text, const char *also);

/* "function"; "zlib.compress [C]" for a C function, "deflate [libz.so.1]" for one of the native stack; "(no Python frame)" for function 0. */
void gw_label_function(FILE *out, const struct gw_model *model, uint32_t function,
                       const char *also);

/* The same with " (dir/file.py:12)" behind it where the file is known, without the line if it is
 * 0. The file is cut to its last two components. */
void gw_label_place(FILE *out, const struct gw_model *model, uint32_t function, uint32_t line,
                    const char *also);

/* The same for the innermost frame of a stack, and for a C function that it has called:
 * "function (dir/file.py:12) → zlib.compress". */
void gw_label_leaf(FILE *out, const struct gw_model *model, uint32_t stack, const char *also);

/* That " → zlib.compress"; nothing for function 0. */
void gw_label_c_function(FILE *out, const struct gw_model *model, uint32_t function,
                         const char *also);

/* The thread's name, or "thread TID" if it has none. */
void gw_label_thread(FILE *out, const struct gw_model *model, uint32_t thread, const char *also);

/* "2.000 s to 5.000 s of 10.000 s": what a model is of that holds a part of a recording. */
void gw_label_part(FILE *out, const struct gw_model *model);

/* Where the last two components of a path begin. */
const char *gw_label_short_path(const char *path);

#endif
