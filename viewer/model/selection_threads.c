/* SPDX-License-Identifier: Apache-2.0 */
#include "model/selection_threads.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/label.h"

/* Threads that an error names, so that the right name can be seen. */
#define NAMED 8u

/* A number may be a name too. */
static bool matches(const struct gw_model *model, const struct gw_model_thread *thread,
                    const char *pattern)
{
    char *end;
    unsigned long number = strtoul(pattern, &end, 10);
    bool is_number = *pattern >= '0' && *pattern <= '9' && *end == '\0' && number > 0;

    if (is_number && (number == thread->tid || number == thread->ns_tid))
        return true;
    return fnmatch(pattern, gw_model_text(model, thread->name), 0) == 0;
}

static bool name_is_new(const struct gw_model *model, uint32_t thread)
{
    for (uint32_t i = 0; i < thread; i++)
        if (model->threads[i].name == model->threads[thread].name)
            return false;
    return true;
}

/* "hog, worker-1 and 3 more" */
static void put_names(FILE *out, const struct gw_model *model)
{
    size_t named = 0, more = 0;

    for (uint32_t i = 0; i < model->n_threads; i++) {
        if (named == NAMED || !name_is_new(model, i)) {
            more++;
            continue;
        }
        fputs(named++ ? ", " : "", out);
        gw_label_thread(out, model, i, NULL);
    }
    if (more)
        fprintf(out, " and %zu more", more);
}

static int explain_no_match(const struct gw_model *model, const char *path, const char *pattern,
                            struct gw_diag *diag)
{
    GW_AUTO_FREE char *names = NULL;
    size_t size;
    FILE *out = open_memstream(&names, &size);

    if (out) {
        put_names(out, model);
        fclose(out);
    }
    gw_diag_why(diag, "its threads are %s", names && *names ? names : "none");
    gw_diag_fix(diag, "give one of these names, a pattern in quotes ('worker-*'), or a tid");
    return gw_diag_what(diag, -GW_E_NOT_FOUND, "no thread of %s matches '%s'", path, pattern);
}

int gw_selection_hide(const struct gw_selection *selection, const struct gw_model *whole,
                      const char *path, bool **out, struct gw_diag *diag)
{
    GW_AUTO_FREE bool *hidden = malloc((whole->n_threads + 1) * sizeof *hidden);

    if (!hidden)
        return gw_diag_what(diag, -ENOMEM, "cannot read %s", path);
    memset(hidden, true, (whole->n_threads + 1) * sizeof *hidden);
    for (size_t p = 0; p < selection->n_threads; p++) {
        bool any = false;
        for (size_t i = 0; i < whole->n_threads; i++) {
            if (!matches(whole, &whole->threads[i], selection->threads[p]))
                continue;
            hidden[i] = false;
            any = true;
        }
        if (!any)
            return explain_no_match(whole, path, selection->threads[p], diag);
    }
    *out = hidden;
    hidden = NULL;
    return 0;
}

char *gw_selection_words(const struct gw_selection *selection)
{
    char *words = NULL;
    size_t size;
    FILE *out = open_memstream(&words, &size);

    if (!out)
        return NULL;
    for (size_t i = 0; i < selection->n_threads; i++)
        fprintf(out, "%s%s", i ? ", " : "", selection->threads[i]);
    fclose(out);
    return words;
}
