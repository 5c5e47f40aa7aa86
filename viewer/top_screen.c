/* SPDX-License-Identifier: Apache-2.0 */
#include "top_screen.h"

#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long ncurses waits for what may follow an Esc. */
#define ESCAPE_MS 25

static SCREEN *screen;
static bool coloured;

/* Colours of the styles; what has none has an attribute. A state is told by its letter first. */
static const struct {
    short colour;
    attr_t attribute;
} styles[GW_TOP_N_STYLES] = {
    [GW_TOP_HAS_GIL] = {COLOR_GREEN, A_NORMAL},
    [GW_TOP_WANTS_GIL] = {COLOR_RED, A_BOLD},
    [GW_TOP_NATIVE] = {COLOR_CYAN, A_NORMAL},
    [GW_TOP_CPU_WAIT] = {COLOR_YELLOW, A_NORMAL},
    [GW_TOP_IO] = {COLOR_BLUE, A_NORMAL},
    [GW_TOP_IDLE] = {-1, A_DIM},
    [GW_TOP_UNKNOWN] = {COLOR_MAGENTA, A_BOLD},
    [GW_TOP_PLAIN] = {-1, A_NORMAL},
    [GW_TOP_BOLD] = {-1, A_BOLD},
    [GW_TOP_HEADING] = {-1, A_REVERSE},
    [GW_TOP_DIM] = {-1, A_DIM},
};

static void begin_colours(void)
{
    const char *no_color = getenv("NO_COLOR");

    coloured = has_colors() && !(no_color && *no_color) && start_color() == OK &&
               use_default_colors() == OK;
    for (short i = 0; coloured && i < GW_TOP_N_STYLES; i++)
        init_pair((short)(i + 1), styles[i].colour, -1);
}

bool gw_top_screen_open(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return false;
    screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return false;
    set_escdelay(ESCAPE_MS);
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    begin_colours();
    return true;
}

void gw_top_screen_close(void)
{
    if (!screen)
        return;
    endwin();
    delscreen(screen);
    screen = NULL;
}

void gw_top_screen_size(size_t *columns, size_t *rows)
{
    *columns = (size_t)getmaxx(stdscr);
    *rows = (size_t)getmaxy(stdscr);
}

static void set_style(unsigned style)
{
    attr_set(styles[style].attribute, (short)(coloured ? style + 1 : 0), NULL);
}

static void show_line(int y, const struct gw_top_line *line)
{
    size_t at = 0, len = strlen(line->text);

    move(y, 0);
    clrtoeol();
    set_style(GW_TOP_PLAIN);
    for (size_t i = 0; i <= line->n_marks && at < len; i++) {
        size_t until = i < line->n_marks && line->marks[i].at < len ? line->marks[i].at : len;
        addnstr(line->text + at, (int)(until - at));
        at = until;
        if (i < line->n_marks)
            set_style(line->marks[i].style);
    }
    set_style(GW_TOP_PLAIN);
}

void gw_top_screen_show(const struct gw_top_frame *frame)
{
    for (size_t i = 0; i < frame->n; i++)
        show_line((int)i, &frame->lines[i]);
    refresh();
}

int gw_top_screen_key(void)
{
    int key = getch();

    switch (key) {
    case ERR:
        return GW_TOP_SCREEN_NO_KEY;
    case KEY_RESIZE:
        return GW_TOP_SCREEN_RESIZED;
    case KEY_BACKSPACE:
        return GW_TOP_KEY_BACKSPACE;
    case KEY_ENTER:
        return '\n';
    default:
        return key <= 0xff ? key : '\0';
    }
}
