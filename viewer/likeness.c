/* SPDX-License-Identifier: Apache-2.0 */
#include "likeness.h"

#include <errno.h>
#include <string.h>

#include "thread_groups.h"

/* A version's digits and dots: what a capture says of itself may hold anything. */
static int plain_length(const char *python)
{
    return (int)strspn(python, "0123456789.");
}

/* "3.12" of "3.12.1": how many characters. */
static size_t minor_length(const char *python)
{
    size_t len = strcspn(python, ".");

    return python[len] ? len + 1 + strspn(python + len + 1, "0123456789") : len;
}

static bool same_minor(const char *a, const char *b)
{
    size_t len = minor_length(a);

    return !*a || !*b || (len == minor_length(b) && strncmp(a, b, len) == 0);
}

static int refuse(const struct gw_likeness_side *before, const struct gw_likeness_side *after,
                  struct gw_diag *diag)
{
    return gw_diag_what(diag, -GW_E_UNLIKE, "cannot compare %s with %s", after->path, before->path);
}

static int check_pythons(const struct gw_likeness_side *before,
                         const struct gw_likeness_side *after, struct gw_diag *diag)
{
    const struct gw_model_process *a = gw_model_target(before->model);
    const struct gw_model_process *b = gw_model_target(after->model);
    const char *a_python = gw_model_text(before->model, a->python);
    const char *b_python = gw_model_text(after->model, b->python);

    if (same_minor(a_python, b_python) && a->free_threaded == b->free_threaded)
        return 0;
    gw_diag_why(diag, "one is of Python %.*s%s, the other of %.*s%s", plain_length(b_python),
                b_python, b->free_threaded ? " free-threaded" : "", plain_length(a_python),
                a_python, a->free_threaded ? " free-threaded" : "");
    gw_diag_fix(diag, "record both with the same minor version and build of Python");
    return refuse(before, after, diag);
}

static int has_common(const struct gw_likeness_side *before, const struct gw_likeness_side *after,
                      bool *common)
{
    struct gw_thread_groups *a = gw_thread_groups_new(before->model, false);
    struct gw_thread_groups *b = gw_thread_groups_new(after->model, false);
    int rc = a && b ? 0 : -ENOMEM;

    *common = false;
    for (size_t i = 0; rc == 0 && i < b->n && !*common; i++)
        *common = gw_thread_groups_find(a, before->model, after->model, &b->groups[i]) != NULL;
    gw_thread_groups_free(a);
    gw_thread_groups_free(b);
    return rc;
}

static int check_groups(const struct gw_likeness_side *before, const struct gw_likeness_side *after,
                        struct gw_diag *diag)
{
    bool common;
    int rc = has_common(before, after, &common);

    if (rc < 0 || common)
        return rc;
    gw_diag_why(diag, "no thread of one has a name that is in the other");
    gw_diag_fix(diag, "record the same program twice, with threads that are named alike");
    return refuse(before, after, diag);
}

int gw_likeness_check(const struct gw_likeness_side *before, const struct gw_likeness_side *after,
                      struct gw_diag *diag)
{
    const struct gw_likeness_side *const sides[] = {before, after};

    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        if (sides[i]->model->quality.ticks > 0)
            continue;
        gw_diag_why(diag, "nothing was sampled in %s", sides[i]->path);
        gw_diag_fix(diag, "record it again, for longer");
        return refuse(before, after, diag);
    }
    int rc = check_pythons(before, after, diag);
    return rc < 0 ? rc : check_groups(before, after, diag);
}
