/* SPDX-License-Identifier: Apache-2.0 */
#include "top_ui.h"

#include <string.h>

#include "top_layout.h"

struct gw_top_ui gw_top_ui_begin(double interval_s, double window_s)
{
    struct gw_top_ui ui = {.interval_s = interval_s, .window_s = window_s};

    for (unsigned table = 0; table < GW_TOP_N_TABLES; table++)
        ui.sort[table] = gw_top_layout_first_sort((enum gw_top_table_id)table);
    return ui;
}

/* The last character goes, whatever bytes it has. */
static void erase(char *filter)
{
    size_t len = strlen(filter);

    while (len > 0 && ((unsigned char)filter[len - 1] & 0xc0) == 0x80)
        len--;
    filter[len > 0 ? len - 1 : 0] = '\0';
}

static void type(struct gw_top_ui *ui, int key)
{
    size_t len = strlen(ui->filter);

    if (key == '\n' || key == '\r') {
        ui->typing = false;
    } else if (key == GW_TOP_KEY_ESCAPE) {
        ui->typing = false;
        ui->filter[0] = '\0';
    } else if (key == GW_TOP_KEY_BACKSPACE || key == '\b') {
        erase(ui->filter);
    } else if (key >= ' ' && key <= 0xff && len + 1 < sizeof ui->filter) {
        ui->filter[len] = (char)key;
        ui->filter[len + 1] = '\0';
    }
}

enum gw_top_action gw_top_ui_key(struct gw_top_ui *ui, int key)
{
    if (ui->typing) {
        type(ui, key);
        return GW_TOP_DRAW;
    }
    bool was_help = ui->help;
    ui->help = false; /* any key closes it */
    switch (key) {
    case 'q':
        return GW_TOP_QUIT;
    case 't':
        ui->table = GW_TOP_THREADS;
        break;
    case 'f':
        ui->table = GW_TOP_FUNCTIONS;
        break;
    case 'p':
        ui->table = GW_TOP_PAIRS;
        break;
    case 's':
        ui->sort[ui->table] = gw_top_layout_next_sort(ui->table, ui->sort[ui->table]);
        break;
    case '/':
        ui->typing = true;
        ui->filter[0] = '\0';
        break;
    case ' ':
        ui->frozen = !ui->frozen;
        break;
    case 'r':
        return GW_TOP_RESET;
    case '?':
    case 'h':
        ui->help = !was_help;
        break;
    default:
        break;
    }
    return GW_TOP_DRAW;
}
