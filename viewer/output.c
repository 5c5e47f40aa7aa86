/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/exit_code.h"
#include "command.h"

static int write_stream(gw_output_writer *writer, const void *context, FILE *out)
{
    int rc = writer(context, out);

    errno = 0;
    if (fflush(out) != 0 && rc == 0)
        rc = errno ? -errno : -EIO;
    return rc;
}

int gw_output_stdout(gw_output_writer *writer, const void *context)
{
    return write_stream(writer, context, stdout);
}

/* Write to a path that can be opened with the mode; it is closed in any case. */
static int write_path(const char *path, const char *mode, gw_output_writer *writer,
                      const void *context)
{
    FILE *out = fopen(path, mode);

    if (!out)
        return -errno;
    int rc = write_stream(writer, context, out);
    if (fclose(out) != 0 && rc == 0)
        rc = -errno;
    return rc;
}

static int replace_file(const char *path, gw_output_writer *writer, const void *context)
{
    GW_AUTO_FREE char *beside = NULL;

    if (asprintf(&beside, "%s.%d.part", path, (int)getpid()) < 0)
        return -ENOMEM;
    int rc = write_path(beside, "wxe", writer, context);
    if (rc == 0 && rename(beside, path) != 0)
        rc = -errno;
    if (rc < 0 && rc != -EEXIST)
        unlink(beside);
    return rc;
}

int gw_output_file(const char *path, gw_output_writer *writer, const void *context)
{
    GW_AUTO_FREE char *real = realpath(path, NULL);
    struct stat status;

    if (real && stat(real, &status) == 0 && !S_ISREG(status.st_mode))
        return write_path(real, "we", writer, context);
    return replace_file(real ? real : path, writer, context);
}

int gw_output_page(const char *verb, const char *path, gw_output_writer *writer,
                   const void *context)
{
    char what[GW_DIAG_TEXT];
    bool to_stdout = strcmp(path, "-") == 0;
    int error =
        to_stdout ? gw_output_stdout(writer, context) : gw_output_file(path, writer, context);

    if (error == -EPIPE)
        return GW_EXIT_FAILURE;
    if (error) {
        snprintf(what, sizeof what, "cannot write %s", to_stdout ? "the page" : path);
        return gw_command_fail(verb, error, what);
    }
    if (!to_stdout)
        fprintf(stderr, "Wrote %s\n", path);
    return GW_EXIT_OK;
}
