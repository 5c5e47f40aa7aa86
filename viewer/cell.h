/* SPDX-License-Identifier: Apache-2.0 */
/* One cell of a table: text made by functions that write to a FILE, then measured and aligned. */
#ifndef GW_CELL_H
#define GW_CELL_H

#include <stdint.h>
#include <stdio.h>

/* Columns of a time and of a share. */
#define GW_CELL_NUMBER 10u
#define GW_CELL_SHARE 8u

struct gw_cell {
    FILE *file;
    char *text;
    size_t size;
};

/* Where to write the text; NULL when memory ran out. End the cell in either case. */
FILE *gw_cell_begin(struct gw_cell *cell);

/* The text written; nothing more may be. "" when memory ran out. Valid until the end. */
const char *gw_cell_text(struct gw_cell *cell);

void gw_cell_end(struct gw_cell *cell);

/* A time in GW_CELL_NUMBER columns, a share (0 to 1) in GW_CELL_SHARE. */
void gw_cell_seconds(FILE *out, uint64_t ns);
void gw_cell_share(FILE *out, double share);

#endif
