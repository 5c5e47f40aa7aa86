/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>

#include "base/exit_code.h"
#include "command.h"
#include "report_json.h"
#include "report_text.h"
#include "select_options.h"

/* Rows of a table for people, unless they ask for more. */
#define DEFAULT_TOP 10u
/* Rows of a table in JSON: an hour in varied code can make a million. */
#define DEFAULT_JSON_TOP 10000u
/* As many digits as a time in nanoseconds has in a year-long recording. */
#define DIGITS 15

struct arguments {
    const char *path;
    bool json;
    bool strict;
    bool top_given;
    size_t top;
    struct gw_selection selection;
};

static void print_help(void)
{
    printf("Usage: gilwait report [OPTION]... FILE\n"
           "Tell who waits for the GIL in a capture, how long, in which code and because of whom.\n"
           "\n"
           "      --json     write JSON (schema_version 1) instead of text\n"
           "      --top N    rows of the blame and function tables; 0: all (default: %u,\n"
           "                 with --json %u)\n"
           "      --from TIME, --to TIME\n"
           "                 only what was recorded between them: 5 (seconds from the start), 1m,\n"
           "                 or -5 (from the end)\n"
           "      --thread NAME\n"
           "                 only threads of this name ('worker-*' in quotes) or tid: what they\n"
           "                 wait and make others wait; may be given several times\n"
           "      --strict   exit with status 3 if the capture is incomplete\n"
           "  -h, --help     this help\n"
           "\n"
           "FILE may be '-' for standard input.\n",
           DEFAULT_TOP, DEFAULT_JSON_TOP);
}

/* GW_EXIT_OK to go on, else the exit code of the program in *done. */
static bool parse_arguments(int argc, char **argv, struct arguments *arguments, int *done)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},   {"top", required_argument, NULL, 't'},
        {"strict", no_argument, NULL, 's'}, GW_SELECT_ALL,
        {"help", no_argument, NULL, 'h'},   {NULL, 0, NULL, 0},
    };
    int letter;

    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (gw_select_option(argv[0], letter, &arguments->selection, done)) {
            if (*done != GW_EXIT_OK)
                return false;
        } else if (letter == 'j') {
            arguments->json = true;
        } else if (letter == 's') {
            arguments->strict = true;
        } else if (letter == 't') {
            arguments->top_given = true;
            *done = GW_EXIT_USAGE;
            if (!gw_command_rows(argv[0], optarg, &arguments->top))
                return false;
        } else {
            if (letter == 'h')
                print_help();
            *done = letter == 'h' ? GW_EXIT_OK : GW_EXIT_USAGE;
            return false;
        }
    }
    if (!arguments->top_given)
        arguments->top = arguments->json ? DEFAULT_JSON_TOP : DEFAULT_TOP;
    arguments->path = gw_command_path(argv[0], argc, argv);
    *done = GW_EXIT_USAGE;
    return arguments->path != NULL;
}

static int write_json(const struct gw_model *model, size_t top)
{
    json_t *report = gw_report_json(model, top);

    if (!report)
        return -ENOMEM;
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
    putchar('\n');
    json_decref(report);
    return 0;
}

static int write_text(const struct gw_model *model, const struct arguments *arguments)
{
    const struct gw_report_options options = {.top = arguments->top, .colour = gw_command_colour()};

    return gw_report_text(model, &options, stdout);
}

int gw_cmd_report(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct gw_model *model;
    int code;

    if (!parse_arguments(argc, argv, &arguments, &code))
        return code;
    code = gw_command_select(argv[0], arguments.path, &arguments.selection, &model);
    if (code != GW_EXIT_OK)
        return code;
    int rc = arguments.json ? write_json(model, arguments.top) : write_text(model, &arguments);
    if (rc < 0)
        code = gw_command_fail(argv[0], rc, "cannot make the report");
    else
        code = gw_command_end(argv[0], model, arguments.strict, stdout);
    gw_model_free(model);
    return code;
}
