/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/exit_code.h"
#include "command.h"
#include "diff.h"
#include "diff_html.h"
#include "diff_json.h"
#include "diff_text.h"
#include "output.h"

/* Rows of a table for people, unless they ask for more; scripts get all. */
#define DEFAULT_TOP 10u
#define DEFAULT_HTML_TOP 100u
/* Digits of a real number: a margin of nanoseconds in a recording of hours. */
#define DIGITS 15

struct arguments {
    const char *paths[GW_N_DIFF_SIDES];
    bool json, html, strict, top_given;
    const char *output; /* of the page; NULL: beside the capture of after */
    const char *title;  /* of the page; NULL: made from the names of the captures */
    size_t top;
};

static void print_help(void)
{
    printf(
        "Usage: gilwait diff [OPTION]... BEFORE AFTER\n"
        "Tell what changed between two captures of one program: GIL wait, wait caused and CPU\n"
        "time of its threads, and the functions that suffer and cause it.\n"
        "\n"
        "      --json        write JSON (schema_version 1) instead of text\n"
        "      --html        write one offline page with the tables and differential flame graphs\n"
        "  -o, --output OUT  where the page goes ('-': standard output; default:\n"
        "                    AFTER.diff.html)\n"
        "      --title TEXT  title of the page\n"
        "      --top N       rows of each table; 0: all (default: %u, with --html %u, with --json\n"
        "                    all)\n"
        "      --strict      exit with status 3 if a capture is incomplete\n"
        "  -h, --help        this help\n"
        "\n"
        "One of them may be '-' for standard input. Threads are compared by name, numbers apart\n"
        "(worker-*). A * marks what changed by more than the 95 %% intervals of both explain.\n",
        DEFAULT_TOP, DEFAULT_HTML_TOP);
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

/* One form at a time; a page goes beside the capture of after unless told otherwise. */
static int check_form(const char *verb, struct arguments *arguments)
{
    if (arguments->json && arguments->html)
        return gw_command_usage(verb, "either --json or --html");
    if (arguments->output && !arguments->html)
        return gw_command_usage(verb, "-o is where the page of --html goes");
    if (arguments->title && !arguments->html)
        return gw_command_usage(verb, "--title is of the page of --html");
    if (arguments->html && !arguments->output && strcmp(arguments->paths[GW_DIFF_AFTER], "-") == 0)
        return gw_command_usage(verb, "say with -o where the page goes");
    if (!arguments->top_given && !arguments->json)
        arguments->top = arguments->html ? DEFAULT_HTML_TOP : DEFAULT_TOP;
    return 0;
}

/* True to go on, else the exit code of the program in *done. */
static bool parse_arguments(int argc, char **argv, struct arguments *arguments, int *done)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},         {"html", no_argument, NULL, 'm'},
        {"output", required_argument, NULL, 'o'}, {"title", required_argument, NULL, 'i'},
        {"top", required_argument, NULL, 't'},    {"strict", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int letter;

    *done = GW_EXIT_USAGE;
    while ((letter = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (letter == 'j') {
            arguments->json = true;
        } else if (letter == 'm') {
            arguments->html = true;
        } else if (letter == 'o') {
            arguments->output = optarg;
        } else if (letter == 'i') {
            arguments->title = optarg;
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
    return take_paths(argv[0], argc, argv, arguments) == 0 && check_form(argv[0], arguments) == 0;
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

struct page {
    const struct gw_likeness_side *sides;
    size_t top;
    const char *title;
};

static int write_html(const void *context, FILE *out)
{
    const struct page *page = context;

    return gw_diff_html_write(page->sides, page->top, page->title, out);
}

/* Returns an exit code. */
static int write_page(const char *verb, const struct gw_likeness_side sides[GW_N_DIFF_SIDES],
                      const struct arguments *arguments)
{
    GW_AUTO_FREE char *beside = NULL, *title = NULL;
    if (asprintf(&beside, "%s.diff.html", sides[GW_DIFF_AFTER].path) < 0 ||
        asprintf(&title, "gilwait: %s and %s", basename(sides[GW_DIFF_BEFORE].path),
                 basename(sides[GW_DIFF_AFTER].path)) < 0)
        return gw_command_fail(verb, -ENOMEM, "cannot make the page");

    const char *path = arguments->output ? arguments->output : beside;
    for (unsigned side = 0; side < GW_N_DIFF_SIDES; side++)
        if (gw_command_same_file(path, sides[side].path))
            return gw_command_usage(verb, "%s is a capture; name another file for the page", path);
    const struct page page = {sides, arguments->top, arguments->title ? arguments->title : title};
    return gw_output_page(verb, path, write_html, &page);
}

/* Returns an exit code. */
static int show(const char *verb, const struct gw_likeness_side sides[GW_N_DIFF_SIDES],
                const struct arguments *arguments)
{
    if (arguments->html)
        return write_page(verb, sides, arguments);
    int rc = write_diff(sides, arguments);
    return rc < 0 ? gw_command_fail(verb, rc, "cannot compare the captures") : GW_EXIT_OK;
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
    code = show(argv[0], sides, &arguments);
    if (code == GW_EXIT_OK)
        code = gw_command_end(argv[0], after, arguments.strict, stdout);
    if (code == GW_EXIT_OK && arguments.strict && gw_model_incomplete(before))
        code = GW_EXIT_INCOMPLETE;
    gw_model_free(before);
    gw_model_free(after);
    return code;
}
