/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "options.h"
#include "recording.h"

static pid_t launched; /* for the signal handler: a TERM to us is meant for the program */

static void print_help(void)
{
    printf("Usage: gilwait run [OPTION]... -- COMMAND [ARGUMENT]...\n"
           "Launch a program and record its GIL from its first bytecode on. Its input, output and\n"
           "exit status are its own.\n\n"
           "  -d, --duration TIME    record no longer than this (default: until it ends)\n"
           "  -r, --rate N           samples per second (default 1000)\n"
           "  -o, --output FILE      capture to write (default gilwait-PID-DATE.gilwait)\n"
           "      --children         all descendants as well\n"
           "      --max-cpu PERCENT  lower the rate to stay under this share of one CPU\n"
           "                         (default 5)\n"
           "      --no-realtime      never ask for SCHED_FIFO: ticks come late on busy CPUs\n"
           "      --native[=all]     record in which C functions sleeping threads are; with --stop\n"
           "                         also running ones; all: those inside of the interpreter too\n"
           "      --stop[=PERCENT]   settle doubts by stopping single threads for an instant, for\n"
           "                         no more than this share of the time (default 0.5)\n"
           "  -q, --quiet            no summary\n"
           "  -h, --help             this text\n");
}

static void forward(int number)
{
    if (launched > 0)
        kill(launched, number);
}

/* Ctrl-C reaches the program by itself; we wait for its end and keep the recording. */
static void arrange_signals(void)
{
    struct sigaction action = {.sa_handler = forward};
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static void run_child(char **command, int report_fd)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    execvp(command[0], command);
    int err = errno;
    ssize_t told = write(report_fd, &err, sizeof err);
    _exit(told == sizeof err ? GW_EXIT_RUN_NOT_FOUND : GW_EXIT_RUN_FAILED);
}

/* Start the command; 0, or the errno of what failed. */
static int launch(char **command, pid_t *pid)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    arrange_signals();
    *pid = fork();
    if (*pid == 0)
        run_child(command, ends[1]);
    int err = *pid < 0 ? errno : 0;
    launched = *pid;
    close(ends[1]);
    if (!err && read(ends[0], &err, sizeof err) != sizeof err)
        err = 0; /* closed by a good exec */
    close(ends[0]);
    return err;
}

static int exit_code_of(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return GW_EXIT_RUN_FAILED;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int record_child(pid_t pid, struct gw_output *output,
                        const struct gw_recording_options *options)
{
    struct gw_recorder *recorder;
    int err = gw_recorder_new(&options->recorder, &recorder);
    if (err) {
        fprintf(stderr, "%s: %s\n", GW_PROGRAM, gw_error_sentence(err));
        return GW_EXIT_RUN_FAILED;
    }
    gw_recorder_follow(recorder, pid);
    return gw_record_to(recorder, output, options->quiet,
                        options->recorder.children
                            ? "no Python ran: there is nothing to report"
                            : "the command was no Python: there is nothing to report; if it "
                              "starts one, add --children");
}

static int run_command(char **command, const struct gw_recording_options *options)
{
    struct gw_output output;
    pid_t pid = -1;
    if (gw_output_open("run", options->output, getpid(), &output) != GW_EXIT_OK)
        return GW_EXIT_RUN_FAILED;
    int err = launch(command, &pid);
    if (err) {
        gw_output_abandon(&output);
        if (pid > 0)
            exit_code_of(pid);
        fprintf(stderr, "%s run: cannot start %s: %s\n", GW_PROGRAM, command[0], strerror(err));
        return pid < 0         ? GW_EXIT_RUN_FAILED
               : err == ENOENT ? GW_EXIT_RUN_NOT_FOUND
                               : GW_EXIT_RUN_NOT_EXEC;
    }
    record_child(pid, &output, options);
    return exit_code_of(pid);
}

int gw_cmd_run(int argc, char **argv)
{
    static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, GW_RECORDING_LONG, {0}};
    struct gw_recording_options options = GW_RECORDING_DEFAULTS;
    int letter;
    options.recorder.duration_ns = 0;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, "+:h" GW_RECORDING_LETTERS, longs, NULL)) != -1) {
        if (letter == 'h') {
            print_help();
            return GW_EXIT_OK;
        }
        int code = letter == ':' ? gw_usage_error("run", "%s needs a value", argv[optind - 1])
                                 : gw_recording_option("run", letter, optarg, &options);
        if (code < 0)
            gw_usage_error("run", "unknown option %s", argv[optind - 1]);
        if (code)
            return GW_EXIT_RUN_FAILED;
    }
    if (optind >= argc) {
        gw_usage_error("run", "say what to run: -- python3 app.py");
        return GW_EXIT_RUN_FAILED;
    }
    if (options.output && strcmp(options.output, "-") == 0) {
        gw_usage_error("run", "standard output belongs to the program: give -o FILE");
        return GW_EXIT_RUN_FAILED;
    }
    return run_command(argv + optind, &options);
}
