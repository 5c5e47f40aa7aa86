/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>

#include "base/exit_code.h"

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

int gw_command_open(const char *verb, const char *path, struct gw_model **out)
{
    return gw_command_open_timeline(verb, path, NULL, out);
}

int gw_command_open_timeline(const char *verb, const char *path, struct gw_timeline *timeline,
                             struct gw_model **out)
{
    struct gw_diag diag = {0};
    int rc = gw_model_open_timeline(path, timeline, out, &diag);

    if (rc < 0) {
        print_diag(verb, &diag);
        return (int)gw_exit_from_error(rc);
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
