/* SPDX-License-Identifier: Apache-2.0 */
/* The screen of `top` as lines of text with styles: a function of the view, of what the user has
 * chosen and of the size of the window, and of nothing else. */
#ifndef GW_TOP_LAYOUT_H
#define GW_TOP_LAYOUT_H

#include <stdio.h>

#include "top_ui.h"

/* The first GW_TOP_N_CLASSES styles are those of the classes. */
enum gw_top_style {
    GW_TOP_PLAIN = GW_TOP_N_CLASSES,
    GW_TOP_BOLD,
    GW_TOP_HEADING,
    GW_TOP_DIM,
    GW_TOP_N_STYLES,
};

#define GW_TOP_MAX_MARKS 32u

/* From this byte of the text on it has this style; the text begins plain. */
struct gw_top_mark {
    size_t at;
    unsigned style;
};

/* Valid UTF-8 without control characters, no wider than the window. */
struct gw_top_line {
    char *text;
    struct gw_top_mark marks[GW_TOP_MAX_MARKS]; /* in order */
    size_t n_marks;
};

struct gw_top_frame {
    struct gw_top_line *lines;
    size_t n;
};

/* Columns of a table by which it can be sorted. */
unsigned gw_top_layout_first_sort(enum gw_top_table_id table);
unsigned gw_top_layout_next_sort(enum gw_top_table_id table, unsigned sort);

/* The whole screen: at most `rows` lines, the keys in the last. view: NULL before anything was
 * seen. Returns 0 (end the frame with gw_top_frame_fini) or -ENOMEM. */
int gw_top_layout(const struct gw_top_view *view, const struct gw_top_ui *ui, size_t columns,
                  size_t rows, struct gw_top_frame *out);

/* Head and all tables, `rows` rows of each (0: all), one below the other, without keys. */
int gw_top_layout_all(const struct gw_top_view *view, const struct gw_top_ui *ui, size_t columns,
                      size_t rows, struct gw_top_frame *out);

void gw_top_frame_fini(struct gw_top_frame *frame);

#endif
