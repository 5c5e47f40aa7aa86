/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "likeness.h"

#define PROGRAM_ROOM 64

int gw_command_usage(const char *verb, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "gilwait %s: ", verb);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry 'gilwait %s --help'.\n", verb);
    va_end(args);
    return GW_EXIT_USAGE;
}

const char *gw_command_path(const char *verb, int argc, char **argv)
{
    if (optind + 1 == argc)
        return argv[optind];
    if (optind == argc)
        gw_command_usage(verb, "name the capture to read ('-' is standard input)");
    else
        gw_command_usage(verb, "one capture at a time, not '%s' too", argv[optind + 1]);
    return NULL;
}

bool gw_command_rows(const char *verb, const char *text, size_t *out)
{
    char *end;

    errno = 0;
    *out = strtoul(text, &end, 10);
    if (end != text && !*end && !errno && text[strspn(text, " ")] != '-')
        return true;
    gw_command_usage(verb, "'%s' is no number of rows", text);
    return false;
}

bool gw_command_colour(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
           !(term && strcmp(term, "dumb") == 0);
}

static void print_diag(const char *verb, const struct gw_diag *diag)
{
    char program[PROGRAM_ROOM];

    snprintf(program, sizeof program, "gilwait %s", verb);
    gw_diag_print(program, diag);
}

int gw_command_fail(const char *verb, int code, const char *what)
{
    struct gw_diag diag = {0};

    gw_diag_what(&diag, code, "%s", what);
    print_diag(verb, &diag);
    return (int)gw_exit_from_error(code);
}

int gw_command_select(const char *verb, const char *path, const struct gw_selection *selection,
                      struct gw_model **out)
{
    struct gw_diag diag = {0};
    int rc = gw_selection_open(path, selection, out, &diag);

    if (rc < 0) {
        print_diag(verb, &diag);
        return rc == -GW_E_NOT_FOUND ? GW_EXIT_USAGE : (int)gw_exit_from_error(rc);
    }
    const struct gw_model_end *end = &(*out)->end;
    if (gw_model_incomplete(*out))
        fprintf(stderr,
                "gilwait %s: warning: %s is incomplete: %s at byte %" PRIu64
                "; this is what was recorded before\n",
                verb, path,
                end->error ? gw_error_sentence(end->error) : "it was not closed, and ends",
                end->good_bytes);
    return 0;
}

static int check_likeness(const char *verb, const struct gw_likeness_side *before,
                          const struct gw_likeness_side *after)
{
    struct gw_diag diag = {0};
    int rc = gw_likeness_check(before, after, &diag);

    if (rc == 0)
        return GW_EXIT_OK;
    if (rc == -ENOMEM)
        return gw_command_fail(verb, rc, "cannot compare the captures");
    print_diag(verb, &diag);
    return (int)gw_exit_from_error(rc);
}

int gw_command_open(const char *verb, const char *path, struct gw_model **out)
{
    return gw_command_select(verb, path, &(const struct gw_selection){0}, out);
}

int gw_command_open_two(const char *verb, const char *before_path, struct gw_model **before,
                        const char *after_path, struct gw_model **after)
{
    if (strcmp(before_path, "-") == 0 && strcmp(after_path, "-") == 0)
        return gw_command_usage(verb, "only one of two captures can be standard input");
    int code = gw_command_open(verb, before_path, before);
    if (code != GW_EXIT_OK)
        return code;
    code = gw_command_open(verb, after_path, after);
    if (code == GW_EXIT_OK) {
        const struct gw_likeness_side sides[] = {{*before, before_path}, {*after, after_path}};
        code = check_likeness(verb, &sides[0], &sides[1]);
        if (code == GW_EXIT_OK)
            return code;
        gw_model_free(*after);
    }
    gw_model_free(*before);
    return code;
}

bool gw_command_same_file(const char *one, const char *other)
{
    struct stat a, b;

    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

int gw_command_end(const char *verb, const struct gw_model *model, bool strict, FILE *out)
{
    errno = 0;
    if (fflush(out) != 0 || ferror(out)) {
        if (errno != EPIPE)
            gw_command_fail(verb, errno ? -errno : -EIO, "cannot write the output");
        return GW_EXIT_FAILURE;
    }
    return strict && gw_model_incomplete(model) ? GW_EXIT_INCOMPLETE : GW_EXIT_OK;
}
