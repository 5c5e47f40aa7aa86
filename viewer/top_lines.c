/* SPDX-License-Identifier: Apache-2.0 */
#include "top_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/columns.h"
#include "cell.h"

#define FIRST_LINES 32u

FILE *gw_top_lines_begin(struct gw_top_lines *lines)
{
    lines->n_marks = 0;
    lines->text = NULL;
    lines->out = lines->failed ? NULL : open_memstream(&lines->text, &lines->size);
    lines->failed = !lines->out;
    return lines->out;
}

void gw_top_lines_style(struct gw_top_lines *lines, unsigned style)
{
    if (!lines->out || lines->n_marks == GW_TOP_MAX_MARKS || fflush(lines->out) != 0)
        return;
    lines->marks[lines->n_marks++] = (struct gw_top_mark){.at = lines->size, .style = style};
}

/* The text, cut to the window if it is longer. */
static char *fit(char *text, size_t columns)
{
    struct gw_cell cell;

    if (gw_columns_width(text) <= columns)
        return text;
    if (gw_cell_begin(&cell))
        gw_columns_put(cell.file, text, columns);
    char *cut = cell.file ? strdup(gw_cell_text(&cell)) : NULL;
    gw_cell_end(&cell);
    free(text);
    return cut;
}

static bool make_room(struct gw_top_lines *lines)
{
    struct gw_top_frame *frame = &lines->frame;

    if (frame->n < lines->cap)
        return true;
    size_t cap = lines->cap ? 2 * lines->cap : FIRST_LINES;
    struct gw_top_line *larger = reallocarray(frame->lines, cap, sizeof *larger);
    if (!larger)
        return false;
    frame->lines = larger;
    lines->cap = cap;
    return true;
}

void gw_top_lines_end(struct gw_top_lines *lines)
{
    if (!lines->out)
        return;
    bool written = fclose(lines->out) == 0;
    lines->out = NULL;
    char *text = written ? fit(lines->text, lines->columns) : NULL;
    if (!text || !make_room(lines)) {
        free(text);
        lines->failed = true;
        return;
    }
    struct gw_top_line *line = &lines->frame.lines[lines->frame.n++];
    line->text = text;
    line->n_marks = lines->n_marks;
    memcpy(line->marks, lines->marks, sizeof line->marks);
}

void gw_top_lines_put(struct gw_top_lines *lines, unsigned style, const char *text)
{
    FILE *out = gw_top_lines_begin(lines);

    if (out) {
        gw_top_lines_style(lines, style);
        fputs(text, out);
    }
    gw_top_lines_end(lines);
}
