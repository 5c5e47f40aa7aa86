/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/exit_code.h"
#include "command.h"
#include "html.h"
#include "model/timeline.h"
#include "output.h"
#include "select_options.h"

struct arguments {
    const char *path;
    const char *output; /* NULL: beside the capture */
    const char *title;  /* NULL: made from the name of the capture */
    struct gw_selection selection;
    bool strict;
};

static void print_help(void)
{
    printf(
        "Usage: gilwait html [OPTION]... FILE\n"
        "Write a capture as one HTML page: words, tables, a timeline, and two flame graphs of who\n"
        "waits for whom. The page needs no network and can be mailed.\n"
        "\n"
        "  -o, --output OUT  where to ('-': standard output; default: FILE.html)\n"
        "      --title TEXT  title of the page\n"
        "      --from TIME, --to TIME\n"
        "                    only what was recorded between them: 5 (seconds from the start), 1m,\n"
        "                    or -5 (from the end)\n"
        "      --thread NAME only threads of this name ('worker-*' in quotes) or tid: what they\n"
        "                    wait and make others wait; may be given several times\n"
        "      --strict      exit with status 3 if the capture is incomplete\n"
        "  -h, --help        this help\n"
        "\n"
        "FILE may be '-' for standard input; -o is needed then.\n");
}

/* True to go on, else the exit code of the program in *done. */
static bool parse_arguments(int argc, char **argv, struct arguments *arguments, int *done)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"title", required_argument, NULL, 't'},
        {"strict", no_argument, NULL, 's'},       GW_SELECT_ALL,
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int letter;

    while ((letter = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (gw_select_option(argv[0], letter, &arguments->selection, done)) {
            if (*done != GW_EXIT_OK)
                return false;
        } else if (letter == 'o') {
            arguments->output = optarg;
        } else if (letter == 't') {
            arguments->title = optarg;
        } else if (letter == 's') {
            arguments->strict = true;
        } else {
            if (letter == 'h')
                print_help();
            *done = letter == 'h' ? GW_EXIT_OK : GW_EXIT_USAGE;
            return false;
        }
    }
    arguments->path = gw_command_path(argv[0], argc, argv);
    *done = GW_EXIT_USAGE;
    if (arguments->path && !arguments->output && strcmp(arguments->path, "-") == 0) {
        gw_command_usage(argv[0], "say with -o where the page of standard input goes");
        return false;
    }
    return arguments->path != NULL;
}

/* What the page is of. */
struct capture {
    struct gw_model *model;
    struct gw_timeline timeline;
};

struct page {
    const struct capture *capture;
    const char *title;
};

static int write_html(const void *context, FILE *out)
{
    const struct page *page = context;

    return gw_html_write(page->capture->model, &page->capture->timeline, page->title, out);
}

static int write_page(const char *verb, const struct capture *capture,
                      const struct arguments *arguments)
{
    GW_AUTO_FREE char *beside = NULL, *title = NULL;
    if (asprintf(&beside, "%s.html", arguments->path) < 0 ||
        asprintf(&title, "gilwait: %s", basename(arguments->path)) < 0)
        return gw_command_fail(verb, -ENOMEM, "cannot make the page");

    const char *path = arguments->output ? arguments->output : beside;
    if (gw_command_same_file(path, arguments->path))
        return gw_command_usage(verb, "%s is the capture; name another file for the page", path);
    const struct page page = {capture, arguments->title ? arguments->title : title};
    int code = gw_output_page(verb, path, write_html, &page);
    return code != GW_EXIT_OK ? code
                              : gw_command_end(verb, capture->model, arguments->strict, stdout);
}

/* Returns 0, or the exit code after the error was told. */
static int open_capture(const char *verb, struct arguments *arguments, struct capture *capture)
{
    arguments->selection.timeline = &capture->timeline;
    int code = gw_command_select(verb, arguments->path, &arguments->selection, &capture->model);
    if (code != GW_EXIT_OK)
        return code;
    int rc = gw_timeline_finish(&capture->timeline);
    if (rc == 0)
        return GW_EXIT_OK;
    gw_model_free(capture->model);
    return gw_command_fail(verb, rc, "cannot keep the timeline in a temporary file");
}

int gw_cmd_html(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct capture capture = {0};
    int code;

    if (!parse_arguments(argc, argv, &arguments, &code))
        return code;
    code = open_capture(argv[0], &arguments, &capture);
    if (code == GW_EXIT_OK) {
        code = write_page(argv[0], &capture, &arguments);
        gw_model_free(capture.model);
    }
    gw_timeline_fini(&capture.timeline);
    return code;
}
