/* SPDX-License-Identifier: Apache-2.0 */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/exit_code.h"

volatile sig_atomic_t gw_stop_requested;

static void on_signal(int number)
{
    (void)number;
    gw_stop_requested = 1;
}

void gw_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: it ends the sleep */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void make_name(pid_t pid, char *out, size_t cap)
{
    char date[32];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", &local);
    snprintf(out, cap, "gilwait-%d-%s.gilwait", pid, date);
}

static int refuse_output(const char *verb, const struct gw_output *output, const char *why,
                         const char *fix)
{
    fprintf(stderr, "%s %s: cannot write %s: %s\n%s %s: %s\n", GW_PROGRAM, verb, output->path, why,
            GW_PROGRAM, verb, fix);
    return GW_EXIT_FAILURE;
}

int gw_output_open(const char *verb, const char *path, pid_t pid, struct gw_output *out)
{
    *out = (struct gw_output){.fd = -1};
    if (path)
        snprintf(out->path, sizeof out->path, "%s", path);
    else
        make_name(pid, out->path, sizeof out->path);
    if (strcmp(out->path, "-") == 0) {
        if (isatty(STDOUT_FILENO))
            return refuse_output(verb, out, "standard output is a terminal",
                                 "give -o FILE, or pipe it into another program");
        out->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        return out->fd < 0 ? refuse_output(verb, out, strerror(errno), "give -o FILE") : GW_EXIT_OK;
    }
    out->created = access(out->path, F_OK) != 0;
    out->fd = open(out->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (out->fd < 0)
        return refuse_output(verb, out, strerror(errno),
                             "give a file in a folder that you may write with -o FILE");
    return GW_EXIT_OK;
}

void gw_output_abandon(struct gw_output *output)
{
    if (output->fd >= 0)
        close(output->fd);
    output->fd = -1;
    if (output->created)
        unlink(output->path);
}

static void show_progress(const struct gw_recorder_progress *progress)
{
    char of[32] = "";
    if (progress->duration_s > 0)
        snprintf(of, sizeof of, " of %.0f", progress->duration_s);
    fprintf(stderr,
            "\r\033[Krecording %.1f%s s  %llu samples  %zu thread%s in %zu process%s  %.0f/s",
            progress->elapsed_s, of, (unsigned long long)progress->ticks, progress->n_threads,
            progress->n_threads == 1 ? "" : "s", progress->n_processes,
            progress->n_processes == 1 ? "" : "es", progress->rate_hz);
}

/* The sentence is the viewer's: the profiler makes captures and does not read them. */
static void print_summary(const char *path)
{
    char viewer[4096];
    if (!gw_viewer_path(viewer, sizeof viewer))
        return;
    pid_t child = fork();
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execl(viewer, "gilwait-view", "summary", path, (char *)NULL);
        _exit(127);
    }
    if (child > 0)
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
}

static int tell_output_error(const struct gw_output *output, int err)
{
    const char *fix = err == -ENOSPC  ? "free some space; what was written until then is readable"
                      : err == -EPIPE ? "the reader has gone away; what it was given is complete"
                                      : "what was written until then is readable";
    fprintf(stderr, "%s: cannot write %s: %s\n%s: %s\n", GW_PROGRAM, output->path,
            gw_error_sentence(err), GW_PROGRAM, fix);
    return GW_EXIT_FAILURE;
}

static int open_capture(struct gw_recorder *recorder, struct gw_output *output)
{
    struct stat status;
    if (fstat(output->fd, &status) == 0 && S_ISREG(status.st_mode) &&
        strcmp(output->path, "-") != 0 && ftruncate(output->fd, 0) != 0)
        return -errno;
    int fd = output->fd;
    output->fd = -1;
    return gw_recorder_open(recorder, fd);
}

int gw_record_to(struct gw_recorder *recorder, struct gw_output *output, bool quiet,
                 const char *nothing)
{
    bool terminal = isatty(STDERR_FILENO) && !quiet;
    bool is_file = strcmp(output->path, "-") != 0;
    int err = open_capture(recorder, output);
    if (err) {
        gw_recorder_free(recorder);
        return tell_output_error(output, err);
    }
    enum gw_recorder_end end =
        gw_recorder_run(recorder, &gw_stop_requested, terminal ? show_progress : NULL);
    uint64_t ticks = gw_recorder_ticks(recorder);
    int stop_err = gw_recorder_stop_error(recorder);
    err = gw_recorder_free(recorder);
    if (terminal)
        fprintf(stderr, "\r\033[K");
    if (stop_err)
        fprintf(stderr, "%s: --stop: cannot start its threads: %s\n%s: nothing was stopped\n",
                GW_PROGRAM, gw_error_sentence(stop_err), GW_PROGRAM);
    if (end == GW_RECORDER_OUTPUT || err)
        return tell_output_error(output, err);
    if (ticks == 0) {
        fprintf(stderr, "%s: %s\n", GW_PROGRAM, nothing);
        if (is_file && output->created)
            unlink(output->path);
        return GW_EXIT_GONE;
    }
    if (is_file && !quiet) {
        print_summary(output->path);
        fprintf(stderr, "Wrote %s. See it with: %s report %s\n", output->path, GW_PROGRAM,
                output->path);
    }
    return GW_EXIT_OK;
}
