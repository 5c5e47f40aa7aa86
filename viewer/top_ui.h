/* SPDX-License-Identifier: Apache-2.0 */
/* What the user of `top` has chosen, and what each key does to it. */
#ifndef GW_TOP_UI_H
#define GW_TOP_UI_H

#include <stdbool.h>

#include "top_view.h"

#define GW_TOP_FILTER_ROOM 64u
#define GW_TOP_STATUS_ROOM 256u

/* Keys beyond characters. */
#define GW_TOP_KEY_BACKSPACE 0x7f
#define GW_TOP_KEY_ESCAPE 0x1b

struct gw_top_ui {
    enum gw_top_table_id table;
    unsigned sort[GW_TOP_N_TABLES]; /* column that each table is sorted by, see top_layout.h */
    bool frozen;
    bool help;
    bool typing;                     /* keys go into the filter */
    char filter[GW_TOP_FILTER_ROOM]; /* "": all rows */
    double interval_s;               /* what "now" is the last part of */
    double window_s;                 /* asked for */
    char status[GW_TOP_STATUS_ROOM]; /* why the picture changes no more; "" while it does */
};

enum gw_top_action {
    GW_TOP_DRAW,  /* show what may have changed */
    GW_TOP_RESET, /* begin the window anew */
    GW_TOP_QUIT,
};

/* As the screen begins. */
struct gw_top_ui gw_top_ui_begin(double interval_s, double window_s);

/* A key was pressed: a byte of a character, or one of those above. */
enum gw_top_action gw_top_ui_key(struct gw_top_ui *ui, int key);

#endif
