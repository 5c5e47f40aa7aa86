/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit_code.h"
#include "command.h"
#include "top_screen.h"
#include "top_source.h"

#define INTERVAL_S 1.0
#define INTERVAL_NS GW_NS_PER_S
#define DEFAULT_WINDOW_S 5.0
#define ONCE_COLUMNS 80u
#define ONCE_ROWS 20u
/* As long as `gilwait record` goes: until it is told to end. */
#define ENDLESS "8760h"
#define ERRORS_ROOM 2048u
#define FAILED "the recorder has failed"

struct arguments {
    struct gw_top_source_options source;
    double window_s;
    bool once;
};

struct top {
    struct gw_top_source source;
    struct gw_capture_reader *reader;
    struct gw_live *live;
    struct gw_top_view *view; /* NULL before the first */
    struct gw_top_ui ui;
    uint64_t window_ns;
    bool ended; /* the capture */
    int exit_code;
};

static const struct gw_top_source *running; /* for the signal handler */
static volatile sig_atomic_t stop_requested;

static void print_help(void)
{
    printf("Usage: gilwait top -p PID [OPTION]...\n"
           "Show, second by second, which threads of a running Python wait for the GIL, and for "
           "whom.\n\n"
           "  -p, --pid PID          process to look at\n"
           "      --window TIME      figures are of so many seconds (default 5; 60, 2m)\n"
           "      --once             print one window as text, and end\n"
           "  -r, --rate N           as for 'gilwait record', like the next three\n"
           "      --max-cpu PERCENT\n"
           "      --no-realtime\n"
           "      --stop[=PERCENT]\n"
           "  -h, --help             this text\n\n"
           "Keys: t threads, f functions, p pairs, s sort, / filter, space freeze, r reset,\n"
           "? help, q quit. Nothing is written to disk.\n");
}

/* --- the command line ------------------------------------------------------------------------- */

static bool parse_window(const char *text, double *out)
{
    char *end;

    errno = 0;
    double value = strtod(text, &end);
    if (end == text || errno)
        return false;
    if (strcmp(end, "m") == 0)
        value *= 60;
    else if (*end && strcmp(end, "s") != 0)
        return false;
    *out = value;
    return value >= INTERVAL_S && value <= GW_MAX_WINDOW_S;
}

static const struct option options[] = {
    {"pid", required_argument, NULL, 'p'},
    {"window", required_argument, NULL, 'w'},
    {"once", no_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {"rate", required_argument, NULL, 'r'},
    {"max-cpu", required_argument, NULL, 'B'},
    {"no-realtime", no_argument, NULL, 'N'},
    {"stop", optional_argument, NULL, 'S'},
    {NULL, 0, NULL, 0},
};

/* An option that is the recorder's: it is the recorder that looks at its value. */
static int hand_on(const char *verb, struct arguments *arguments, const char *name,
                   const char *value)
{
    int rc = gw_top_source_option(&arguments->source, name, value);

    return rc < 0 ? gw_command_fail(verb, rc, "cannot take so many options") : -1;
}

/* -1 to go on, or the exit code. */
static int parse_option(int letter, char **argv, struct arguments *arguments)
{
    if (letter == 'h') {
        print_help();
        return GW_EXIT_OK;
    }
    if (letter == '?')
        return GW_EXIT_USAGE;
    if (letter == 'o') {
        arguments->once = true;
    } else if (letter == 'w') {
        if (!parse_window(optarg, &arguments->window_s))
            return gw_command_usage(argv[0], "'%s' is no window: give seconds, %g to %g", optarg,
                                    INTERVAL_S, GW_MAX_WINDOW_S);
    } else {
        size_t i = 0;
        while (options[i].val != letter)
            i++;
        return hand_on(argv[0], arguments, options[i].name, optarg);
    }
    return -1;
}

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    bool pid_given = false;
    int letter;

    while ((letter = getopt_long(argc, argv, "p:r:h", options, NULL)) != -1) {
        int code = parse_option(letter, argv, arguments);
        if (code >= 0)
            return code;
        pid_given = pid_given || letter == 'p';
    }
    if (optind < argc)
        return gw_command_usage(argv[0], "'%s' is one argument too many", argv[optind]);
    if (!pid_given)
        return gw_command_usage(argv[0], "say which process: -p PID");
    char window[32];
    snprintf(window, sizeof window, "%g", arguments->window_s);
    return hand_on(argv[0], arguments, "duration", arguments->once ? window : ENDLESS);
}

/* --- the stream ------------------------------------------------------------------------------- */

/* The recorder ends at once, so that no read of what it writes waits any longer. */
static void on_signal(int number)
{
    (void)number;
    stop_requested = 1;
    if (running)
        gw_top_source_stop(running);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: it ends the poll */

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* Why the picture changes no more, and the exit code that goes with it. */
static void take_end(struct top *top, int error, enum gw_end_reason reason, bool seen)
{
    char errors[GW_TOP_STATUS_ROOM - sizeof FAILED ": "];

    top->ended = true;
    gw_top_source_stop(&top->source);
    int code = gw_top_source_wait(&top->source);
    gw_top_source_errors(&top->source, errors, sizeof errors);
    errors[strcspn(errors, "\n")] = '\0';
    if (seen && reason == GW_END_TARGET_ENDED)
        snprintf(top->ui.status, sizeof top->ui.status, "the target has ended");
    else if (error < 0)
        snprintf(top->ui.status, sizeof top->ui.status, "cannot read the recorder's stream: %s",
                 gw_error_sentence(error));
    else if (!seen || code != GW_EXIT_OK)
        snprintf(top->ui.status, sizeof top->ui.status, FAILED "%s%s", *errors ? ": " : "", errors);
    else if (reason != GW_END_DURATION)
        snprintf(top->ui.status, sizeof top->ui.status, "the recorder was ended by a signal");
    top->exit_code = error < 0                     ? GW_EXIT_FAILURE
                     : !seen && code == GW_EXIT_OK ? GW_EXIT_FAILURE
                                                   : code;
}

/* Take in one chunk; waits for it. */
static void take_chunk(struct top *top)
{
    struct gw_chunk chunk;
    int rc = gw_capture_reader_next(top->reader, &chunk);

    if (rc > 0 && chunk.end) {
        take_end(top, 0, (enum gw_end_reason)chunk.end->reason, true);
    } else if (rc > 0) {
        rc = gw_live_take(top->live, &chunk);
        if (rc < 0)
            take_end(top, rc, GW_END_UNKNOWN, false);
    } else {
        /* A stream that is cut off is the recorder's failure, whatever byte it stops at. */
        take_end(top, rc == -GW_E_TRUNCATED ? 0 : rc, GW_END_UNKNOWN, false);
    }
}

static int renew_view(struct top *top, uint64_t window_ns)
{
    struct gw_top_view *view;
    int rc = gw_top_view_new(top->live, INTERVAL_NS, window_ns, &view);

    if (rc < 0)
        return rc;
    gw_top_view_free(top->view);
    top->view = view;
    return 0;
}

/* --- once ------------------------------------------------------------------------------------- */

static int print_once(struct top *top, const char *verb)
{
    struct gw_top_frame frame;

    while (!top->ended)
        take_chunk(top);
    int rc = renew_view(top, UINT64_MAX);
    if (rc == 0)
        rc = gw_top_layout_all(top->view, &top->ui, ONCE_COLUMNS, ONCE_ROWS, &frame);
    if (rc < 0)
        return gw_command_fail(verb, rc, "cannot make the picture");
    for (size_t i = 0; i < frame.n && top->view->window_s > 0; i++) {
        /* Cells are padded; text for scripts has no blanks at the ends of lines. */
        size_t len = strlen(frame.lines[i].text);
        while (len > 0 && frame.lines[i].text[len - 1] == ' ')
            len--;
        printf("%.*s\n", (int)len, frame.lines[i].text);
    }
    gw_top_frame_fini(&frame);
    if (top->ui.status[0])
        fprintf(stderr, "gilwait %s: %s\n", verb, top->ui.status);
    if (fflush(stdout) != 0)
        return GW_EXIT_FAILURE;
    return top->exit_code;
}

/* --- the screen ------------------------------------------------------------------------------- */

static void draw(const struct top *top)
{
    struct gw_top_frame frame;
    size_t columns, rows;

    gw_top_screen_size(&columns, &rows);
    if (gw_top_layout(top->view, &top->ui, columns, rows, &frame) < 0)
        return;
    gw_top_screen_show(&frame);
    gw_top_frame_fini(&frame);
}

/* All keys that are waiting; false to quit. */
static bool take_keys(struct top *top, bool *changed)
{
    int key;

    while ((key = gw_top_screen_key()) != GW_TOP_SCREEN_NO_KEY) {
        *changed = true;
        if (key == GW_TOP_SCREEN_RESIZED)
            continue;
        switch (gw_top_ui_key(&top->ui, key)) {
        case GW_TOP_QUIT:
            return false;
        case GW_TOP_RESET:
            gw_live_restart(top->live);
            break;
        case GW_TOP_DRAW:
            break;
        }
    }
    return true;
}

/* The picture is made anew once a second, and once more at the end. */
static int renew_if_due(struct top *top, uint64_t *next_ns, bool had_ended, bool *changed)
{
    uint64_t now_ns = gw_monotonic_ns();
    bool due = !top->ended && now_ns >= *next_ns;

    if (due)
        *next_ns = now_ns + INTERVAL_NS;
    *changed = *changed || due || top->ended != had_ended;
    if (top->ui.frozen || !(due || top->ended != had_ended))
        return 0;
    return renew_view(top, top->window_ns);
}

static int wait_for_something(const struct top *top, uint64_t next_ns, bool *readable)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = top->ended ? -1 : top->source.fd, .events = POLLIN}};
    uint64_t now_ns = gw_monotonic_ns();
    int timeout_ms = next_ns > now_ns ? (int)((next_ns - now_ns) / 1000000 + 1) : 0;

    int n = poll(fds, 2, top->ended ? -1 : timeout_ms);
    *readable = n > 0 && fds[1].revents;
    /* The terminal is gone. */
    return n > 0 && fds[0].revents & (POLLHUP | POLLERR | POLLNVAL) ? -EIO : 0;
}

static int look(struct top *top)
{
    uint64_t next_ns = gw_monotonic_ns() + INTERVAL_NS / 2;
    bool changed = true;

    for (;;) {
        bool readable, had_ended = top->ended;
        if (changed)
            draw(top);
        changed = false;
        int rc = wait_for_something(top, next_ns, &readable);
        if (rc < 0 || stop_requested || !take_keys(top, &changed))
            return 0;
        if (readable)
            take_chunk(top);
        if (stop_requested)
            return 0;
        rc = renew_if_due(top, &next_ns, had_ended, &changed);
        if (rc < 0)
            return rc;
    }
}

static int run_screen(struct top *top, const char *verb)
{
    if (!gw_top_screen_open()) {
        fprintf(stderr,
                "gilwait %s: cannot show a screen: this is no terminal, or TERM is not known\n"
                "gilwait %s: print one picture as text with --once\n",
                verb, verb);
        return GW_EXIT_FAILURE;
    }
    int rc = look(top);
    gw_top_screen_close();
    if (rc < 0)
        return gw_command_fail(verb, rc, "cannot make the picture");
    if (top->ended && top->ui.status[0])
        fprintf(stderr, "gilwait %s: %s\n", verb, top->ui.status);
    return top->ended ? top->exit_code : GW_EXIT_OK;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* The recorder did not come to write a capture: what it said is the error. */
static int tell_refusal(struct gw_top_source *source, const char *verb)
{
    char errors[ERRORS_ROOM];
    int code = gw_top_source_wait(source);

    gw_top_source_errors(source, errors, sizeof errors);
    if (stop_requested)
        return GW_EXIT_OK;
    if (*errors)
        fputs(errors, stderr);
    else
        fprintf(stderr, "gilwait %s: the recorder ended before it began (status %d)\n", verb, code);
    return code ? code : GW_EXIT_FAILURE;
}

static int run(struct top *top, const struct arguments *arguments, const char *verb)
{
    int rc = gw_top_source_start(&arguments->source, &top->source);

    if (rc < 0)
        return gw_command_fail(verb, rc, "cannot start the recorder");
    running = &top->source;
    if (stop_requested)
        gw_top_source_stop(&top->source);
    rc = gw_capture_reader_new(top->source.fd, &top->reader);
    if (rc < 0)
        return tell_refusal(&top->source, verb);
    rc = gw_live_new(arguments->once ? UINT64_MAX : top->window_ns, &top->live);
    if (rc < 0)
        return gw_command_fail(verb, rc, "cannot start");
    return arguments->once ? print_once(top, verb) : run_screen(top, verb);
}

int gw_cmd_top(int argc, char **argv)
{
    struct arguments arguments = {.window_s = DEFAULT_WINDOW_S};
    struct top top = {0};
    int code = parse_arguments(argc, argv, &arguments);

    if (code >= 0) {
        gw_top_source_options_fini(&arguments.source);
        return code;
    }
    top.ui = gw_top_ui_begin(INTERVAL_S, arguments.window_s);
    top.window_ns = (uint64_t)(arguments.window_s * (double)GW_NS_PER_S);
    catch_signals();
    code = run(&top, &arguments, argv[0]);
    gw_capture_reader_free(top.reader); /* a recorder that still writes meets a closed pipe */
    gw_top_source_stop(&top.source);
    gw_top_source_wait(&top.source);
    running = NULL;
    gw_top_source_fini(&top.source);
    gw_top_source_options_fini(&arguments.source);
    gw_top_view_free(top.view);
    gw_live_free(top.live);
    return code;
}
