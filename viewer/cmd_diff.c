/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>

#include "base/exit_code.h"
#include "command.h"
#include "diff.h"
#include "diff_json.h"
#include "diff_text.h"

/* Rows of a table for people, unless they ask for more; scripts get all. */
#define DEFAULT_TOP 10u
/* Digits of a real number: a margin of nanoseconds in a recording of hours. */
#define DIGITS 15

struct arguments {
    const char *paths[GW_N_DIFF_SIDES];
    bool json, strict, top_given;
    size_t top;
};

static void print_help(void)
{
    printf(
        "Usage: gilwait diff [OPTION]... BEFORE AFTER\n"
        "Tell what changed between two captures of one program: GIL wait, wait caused and CPU\n"
        "time of its threads, and the functions that suffer and cause it.\n"
        "\n"
        "      --json     write JSON (schema_version 1) instead of text\n"
        "      --top N    rows of each table; 0: all (default: %u, with --json all)\n"
        "      --strict   exit with status 3 if a capture is incomplete\n"
        "  -h, --help     this help\n"
        "\n"
        "One of them may be '-' for standard input. Threads are compared by name, numbers apart\n"
        "(worker-*). A * marks what changed by more than the 95 %% intervals of both explain.\n",
        DEFAULT_TOP);
}

static int take_paths(const char *verb, int argc, char **argv, struct arguments *arguments)
{
    if (argc - optind < (int)GW_N_DIFF_SIDES)
        return gw_command_usage(verb, "name two captures: the one of before and the one of after");
    if (argc - optind > (int)GW_N_DIFF_SIDES)
        return gw_command_usage(verb, "two captures at a time, not '%s' too",
                                argv[optind + GW_N_DIFF_SIDES]);
    for (unsigned side = 0; side < GW_N_DIFF_SIDES; side++)
        arguments->paths[side] = argv[optind + (int)side];
    return 0;
}

/* True to go on, else the exit code of the program in *done. */
static bool parse_arguments(int argc, char **argv, struct arguments *arguments, int *done)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"top", required_argument, NULL, 't'},
        {"strict", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    *done = GW_EXIT_USAGE;
    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (letter == 'j') {
            arguments->json = true;
        } else if (letter == 's') {
            arguments->strict = true;
        } else if (letter == 't') {
            arguments->top_given = true;
            if (!gw_command_rows(argv[0], optarg, &arguments->top))
                return false;
        } else {
            if (letter == 'h')
                print_help();
            *done = letter == 'h' ? GW_EXIT_OK : GW_EXIT_USAGE;
            return false;
        }
    }
    if (!arguments->top_given && !arguments->json)
        arguments->top = DEFAULT_TOP;
    return take_paths(argv[0], argc, argv, arguments) == 0;
}

static int write_json(const struct gw_diff *diff,
                      const struct gw_likeness_side sides[GW_N_DIFF_SIDES], size_t top)
{
    json_t *json = gw_diff_json(diff, sides[GW_DIFF_BEFORE].model, sides[GW_DIFF_AFTER].model, top);

    if (!json)
        return -ENOMEM;
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
    putchar('\n');
    json_decref(json);
    return 0;
}

static int write_diff(const struct gw_likeness_side sides[GW_N_DIFF_SIDES],
                      const struct arguments *arguments)
{
    const struct gw_report_options options = {.top = arguments->top, .colour = gw_command_colour()};
    struct gw_diff *diff = gw_diff_new(sides[GW_DIFF_BEFORE].model, sides[GW_DIFF_AFTER].model);
    int rc = 0;

    if (!diff)
        return -ENOMEM;
    if (arguments->json)
        rc = write_json(diff, sides, arguments->top);
    else
        gw_diff_text(diff, sides, &options, stdout);
    gw_diff_free(diff);
    return rc;
}

int gw_cmd_diff(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct gw_model *before, *after;
    int code;

    if (!parse_arguments(argc, argv, &arguments, &code))
        return code;
    code = gw_command_open_two(argv[0], arguments.paths[GW_DIFF_BEFORE], &before,
                               arguments.paths[GW_DIFF_AFTER], &after);
    if (code != GW_EXIT_OK)
        return code;
    const struct gw_likeness_side sides[GW_N_DIFF_SIDES] = {
        {before, arguments.paths[GW_DIFF_BEFORE]}, {after, arguments.paths[GW_DIFF_AFTER]}};
    int rc = write_diff(sides, &arguments);
    if (rc < 0)
        code = gw_command_fail(argv[0], rc, "cannot compare the captures");
    else
        code = gw_command_end(argv[0], after, arguments.strict, stdout);
    if (code == GW_EXIT_OK && arguments.strict && gw_model_incomplete(before))
        code = GW_EXIT_INCOMPLETE;
    gw_model_free(before);
    gw_model_free(after);
    return code;
}
