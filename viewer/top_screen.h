/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal, by ncurses: it draws only what has changed, knows about every kind of terminal,
 * and puts it back after Ctrl-Z and on `fg`. One screen per process. */
#ifndef GW_TOP_SCREEN_H
#define GW_TOP_SCREEN_H

#include "top_layout.h"

/* No key is waiting; the window has another size. */
#define GW_TOP_SCREEN_NO_KEY (-1)
#define GW_TOP_SCREEN_RESIZED (-2)

/* Take the terminal over. Handlers of SIGINT, SIGTERM and SIGHUP must be in place before. False if
 * standard input and output are no terminal, or one that is not known. */
bool gw_top_screen_open(void);

/* Give it back as it was. Does nothing if it is not open. */
void gw_top_screen_close(void);

void gw_top_screen_size(size_t *columns, size_t *rows);

void gw_top_screen_show(const struct gw_top_frame *frame);

/* The next key as gw_top_ui_key takes it, or one of those above. Does not wait. */
int gw_top_screen_key(void);

#endif
