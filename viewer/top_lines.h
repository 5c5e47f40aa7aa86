/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the lines of a frame one after the other; private to the layout. */
#ifndef GW_TOP_LINES_H
#define GW_TOP_LINES_H

#include "top_layout.h"

struct gw_top_lines {
    struct gw_top_frame frame;
    size_t columns; /* of the window: longer lines are cut */
    size_t cap;
    bool failed; /* memory ran out: no more lines are made */
    FILE *out;   /* of the line under way */
    char *text;
    size_t size;
    struct gw_top_mark marks[GW_TOP_MAX_MARKS];
    size_t n_marks;
};

/* Where to write the next line; NULL when memory ran out. End the line in either case. */
FILE *gw_top_lines_begin(struct gw_top_lines *lines);

/* What is written from now on has this style, up to the end of the line. */
void gw_top_lines_style(struct gw_top_lines *lines, unsigned style);

void gw_top_lines_end(struct gw_top_lines *lines);

/* A line of one text, which needs no escaping. */
void gw_top_lines_put(struct gw_top_lines *lines, unsigned style, const char *text);

/* The table of that name: a heading, then up to `room` lines of rows, the last of which counts what
 * finds no place. */
void gw_top_table_put(struct gw_top_lines *lines, const struct gw_top_view *view,
                      const struct gw_top_ui *ui, enum gw_top_table_id table, size_t room);

/* Below this width less is shown. */
#define GW_TOP_NARROW 72u

#endif
