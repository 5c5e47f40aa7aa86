/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>

#include "base/exit_code.h"
#include "options.h"
#include "recording.h"

static void print_help(void)
{
    printf("Usage: gilwait record -p PID [OPTION]...\n"
           "Record who waits for whom on the GIL of a running Python, without stopping it.\n\n"
           "  -p, --pid PID          process to record\n"
           "  -d, --duration TIME    how long: 10 (seconds, the default), 5m, 1h\n"
           "  -r, --rate N           samples per second (default 1000)\n"
           "  -o, --output FILE      capture to write, - for standard output\n"
           "                         (default gilwait-PID-DATE.gilwait)\n"
           "      --children         all descendants as well, now and later\n"
           "      --max-cpu PERCENT  lower the rate to stay under this share of one CPU\n"
           "                         (default 5)\n"
           "      --no-realtime      never ask for SCHED_FIFO: ticks come late on busy CPUs\n"
           "      --native[=all]     record in which C functions sleeping threads are; with --stop\n"
           "                         also running ones; all: those inside of the interpreter too\n"
           "      --stop[=PERCENT]   settle doubts by stopping single threads for an instant, for\n"
           "                         no more than this share of the time (default 0.5)\n"
           "  -q, --quiet            no progress, no summary\n"
           "  -h, --help             this text\n\n"
           "Ctrl-C ends the recording early with everything kept.\n");
}

static int record_pid(pid_t pid, const struct gw_recording_options *options)
{
    struct gw_output output;
    struct gw_recorder *recorder;
    struct gw_diag diag = {0};
    int code = gw_output_open("record", options->output, pid, &output);
    if (code != GW_EXIT_OK)
        return code;
    gw_catch_signals();
    int err = gw_recorder_new(&options->recorder, &recorder);
    if (err) {
        gw_output_abandon(&output);
        gw_diag_what(&diag, err, "cannot start");
        gw_diag_print(GW_PROGRAM, &diag);
        return gw_exit_from_error(err);
    }
    err = gw_recorder_add(recorder, pid, &diag);
    if (err) {
        gw_output_abandon(&output);
        gw_diag_print(GW_PROGRAM, &diag);
        gw_recorder_free(recorder);
        return gw_exit_from_error(err);
    }
    return gw_record_to(recorder, &output, options->quiet,
                        "the target was gone before the first sample");
}

int gw_cmd_record(int argc, char **argv)
{
    static const struct option longs[] = {{"pid", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          GW_RECORDING_LONG,
                                          {0}};
    struct gw_recording_options options = GW_RECORDING_DEFAULTS;
    pid_t pid = 0;
    int letter;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":p:h" GW_RECORDING_LETTERS, longs, NULL)) != -1) {
        if (letter == 'h') {
            print_help();
            return GW_EXIT_OK;
        }
        if (letter == ':')
            return gw_usage_error("record", "%s needs a value", argv[optind - 1]);
        if (letter == 'p') {
            if (!gw_parse_pid(optarg, &pid))
                return gw_usage_error("record", "'%s' is no process id", optarg);
            continue;
        }
        int code = gw_recording_option("record", letter, optarg, &options);
        if (code < 0)
            return gw_usage_error("record", "unknown option %s", argv[optind - 1]);
        if (code)
            return code;
    }
    if (optind < argc)
        return gw_usage_error("record", "'%s' is one argument too many", argv[optind]);
    if (!pid)
        return gw_usage_error("record", "say which process: -p PID");
    return record_pid(pid, &options);
}
