/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "cell.h"
#include "check.h"
#include "columns.h"
#include "command.h"
#include "model/label.h"
#include "number.h"

#define MAX_SECONDS 1e9
#define ANSWER_WIDTH 16u
#define FIGURE_WIDTH 13u
#define VALUE_WIDTH 17u
#define LIMIT_WIDTH 9u
#define PLACE_AT (ANSWER_WIDTH + FIGURE_WIDTH + VALUE_WIDTH + LIMIT_WIDTH + 2u)
#define COLUMNS 80u

struct arguments {
    struct gw_check_limits limits;
    bool asked, markdown, strict;
};

static void print_help(void)
{
    printf("Usage: gilwait check [OPTION]... FILE\n"
           "Hold a capture against limits: pass, fail (exit status 7) or not enough data.\n"
           "\n"
           "      --max-gil-wait SHARE  GIL wait of any group of threads, of its time: 20%%\n"
           "      --max-wait TIME       longest single wait for the GIL: 50ms, 2s\n"
           "      --max-hold TIME       longest single hold while another thread waits\n"
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

static bool take_option(int letter, const char *verb, struct arguments *arguments, int *code)
{
    *code = GW_EXIT_USAGE;
    switch (letter) {
    case 'g':
        arguments->asked = true;
        if (parse_share(optarg, &arguments->limits.max_gil_wait))
            return true;
        gw_command_usage(verb, "'%s' is no share: give percent, up to 100", optarg);
        return false;
    case 'w':
    case 'o': {
        uint64_t *limit =
            letter == 'w' ? &arguments->limits.max_wait_ns : &arguments->limits.max_hold_ns;
        arguments->asked = true;
        if (parse_time(optarg, limit))
            return true;
        gw_command_usage(verb, "'%s' is no time: give it with its unit, as 50ms or 2s", optarg);
        return false;
    }
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

/* --- what is printed ----------------------------------------------------------------------------
 */

/* One line: answer, figure, value, limit, where. */
struct line {
    const char *figure;
    enum gw_check_answer answer;
    struct gw_cell value, limit, place;
};

/* "worker-* (64 threads)" */
static void put_group(FILE *out, const struct gw_model *model, const struct gw_check_wait *wait)
{
    const char *name;
    size_t begin, end;

    if (wait->thread == GW_NO_THREAD) {
        fputs("no thread was observed", out);
        return;
    }
    name = gw_model_text(model, model->threads[wait->thread].name);
    if (wait->n_threads == 1) {
        gw_label_thread(out, model, wait->thread, "|");
        return;
    }
    gw_check_group(name, &begin, &end);
    char *head = strndup(name, begin);
    gw_label_text(out, head ? head : "", "|");
    if (!*name)
        fputs("threads without a name", out);
    else if (end > begin)
        putc('*', out);
    gw_label_text(out, name + end, "|");
    fprintf(out, " (%zu threads)", wait->n_threads);
    free(head);
}

static void put_episode(FILE *out, const struct gw_model *model, const struct gw_episode *episode)
{
    if (!episode) {
        fputs("none was seen", out);
        return;
    }
    gw_label_thread(out, model, episode->thread, "|");
    fputs(" in ", out);
    gw_label_leaf(out, model, episode->stack, "|");
}

static void put_length(FILE *out, const struct gw_episode *episode)
{
    if (!episode)
        return;
    gw_number_length(out, episode->ns);
    fputs(episode->cut ? " or more" : " ±", out);
    if (!episode->cut)
        gw_number_length(out, episode->uncertainty_ns);
}

static void print_line(struct line *line, bool markdown)
{
    const char *answer = gw_check_answer_name(line->answer);

    if (markdown) {
        printf("| %s%s%s | %s | %s | %s | %s |\n", line->answer == GW_CHECK_FAIL ? "**" : "",
               answer, line->answer == GW_CHECK_FAIL ? "**" : "", line->figure,
               gw_cell_text(&line->value), gw_cell_text(&line->limit), gw_cell_text(&line->place));
    } else {
        gw_columns_put(stdout, answer, ANSWER_WIDTH);
        gw_columns_put(stdout, line->figure, FIGURE_WIDTH);
        gw_columns_put_right(stdout, gw_cell_text(&line->value), VALUE_WIDTH);
        gw_columns_put_right(stdout, gw_cell_text(&line->limit), LIMIT_WIDTH);
        fputs("  ", stdout);
        gw_columns_wrap(stdout, gw_cell_text(&line->place), PLACE_AT, PLACE_AT, COLUMNS);
    }
    gw_cell_end(&line->value);
    gw_cell_end(&line->limit);
    gw_cell_end(&line->place);
}

static void print_gil_wait(const struct gw_model *model, const struct gw_check_wait *wait,
                           double limit, bool markdown)
{
    struct line line = {.figure = "GIL wait", .answer = wait->answer};

    if (gw_cell_begin(&line.value) && wait->thread != GW_NO_THREAD)
        gw_number_percent_margin(line.value.file, gw_estimate_share(&wait->estimate),
                                 gw_estimate_margin(&wait->estimate));
    if (gw_cell_begin(&line.limit))
        fprintf(line.limit.file, "%g %%", 100 * limit);
    if (gw_cell_begin(&line.place))
        put_group(line.place.file, model, wait);
    print_line(&line, markdown);
}

static void print_episode(const struct gw_model *model, const char *figure,
                          const struct gw_check_episode *check, uint64_t limit_ns, bool markdown)
{
    struct line line = {.figure = figure, .answer = check->answer};

    if (gw_cell_begin(&line.value))
        put_length(line.value.file, check->longest);
    if (gw_cell_begin(&line.limit))
        gw_number_length(line.limit.file, limit_ns);
    if (gw_cell_begin(&line.place))
        put_episode(line.place.file, model, check->longest);
    print_line(&line, markdown);
}

static void print_check(const struct gw_model *model, const struct gw_check *check,
                        const struct arguments *arguments)
{
    const struct gw_check_limits *limits = &arguments->limits;
    bool markdown = arguments->markdown;

    if (markdown) {
        printf("**GIL: %s**\n\n| | | measured | limit | |\n| --- | --- | ---: | ---: | --- |\n",
               gw_check_answer_name(check->answer));
    } else {
        gw_columns_put_right(stdout, "measured", ANSWER_WIDTH + FIGURE_WIDTH + VALUE_WIDTH);
        gw_columns_put_right(stdout, "limit", LIMIT_WIDTH);
        putchar('\n');
    }
    if (limits->max_gil_wait >= 0)
        print_gil_wait(model, &check->gil_wait, limits->max_gil_wait, markdown);
    if (limits->max_wait_ns)
        print_episode(model, "longest wait", &check->wait, limits->max_wait_ns, markdown);
    if (limits->max_hold_ns)
        print_episode(model, "longest hold", &check->hold, limits->max_hold_ns, markdown);
}

/* --- the command --------------------------------------------------------------------------------
 */

static int check_capture(const char *verb, const char *path, const struct arguments *arguments)
{
    struct gw_model *model;
    struct gw_check check;
    int code = gw_command_open(verb, path, &model);

    if (code != GW_EXIT_OK)
        return code;
    int rc = gw_check_model(model, &arguments->limits, &check);
    if (rc < 0) {
        code = gw_command_fail(verb, rc, "cannot check the capture");
    } else {
        print_check(model, &check, arguments);
        code = gw_command_end(verb, model, arguments->strict, stdout);
    }
    gw_model_free(model);
    if (rc < 0 || code == GW_EXIT_FAILURE)
        return code;
    if (check.answer == GW_CHECK_FAIL)
        return GW_EXIT_THRESHOLD;
    return check.answer == GW_CHECK_UNSURE && arguments->strict ? GW_EXIT_INCOMPLETE : code;
}

int gw_cmd_check(int argc, char **argv)
{
    static const struct option options[] = {
        {"max-gil-wait", required_argument, NULL, 'g'},
        {"max-wait", required_argument, NULL, 'w'},
        {"max-hold", required_argument, NULL, 'o'},
        {"markdown", no_argument, NULL, 'm'},
        {"strict", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct arguments arguments = {.limits = {.max_gil_wait = -1}};
    int letter, code;

    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1)
        if (!take_option(letter, argv[0], &arguments, &code))
            return code;
    if (!arguments.asked)
        return gw_command_usage(argv[0], "give a limit, as --max-gil-wait 20%%");
    const char *path = gw_command_path(argv[0], argc, argv);
    return path ? check_capture(argv[0], path, &arguments) : GW_EXIT_USAGE;
}
