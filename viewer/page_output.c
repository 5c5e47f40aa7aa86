/* SPDX-License-Identifier: Apache-2.0 */
#include "page_output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "command.h"

/* Half a page is of no use to anyone; a device or a pipe is not ours to remove. */
static void remove_half(const char *path)
{
    struct stat status;

    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode))
        unlink(path);
}

static int write_file(const char *path, gw_page_writer *writer, const void *context)
{
    FILE *out = fopen(path, "we");
    if (!out)
        return -errno;
    int error = writer(context, out);
    if (fclose(out) != 0 && !error)
        error = -errno;
    if (error)
        remove_half(path);
    return error;
}

int gw_page_output(const char *verb, const char *path, gw_page_writer *writer, const void *context)
{
    char what[GW_DIAG_TEXT];
    bool to_stdout = strcmp(path, "-") == 0;
    int error = to_stdout ? writer(context, stdout) : write_file(path, writer, context);

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
