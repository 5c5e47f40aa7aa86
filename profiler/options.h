/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of gilwait share on the command line. */
#ifndef GW_OPTIONS_H
#define GW_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sample/recorder.h"

#define GW_PROGRAM "gilwait"

/* The commands: argv[0] is the verb. Each returns an exit code of base/exit_code.h. */
int gw_cmd_record(int argc, char **argv);
int gw_cmd_run(int argc, char **argv);
int gw_cmd_dump(int argc, char **argv);
int gw_cmd_doctor(int argc, char **argv);

/* Replace this program by gilwait-view with the given arguments (argv[0] is the verb); it is looked
 * for beside gilwait, then on the PATH. Returns an exit code if it cannot be started. */
int gw_exec_viewer(char **argv);

/* Where the viewer is; false if it is not beside gilwait: then it is looked for by name. */
bool gw_viewer_path(char *out, size_t cap);

/* Say what is wrong on the command line and where help is; returns GW_EXIT_USAGE. */
int gw_usage_error(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Parse a positive pid. False if it is none; nothing is printed. */
bool gw_parse_pid(const char *text, pid_t *out);

/* Parse a number in [low, high], with an optional suffix: s, m or h for a duration; k for a rate;
 * % for a share. False if it is none. */
bool gw_parse_duration(const char *text, uint64_t *out_ns);
bool gw_parse_rate(const char *text, double *out_hz);
bool gw_parse_share(const char *text, double *out);

/* The value of --native: NULL or "all". */
bool gw_parse_native(const char *text, enum gw_native_mode *out);

/* What `record` and `run` have in common. */
struct gw_recording_options {
    struct gw_recorder_options recorder;
    const char *output; /* NULL: a name is made */
    bool quiet;
};
#define GW_RECORDING_DEFAULTS                                                                      \
    {                                                                                              \
        .recorder = {.rate_hz = 1000, .max_cpu = 0.05, .duration_ns = 10ull * 1000000000ull }      \
    }

/* One option of getopt_long, by its short letter: d, r, o, q, C (--children), B (--max-cpu), N
 * (--no-realtime), S (--stop), V (--native).
 * Returns 0, 2 after an error was told, or -1 if the letter is not one of these. */
int gw_recording_option(const char *verb, int letter, const char *value,
                        struct gw_recording_options *options);
#define GW_DEFAULT_STOP 0.005
#define GW_RECORDING_LETTERS "d:r:o:q"
#define GW_RECORDING_LONG                                                                          \
    {"duration", required_argument, NULL, 'd'}, {"rate", required_argument, NULL, 'r'},            \
        {"output", required_argument, NULL, 'o'}, {"quiet", no_argument, NULL, 'q'},               \
        {"children", no_argument, NULL, 'C'}, {"max-cpu", required_argument, NULL, 'B'},           \
        {"no-realtime", no_argument, NULL, 'N'}, {"native", optional_argument, NULL, 'V'},         \
    {                                                                                              \
        "stop", optional_argument, NULL, 'S'                                                       \
    }

#endif
