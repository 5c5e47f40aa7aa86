/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/exit_code.h"
#include "base/limits.h"

int gw_usage_error(const char *verb, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s %s: ", GW_PROGRAM, verb);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry '%s %s --help'.\n", GW_PROGRAM, verb);
    va_end(args);
    return GW_EXIT_USAGE;
}

bool gw_parse_pid(const char *text, pid_t *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value <= 0 || value > INT_MAX)
        return false;
    *out = (pid_t)value;
    return true;
}

/* A finite number and what follows it. */
static bool parse_number(const char *text, double *out, const char **rest)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || errno || !(value >= 0) || value > 1e18)
        return false;
    *out = value;
    *rest = end;
    return true;
}

bool gw_parse_duration(const char *text, uint64_t *out_ns)
{
    return gw_duration_parse(text, out_ns) && *out_ns > 0;
}

bool gw_parse_rate(const char *text, double *out_hz)
{
    double value;
    const char *rest;
    if (!parse_number(text, &value, &rest))
        return false;
    if (strcmp(rest, "k") == 0)
        value *= 1000;
    else if (*rest)
        return false;
    if (value < GW_MIN_RATE_HZ || value > GW_MAX_RATE_HZ)
        return false;
    *out_hz = value;
    return true;
}

bool gw_parse_share(const char *text, double *out)
{
    double value;
    const char *rest;
    if (!parse_number(text, &value, &rest) || (*rest && strcmp(rest, "%") != 0) || value <= 0 ||
        value > 100)
        return false;
    *out = value / 100;
    return true;
}

bool gw_parse_native(const char *text, enum gw_native_mode *out)
{
    if (text && strcmp(text, "all") != 0)
        return false;
    *out = text ? GW_NATIVE_ALL : GW_NATIVE_FOLDED;
    return true;
}

int gw_recording_option(const char *verb, int letter, const char *value,
                        struct gw_recording_options *options)
{
    switch (letter) {
    case 'd':
        if (!gw_parse_duration(value, &options->recorder.duration_ns))
            return gw_usage_error(verb, "'%s' is no duration: give seconds, or 5m, or 1h", value);
        return 0;
    case 'r':
        if (!gw_parse_rate(value, &options->recorder.rate_hz))
            return gw_usage_error(verb, "'%s' is no rate: give samples per second, %g to %g", value,
                                  GW_MIN_RATE_HZ, GW_MAX_RATE_HZ);
        return 0;
    case 'B':
        if (!gw_parse_share(value, &options->recorder.max_cpu))
            return gw_usage_error(verb, "'%s' is no share: give percent of one CPU, up to 100",
                                  value);
        return 0;
    case 'o':
        if (!*value)
            return gw_usage_error(verb, "the output file has no name");
        options->output = value;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case 'C':
        options->recorder.children = true;
        return 0;
    case 'S':
        if (value && !gw_parse_share(value, &options->recorder.max_stop))
            return gw_usage_error(verb, "'%s' is no share: give percent of the time, up to 100",
                                  value);
        if (!value)
            options->recorder.max_stop = GW_DEFAULT_STOP;
        return 0;
    case 'V':
        options->recorder.native = true;
        if (!gw_parse_native(value, &options->recorder.native_mode))
            return gw_usage_error(verb, "--native=%s: it is --native or --native=all", value);
        return 0;
    case 'N':
        options->recorder.no_realtime = true;
        return 0;
    default:
        return -1;
    }
}

bool gw_viewer_path(char *out, size_t cap)
{
    ssize_t len = readlink("/proc/self/exe", out, cap - 1);
    if (len <= 0)
        return false;
    out[len] = '\0';
    char *slash = strrchr(out, '/');
    size_t room = cap - (size_t)(slash + 1 - out);
    return snprintf(slash + 1, room, "gilwait-view") < (int)room && access(out, X_OK) == 0;
}

int gw_exec_viewer(char **argv)
{
    char path[PATH_MAX];
    char *name = (char[]){"gilwait-view"};
    size_t n = 0;
    while (argv[n])
        n++;
    char **with_name = calloc(n + 2, sizeof *with_name);
    if (!with_name)
        return GW_EXIT_FAILURE;
    with_name[0] = name;
    memcpy(with_name + 1, argv, n * sizeof *argv);
    if (gw_viewer_path(path, sizeof path))
        execv(path, with_name);
    else
        execvp(name, with_name);
    fprintf(stderr, "%s: cannot start gilwait-view: %s\n%s: install it beside gilwait\n",
            GW_PROGRAM, strerror(errno), GW_PROGRAM);
    free(with_name);
    return GW_EXIT_FAILURE;
}
