/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "check.h"
#include "check_junit.h"
#include "check_text.h"
#include "command.h"
#include "model/label.h"
#include "select_options.h"

#define MAX_SECONDS 1e9
/* What may be worse than in the baseline, unless something else is said. */
#define DEFAULT_INCREASE 0.05
#define DEFAULT_LONGER_NS 50000000u

struct arguments {
    const char *path, *baseline, *junit;
    struct gw_check_limits limits;
    struct gw_selection selection;
    bool asked, markdown, strict;
};

static void print_help(void)
{
    printf(
        "Usage: gilwait check [OPTION]... FILE\n"
        "Hold a capture against limits: pass, fail (exit status 7) or not enough data.\n"
        "\n"
        "      --max-gil-wait SHARE  GIL wait of any group of threads, of its time: 20%%\n"
        "      --max-wait TIME       longest single wait for the GIL: 50ms, 2s\n"
        "      --max-hold TIME       longest single hold while another thread waits\n"
        "      --baseline FILE       a capture of before; nothing may be worse than in it by\n"
        "                            more than both captures can be off and than is allowed by:\n"
        "      --max-increase SHARE  points that the GIL wait of a group may gain (default 5%%)\n"
        "      --max-longer TIME     what the longest wait and hold may gain (default 50ms)\n"
        "                            If one of these two is given, the other is not checked.\n"
        "      --from TIME, --to TIME\n"
        "                            only what was recorded between them: 5 (seconds from the\n"
        "                            start), 1m, or -5 (from the end); not with a baseline\n"
        "      --junit OUT           write JUnit XML to a file as well; '-' is standard output,\n"
        "                            then instead of text\n"
        "      --markdown            a table for the summary of a CI job\n"
        "      --strict              exit with status 3 if there is not enough data, or the\n"
        "                            capture is incomplete\n"
        "  -h, --help                this help\n"
        "\n"
        "FILE may be '-' for standard input.\n");
}

/* --- arguments ----------------------------------------------------------------------------------
 */

static bool parse_number(const char *text, double *out, const char **unit)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    *unit = end;
    return end != text && !errno && *out >= 0 && *out <= MAX_SECONDS;
}

static bool parse_share(const char *text, double *out)
{
    const char *unit;

    if (!parse_number(text, out, &unit) || (*unit && strcmp(unit, "%") != 0) || *out > 100)
        return false;
    *out /= 100;
    return true;
}

static bool parse_time(const char *text, uint64_t *out)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    const char *unit;
    double value;

    if (!parse_number(text, &value, &unit))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].unit) == 0) {
            *out = (uint64_t)(value * units[i].ns);
            return *out > 0;
        }
    return false;
}

static bool take_share(const char *verb, struct arguments *arguments, double *out)
{
    arguments->asked = true;
    if (parse_share(optarg, out))
        return true;
    gw_command_usage(verb, "'%s' is no share: give percent, up to 100", optarg);
    return false;
}

static bool take_time(const char *verb, struct arguments *arguments, uint64_t *out)
{
    arguments->asked = true;
    if (parse_time(optarg, out))
        return true;
    gw_command_usage(verb, "'%s' is no time: give it with its unit, as 50ms or 2s", optarg);
    return false;
}

static bool take_option(int letter, const char *verb, struct arguments *arguments, int *code)
{
    if (gw_select_option(verb, letter, &arguments->selection, code))
        return *code == GW_EXIT_OK;
    *code = GW_EXIT_USAGE;
    switch (letter) {
    case 'g':
        return take_share(verb, arguments, &arguments->limits.max_gil_wait);
    case 'w':
        return take_time(verb, arguments, &arguments->limits.max_wait_ns);
    case 'o':
        return take_time(verb, arguments, &arguments->limits.max_hold_ns);
    case 'b':
        arguments->asked = true;
        arguments->baseline = optarg;
        return true;
    case 'i':
        return take_share(verb, arguments, &arguments->limits.max_increase);
    case 'l':
        return take_time(verb, arguments, &arguments->limits.max_longer_ns);
    case 'j':
        arguments->junit = optarg;
        return true;
    case 'm':
        arguments->markdown = true;
        return true;
    case 's':
        arguments->strict = true;
        return true;
    case 'h':
        print_help();
        *code = GW_EXIT_OK;
        return false;
    default:
        return false;
    }
}

/* What getopt cannot see. 0 or GW_EXIT_USAGE. */
static int complete_arguments(const char *verb, struct arguments *arguments)
{
    struct gw_check_limits *limits = &arguments->limits;
    bool relative = limits->max_increase >= 0 || limits->max_longer_ns;

    if (!arguments->asked)
        return gw_command_usage(verb, "give a limit, as --max-gil-wait 20%%");
    if (relative && !arguments->baseline)
        return gw_command_usage(verb, "--max-increase and --max-longer need a --baseline FILE");
    if (arguments->baseline && (arguments->selection.from.given || arguments->selection.to.given))
        return gw_command_usage(verb, "--from and --to cannot go with a --baseline");
    if (arguments->baseline && !relative) {
        limits->max_increase = DEFAULT_INCREASE;
        limits->max_longer_ns = DEFAULT_LONGER_NS;
    }
    return 0;
}

/* --- the command --------------------------------------------------------------------------------
 */

static int open_captures(const char *verb, const struct arguments *arguments,
                         struct gw_model **model, struct gw_model **baseline)
{
    *baseline = NULL;
    if (!arguments->baseline)
        return gw_command_select(verb, arguments->path, &arguments->selection, model);
    return gw_command_open_two(verb, arguments->baseline, baseline, arguments->path, model);
}

static bool to_stdout(const struct arguments *arguments)
{
    return arguments->junit && strcmp(arguments->junit, "-") == 0;
}

static void put_part(const struct gw_model *model, bool markdown)
{
    if (!model->part.given)
        return;
    fputs("Part of the recording: ", stdout);
    gw_label_part(stdout, model);
    fputs(markdown ? "\n\n" : "\n", stdout);
}

static void print_check(const struct gw_model *model, const struct gw_check *check,
                        const struct arguments *arguments)
{
    struct gw_check_words words = {.model = model, .limits = &arguments->limits};

    if (!to_stdout(arguments))
        put_part(model, arguments->markdown);
    if (to_stdout(arguments)) {
        gw_check_junit(check, &words, stdout);
    } else if (arguments->markdown) {
        words.also = "|";
        gw_check_markdown(check, &words, stdout);
    } else {
        gw_check_text(check, &words, stdout);
    }
}

/* The XML beside the text. Returns an exit code, after telling what went wrong. */
static int write_junit(const char *verb, const struct gw_model *model, const struct gw_check *check,
                       const struct arguments *arguments)
{
    const struct gw_check_words words = {.model = model, .limits = &arguments->limits};
    char what[GW_DIAG_TEXT];

    if (!arguments->junit || to_stdout(arguments))
        return GW_EXIT_OK;
    FILE *out = fopen(arguments->junit, "we");
    int rc = out ? 0 : -errno;
    if (out) {
        gw_check_junit(check, &words, out);
        if (ferror(out))
            rc = -EIO;
        if (fclose(out) != 0)
            rc = -errno;
    }
    if (rc == 0)
        return GW_EXIT_OK;
    snprintf(what, sizeof what, "cannot write %s", arguments->junit);
    return gw_command_fail(verb, rc, what);
}

/* Returns the exit code that goes with the answer. */
static int check_model(const char *verb, const struct gw_model *model,
                       const struct gw_model *baseline, const struct arguments *arguments)
{
    struct gw_check *check = gw_check_new(model, baseline, &arguments->limits);

    if (!check)
        return gw_command_fail(verb, -ENOMEM, "cannot check the capture");
    print_check(model, check, arguments);
    enum gw_check_answer answer = check->answer;
    int written = write_junit(verb, model, check, arguments);
    gw_check_free(check);
    int code = gw_command_end(verb, model, arguments->strict, stdout);
    if (written != GW_EXIT_OK || code == GW_EXIT_FAILURE)
        return written != GW_EXIT_OK ? written : code;
    if (answer == GW_CHECK_FAIL)
        return GW_EXIT_THRESHOLD;
    bool incomplete = answer == GW_CHECK_UNSURE || (baseline && gw_model_incomplete(baseline));
    return incomplete && arguments->strict ? GW_EXIT_INCOMPLETE : code;
}

int gw_cmd_check(int argc, char **argv)
{
    static const struct option options[] = {
        {"max-gil-wait", required_argument, NULL, 'g'},
        {"max-wait", required_argument, NULL, 'w'},
        {"max-hold", required_argument, NULL, 'o'},
        {"baseline", required_argument, NULL, 'b'},
        {"max-increase", required_argument, NULL, 'i'},
        {"max-longer", required_argument, NULL, 'l'},
        {"junit", required_argument, NULL, 'j'},
        {"markdown", no_argument, NULL, 'm'},
        {"strict", no_argument, NULL, 's'},
        GW_SELECT_TIMES,
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct arguments arguments = {.limits = {.max_gil_wait = -1, .max_increase = -1}};
    struct gw_model *model, *baseline;
    int letter, code;

    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1)
        if (!take_option(letter, argv[0], &arguments, &code))
            return code;
    code = complete_arguments(argv[0], &arguments);
    if (code != GW_EXIT_OK)
        return code;
    arguments.path = gw_command_path(argv[0], argc, argv);
    if (!arguments.path)
        return GW_EXIT_USAGE;
    if (arguments.junit &&
        (gw_command_same_file(arguments.junit, arguments.path) ||
         (arguments.baseline && gw_command_same_file(arguments.junit, arguments.baseline))))
        return gw_command_usage(argv[0], "%s is a capture; name another file for the XML",
                                arguments.junit);
    code = open_captures(argv[0], &arguments, &model, &baseline);
    if (code != GW_EXIT_OK)
        return code;
    code = check_model(argv[0], model, baseline, &arguments);
    gw_model_free(model);
    gw_model_free(baseline);
    return code;
}
