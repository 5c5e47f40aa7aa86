/* SPDX-License-Identifier: Apache-2.0 */
#include "top_source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit_code.h"

int gw_top_source_option(struct gw_top_source_options *options, const char *name, const char *value)
{
    if (options->n == GW_TOP_SOURCE_MAX_OPTIONS)
        return -E2BIG;
    if (asprintf(&options->at[options->n], "--%s%s%s", name, value ? "=" : "", value ? value : "") <
        0)
        return -ENOMEM;
    options->n++;
    return 0;
}

void gw_top_source_options_fini(struct gw_top_source_options *options)
{
    while (options->n > 0)
        free(options->at[--options->n]);
}

/* The program beside this one; false if it is not there. */
static bool find_recorder(char *out, size_t cap)
{
    ssize_t len = readlink("/proc/self/exe", out, cap - 1);

    if (len <= 0)
        return false;
    out[len] = '\0';
    char *name = strrchr(out, '/') + 1;
    size_t room = cap - (size_t)(name - out);
    return snprintf(name, room, "gilwait") < (int)room && access(out, X_OK) == 0;
}

static void become_recorder(const struct gw_top_source_options *options, int out_fd, int errors_fd)
{
    char path[PATH_MAX];
    char *name = (char[]){"gilwait"};
    char *argv[GW_TOP_SOURCE_MAX_OPTIONS + 6] = {name, (char[]){"record"}, (char[]){"-q"},
                                                 (char[]){"-o"}, (char[]){"-"}};

    memcpy(argv + 5, options->at, options->n * sizeof *argv);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
        dup2(errors_fd, STDERR_FILENO) < 0)
        _exit(GW_EXIT_FAILURE);
    signal(SIGPIPE, SIG_DFL); /* handlers end with exec, what is ignored does not */
    if (find_recorder(path, sizeof path))
        execv(path, argv);
    else
        execvp(name, argv);
    dprintf(STDERR_FILENO,
            "gilwait top: cannot start gilwait: %s\ngilwait top: install it beside gilwait-view\n",
            strerror(errno));
    _exit(GW_EXIT_FAILURE);
}

int gw_top_source_start(const struct gw_top_source_options *options, struct gw_top_source *out)
{
    int ends[2];

    *out = (struct gw_top_source){.fd = -1};
    out->errors_fd = memfd_create("gilwait-top-errors", MFD_CLOEXEC);
    if (out->errors_fd < 0)
        return -errno;
    if (pipe2(ends, O_CLOEXEC)) {
        int err = -errno;
        gw_top_source_fini(out);
        return err;
    }
    out->pid = fork();
    if (out->pid == 0)
        become_recorder(options, ends[1], out->errors_fd);
    int err = out->pid < 0 ? -errno : 0;
    close(ends[1]);
    out->fd = ends[0];
    if (err) {
        out->pid = 0;
        close(out->fd);
        gw_top_source_fini(out);
    }
    return err;
}

/* One that is stopped has to go on to end. Another gets no SIGCONT: that takes back a SIGSTOP which
 * is under way, and who attached to it to look waits for that. */
void gw_top_source_stop(const struct gw_top_source *source)
{
    siginfo_t info = {0};

    if (source->pid <= 0)
        return;
    kill(source->pid, SIGTERM);
    if (!waitid(P_PID, (id_t)source->pid, &info, WSTOPPED | WNOHANG | WNOWAIT) && info.si_pid)
        kill(source->pid, SIGCONT);
}

int gw_top_source_wait(struct gw_top_source *source)
{
    int status = 0;

    while (source->pid > 0 && waitpid(source->pid, &status, 0) < 0)
        if (errno != EINTR)
            break;
    source->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : GW_EXIT_FAILURE;
}

void gw_top_source_errors(const struct gw_top_source *source, char *out, size_t cap)
{
    ssize_t n = pread(source->errors_fd, out, cap - 1, 0);

    out[n > 0 ? n : 0] = '\0';
}

void gw_top_source_fini(struct gw_top_source *source)
{
    if (source->errors_fd >= 0)
        close(source->errors_fd);
    source->errors_fd = -1;
}
