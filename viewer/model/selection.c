/* SPDX-License-Identifier: Apache-2.0 */
#include "model/selection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "model/cut.h"
#include "model/selection_threads.h"

#define COPY_BYTES 65536u
#define RANGE_TEXT 64
#define NS_PER_S 1e9

/* Copy what is left of a stream to a file of memory. Returns its descriptor or a negative error. */
static int copy_stream(int fd)
{
    char bytes[COPY_BYTES];
    int copy = memfd_create("capture", MFD_CLOEXEC);
    ssize_t n = 1;

    if (copy < 0)
        return -errno;
    while (n > 0) {
        n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0 && write(copy, bytes, (size_t)n) != n)
            n = -1;
    }
    if (n < 0 || lseek(copy, 0, SEEK_SET) != 0) {
        int error = -errno;
        close(copy);
        return error;
    }
    return copy;
}

/* A descriptor that can be read twice from *start on, for the one given, which is taken over.
 * Returns it, or a negative error. */
static int make_seekable(int fd, off_t *start)
{
    *start = lseek(fd, 0, SEEK_CUR);
    if (*start >= 0)
        return fd;
    int copy = copy_stream(fd);
    close(fd);
    *start = 0;
    return copy;
}

/* The instant on the clock of the capture, within the recording. */
static uint64_t resolve(const struct gw_instant *instant, const struct gw_model *whole)
{
    uint64_t length_ns = whole->end_ns - whole->start_ns;
    uint64_t ns = instant->ns < length_ns ? instant->ns : length_ns;

    return instant->from_end ? whole->end_ns - ns : whole->start_ns + ns;
}

/* What is to be cut off a whole recording. One that is going on may have grown when it is read
 * again, so there always is an end. */
static struct gw_cut find_cut(const struct gw_selection *selection, const struct gw_model *whole)
{
    struct gw_cut cut = {.after_ns = resolve(&selection->from, whole),
                         .until = true,
                         .until_ns = whole->end_ns,
                         .timeline = selection->timeline};

    cut.after = selection->from.given && cut.after_ns > whole->start_ns;
    if (selection->to.given)
        cut.until_ns = resolve(&selection->to, whole);
    return cut;
}

static void put_instant(FILE *out, const struct gw_instant *instant, const char *otherwise)
{
    if (instant->given)
        fprintf(out, "%s%.10g s", instant->from_end ? "-" : "", (double)instant->ns / NS_PER_S);
    else
        fputs(otherwise, out);
}

static int explain_nothing(const struct gw_selection *selection, const struct gw_model_part *part,
                           const char *path, struct gw_diag *diag)
{
    double length_s = (double)(part->to_ns - part->from_ns) / NS_PER_S;
    char range[RANGE_TEXT] = "";
    FILE *out = fmemopen(range, sizeof range, "w");

    if (out) {
        put_instant(out, &selection->from, "the start");
        fputs(" to ", out);
        put_instant(out, &selection->to, "the end");
        fclose(out);
    }
    gw_diag_why(diag, "the recording is %.3f s long, and has no tick there", length_s);
    gw_diag_fix(diag, "give --from and --to within 0 to %.3f, the earlier one first", length_s);
    return gw_diag_what(diag, -GW_E_NOT_FOUND, "nothing to show of %s from %s", path, range);
}

/* Read what is asked for of a recording of which all is known. fd is taken over. */
static int read_part(int fd, const char *path, const struct gw_selection *selection,
                     const struct gw_cut *cut, const struct gw_model_part *all,
                     struct gw_model **out, struct gw_diag *diag)
{
    int rc = gw_model_read_cut(fd, path, cut, out, diag);

    if (rc < 0)
        return rc;
    struct gw_model *model = *out;
    if (model->quality.ticks == 0 && all->to_ns > all->from_ns) {
        gw_model_free(model);
        return explain_nothing(selection, all, path, diag);
    }
    model->part.given = model->start_ns > all->from_ns || model->end_ns < all->to_ns;
    model->part.from_ns = all->from_ns;
    model->part.to_ns = all->to_ns;
    return 0;
}

/* The second reading, after the first gave the whole recording, which is taken over. */
static int read_again(int fd, const char *path, const struct gw_selection *selection,
                      struct gw_model *whole, struct gw_model **out, struct gw_diag *diag)
{
    GW_AUTO_FD from = fd;
    struct gw_model_part all = whole->part;
    struct gw_cut cut = find_cut(selection, whole);
    GW_AUTO_FREE bool *hidden = NULL;
    GW_AUTO_FREE char *words = gw_selection_words(selection);
    int rc = 0;

    if (selection->n_threads > 0)
        rc = gw_selection_hide(selection, whole, path, &hidden, diag);
    else if (!cut.after && cut.until_ns == whole->end_ns && !cut.timeline) {
        *out = whole;
        return 0;
    }
    cut.n_hidden = whole->n_threads;
    gw_model_free(whole);
    if (rc < 0)
        return rc;
    if (!words)
        return gw_diag_what(diag, -ENOMEM, "cannot read %s", path);
    cut.hidden = hidden;
    cut.shown = words;
    return read_part(gw_steal_fd(&from), path, selection, &cut, &all, out, diag);
}

int gw_selection_read(int fd, const char *path, const struct gw_selection *selection,
                      struct gw_model **out, struct gw_diag *diag)
{
    struct gw_model *whole;
    off_t start;

    const struct gw_cut only_timeline = {.timeline = selection->timeline};
    if (!selection->from.given && !selection->to.given && selection->n_threads == 0)
        return gw_model_read_cut(fd, path, selection->timeline ? &only_timeline : NULL, out, diag);
    GW_AUTO_FD again = make_seekable(fd, &start);
    int first = again < 0 ? again : fcntl(again, F_DUPFD_CLOEXEC, 0);
    if (first < 0)
        return gw_diag_what(diag, again < 0 ? again : -errno, "cannot read %s", path);
    int rc = gw_model_read(first, path, &whole, diag);
    if (rc < 0)
        return rc;
    if (lseek(again, start, SEEK_SET) < 0) {
        gw_model_free(whole);
        return gw_diag_what(diag, -errno, "cannot read %s", path);
    }
    return read_again(gw_steal_fd(&again), path, selection, whole, out, diag);
}

int gw_selection_open(const char *path, const struct gw_selection *selection, struct gw_model **out,
                      struct gw_diag *diag)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return gw_diag_what(diag, -errno, "cannot open %s", path);
    return gw_selection_read(fd, is_stdin ? "standard input" : path, selection, out, diag);
}
