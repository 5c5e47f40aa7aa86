/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of gilwait-view and what they share. Users meet them as `gilwait VERB`, so that is how
 * messages begin. */
#ifndef GW_COMMAND_H
#define GW_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "model/selection.h"

/* argv[0] is the verb. Each returns an exit code of base/exit_code.h. */
int gw_cmd_report(int argc, char **argv);
int gw_cmd_summary(int argc, char **argv);
int gw_cmd_html(int argc, char **argv);
int gw_cmd_export(int argc, char **argv);
int gw_cmd_check(int argc, char **argv);
int gw_cmd_diff(int argc, char **argv);
int gw_cmd_top(int argc, char **argv);

/* Say what is wrong on the command line and where help is; returns GW_EXIT_USAGE. */
int gw_command_usage(const char *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The one capture of a command line whose options are parsed: argv[optind]. NULL after an error
 * was told. */
const char *gw_command_path(const char *verb, int argc, char **argv);

/* The number of rows that --top asks for. False after an error was told. */
bool gw_command_rows(const char *verb, const char *text, size_t *out);

/* Whether standard output is a terminal that may have colours. */
bool gw_command_colour(void);

/* Read a capture; one that is incomplete is read as far as it goes, with a warning on standard
 * error. Returns 0 and *out, or the exit code after the error was told. */
int gw_command_open(const char *verb, const char *path, struct gw_model **out);

/* The same for what is asked for of it, which may be nothing: GW_EXIT_USAGE if there is no such. */
int gw_command_select(const char *verb, const char *path, const struct gw_selection *selection,
                      struct gw_model **out);

/* Read two captures to be compared, the one of before first. One that cannot be compared with the
 * other (likeness.h) is refused. Returns 0 and both models, or the exit code after the error was
 * told. */
int gw_command_open_two(const char *verb, const char *before_path, struct gw_model **before,
                        const char *after_path, struct gw_model **after);

/* Whether two paths lead to the same file: nobody wants to lose a capture to what is made of it. */
bool gw_command_same_file(const char *one, const char *other);

/* The end of a command that wrote to `out`: 0, GW_EXIT_INCOMPLETE for an incomplete model under
 * `strict`, or GW_EXIT_FAILURE if `out` did not take all, which is told (but for a pipe that its
 * reader closed). */
int gw_command_end(const char *verb, const struct gw_model *model, bool strict, FILE *out);

/* Tell an error; returns its exit code. */
int gw_command_fail(const char *verb, int code, const char *what);

#endif
