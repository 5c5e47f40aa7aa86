/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "command.h"
#include "export/export.h"
#include "output.h"
#include "select_options.h"

#define VERB "export"

struct arguments {
    const char *path;
    const char *output; /* NULL: standard output */
    const struct gw_exporter *exporter;
    struct gw_export_options options;
    struct gw_selection selection;
    bool strict;
};

static void print_help(void)
{
    size_t n;
    const struct gw_exporter *const *exporters = gw_exporter_list(&n);

    printf("Usage: gilwait export FILE --format NAME [OPTION]...\n"
           "Write a capture in a format that other programs read.\n"
           "\n"
           "  -f, --format NAME  one of:\n");
    for (size_t i = 0; i < n; i++)
        printf("                       %-12s %s\n", exporters[i]->name, exporters[i]->summary);
    printf(
        "  -o, --output OUT   where to ('-': standard output, the default)\n"
        "      --blame        collapsed: stacks of those who hold the GIL, not of those who wait\n"
        "      --pairs        collapsed: waiter and, behind it, holder\n"
        "      --value TYPE   pprof: only this value, for readers that cannot switch:\n"
        "                     samples, wall, cpu, gil_hold, gil_blame or gil_wait\n"
        "      --from TIME, --to TIME\n"
        "                     only what was recorded between them: 5 (seconds from the start),\n"
        "                     1m, or -5 (from the end)\n"
        "      --thread NAME  only threads of this name ('worker-*' in quotes) or tid: what they\n"
        "                     wait and make others wait; may be given several times\n"
        "      --strict       exit with status 3 if the capture is incomplete\n"
        "  -h, --help         this help\n"
        "\n"
        "FILE may be '-' for standard input.\n");
}

static int unknown_format(const char *name)
{
    char known[GW_DIAG_TEXT] = "";
    size_t n;
    const struct gw_exporter *const *exporters = gw_exporter_list(&n);

    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(known);
        snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", exporters[i]->name);
    }
    return name ? gw_command_usage(VERB, "there is no format '%s'; there are: %s", name, known)
                : gw_command_usage(VERB, "say which format with --format: %s", known);
}

static bool has_value(const struct gw_exporter *exporter, const char *value)
{
    for (const char *const *at = exporter->values; at && *at; at++)
        if (strcmp(*at, value) == 0)
            return true;
    return false;
}

/* What getopt cannot see: whether the options fit each other. 0 or GW_EXIT_USAGE. */
static int check_arguments(const struct arguments *arguments)
{
    const struct gw_exporter *exporter = arguments->exporter;

    if (arguments->options.view != GW_EXPORT_VICTIMS && !exporter->has_views)
        return gw_command_usage(VERB, "--blame and --pairs are not for the format %s",
                                exporter->name);
    if (arguments->options.value && !exporter->values)
        return gw_command_usage(VERB, "--value is not for the format %s", exporter->name);
    if (arguments->options.value && !has_value(exporter, arguments->options.value))
        return gw_command_usage(VERB, "there is no value '%s'", arguments->options.value);
    if (exporter->binary && !arguments->output && isatty(STDOUT_FILENO))
        return gw_command_usage(VERB, "%s is nothing for a terminal; say with -o where it goes",
                                exporter->name);
    return 0;
}

/* True if the letter was taken. */
static bool take_option(struct arguments *arguments, int letter)
{
    switch (letter) {
    case 'o':
        arguments->output = strcmp(optarg, "-") == 0 ? NULL : optarg;
        return true;
    case 'v':
        arguments->options.value = optarg;
        return true;
    case 'b':
    case 'p':
        arguments->options.view = letter == 'b' ? GW_EXPORT_BLAME : GW_EXPORT_PAIRS;
        return true;
    case 's':
        arguments->strict = true;
        return true;
    default:
        return false;
    }
}

/* True to go on, else the exit code of the program in *done. */
static bool parse_arguments(int argc, char **argv, struct arguments *arguments, int *done)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'f'},
        {"output", required_argument, NULL, 'o'},
        {"blame", no_argument, NULL, 'b'},
        {"pairs", no_argument, NULL, 'p'},
        {"value", required_argument, NULL, 'v'},
        {"strict", no_argument, NULL, 's'},
        GW_SELECT_ALL,
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *format = NULL;
    int letter;

    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":f:o:h", options, NULL)) != -1) {
        if (gw_select_option(VERB, letter, &arguments->selection, done)) {
            if (*done != GW_EXIT_OK)
                return false;
        } else if (letter == 'f') {
            format = optarg;
        } else if (letter == 'h') {
            print_help();
            *done = GW_EXIT_OK;
            return false;
        } else if (!take_option(arguments, letter)) {
            *done = letter == ':' ? gw_command_usage(VERB, "%s needs a value", argv[optind - 1])
                                  : gw_command_usage(VERB, "unknown option %s", argv[optind - 1]);
            return false;
        }
    }
    arguments->path = gw_command_path(VERB, argc, argv);
    if (!arguments->path) {
        *done = GW_EXIT_USAGE;
        return false;
    }
    arguments->exporter = format ? gw_exporter_find(format) : NULL;
    if (!arguments->exporter) {
        *done = unknown_format(format);
        return false;
    }
    *done = check_arguments(arguments);
    return *done == 0;
}

/* What is to be exported. */
struct job {
    const struct arguments *arguments;
    const struct gw_model *model;
};

static int write_export(const void *context, FILE *out)
{
    const struct job *job = context;

    return job->arguments->exporter->write(job->model, &job->arguments->options, out);
}

static int export_model(const struct arguments *arguments, const struct gw_model *model)
{
    const char *output = arguments->output ? arguments->output : "the output";
    char what[GW_DIAG_TEXT];
    const struct job job = {arguments, model};
    int rc = arguments->output ? gw_output_file(arguments->output, write_export, &job)
                               : gw_output_stdout(write_export, &job);

    if (rc == -EPIPE)
        return GW_EXIT_FAILURE; /* the reader has what it wanted */
    if (rc < 0) {
        snprintf(what, sizeof what, "cannot write %s", output);
        return gw_command_fail(VERB, rc, what);
    }
    return arguments->strict && gw_model_incomplete(model) ? GW_EXIT_INCOMPLETE : GW_EXIT_OK;
}

/* The model and, if the format shows time, the timeline. Returns 0 and the model, or the exit code
 * after the error was told. */
static int open_capture(struct arguments *arguments, struct gw_timeline *timeline,
                        struct gw_model **model)
{
    if (arguments->exporter->timeline)
        arguments->selection.timeline = timeline;
    int code = gw_command_select(VERB, arguments->path, &arguments->selection, model);
    if (code || !arguments->exporter->timeline)
        return code;
    arguments->options.timeline = timeline;
    int rc = gw_timeline_finish(timeline);
    if (rc == 0)
        return 0;
    gw_model_free(*model);
    return gw_command_fail(VERB, rc, "cannot keep the timeline in a temporary file");
}

int gw_cmd_export(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct gw_timeline timeline = {0};
    struct gw_model *model;
    int code;

    if (!parse_arguments(argc, argv, &arguments, &code))
        return code;
    if (arguments.output && gw_command_same_file(arguments.output, arguments.path))
        return gw_command_usage(VERB, "%s is the capture; name another file for the export",
                                arguments.output);
    code = open_capture(&arguments, &timeline, &model);
    if (code == 0) {
        code = export_model(&arguments, model);
        gw_model_free(model);
    }
    gw_timeline_fini(&timeline);
    return code;
}
