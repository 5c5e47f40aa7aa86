/* SPDX-License-Identifier: Apache-2.0 */
#include "cell.h"

#include <stdlib.h>

#include "base/columns.h"
#include "number.h"

FILE *gw_cell_begin(struct gw_cell *cell)
{
    *cell = (struct gw_cell){0};
    cell->file = open_memstream(&cell->text, &cell->size);
    return cell->file;
}

const char *gw_cell_text(struct gw_cell *cell)
{
    if (cell->file)
        fclose(cell->file);
    cell->file = NULL;
    return cell->text ? cell->text : "";
}

void gw_cell_end(struct gw_cell *cell)
{
    if (cell->file)
        fclose(cell->file);
    free(cell->text);
}

void gw_cell_seconds(FILE *out, uint64_t ns)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_number_seconds(cell.file, ns);
    gw_columns_put_right(out, gw_cell_text(&cell), GW_CELL_NUMBER);
    gw_cell_end(&cell);
}

void gw_cell_share(FILE *out, double share)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_number_percent(cell.file, share);
    gw_columns_put_right(out, gw_cell_text(&cell), GW_CELL_SHARE);
    gw_cell_end(&cell);
}
