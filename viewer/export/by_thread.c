/* SPDX-License-Identifier: Apache-2.0 */
#include "export/by_thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t thread_of_slice(const void *slices, size_t row)
{
    return ((const struct gw_model_slice *)slices)[row].thread;
}

static uint32_t thread_of_pair(const void *pairs, size_t row)
{
    return ((const struct gw_model_pair *)pairs)[row].waiter;
}

static uint32_t thread_of_span(const void *spans, size_t row)
{
    return ((const struct gw_timeline_span *)spans)[row].thread;
}

/* From the last row to the first, so that each goes before those that are there. */
static int chain(struct gw_by_thread *chains, const struct gw_model *model, const void *rows,
                 size_t n, uint32_t (*thread_of)(const void *, size_t))
{
    chains->first = calloc(model->n_threads + 1, sizeof *chains->first);
    chains->next = calloc(n + 1, sizeof *chains->next);
    if (!chains->first || !chains->next)
        return -ENOMEM;
    memset(chains->first, 0xff, model->n_threads * sizeof *chains->first);
    for (size_t row = n; row-- > 0;) {
        uint32_t thread = thread_of(rows, row);
        if (thread == GW_NO_THREAD)
            continue;
        chains->next[row] = chains->first[thread];
        chains->first[thread] = (uint32_t)row;
    }
    return 0;
}

int gw_by_thread_slices(struct gw_by_thread *chains, const struct gw_model *model)
{
    return chain(chains, model, model->slices, model->n_slices, thread_of_slice);
}

int gw_by_thread_pairs(struct gw_by_thread *chains, const struct gw_model *model)
{
    return chain(chains, model, model->pairs, model->n_pairs, thread_of_pair);
}

int gw_by_thread_spans(struct gw_by_thread *chains, const struct gw_model *model,
                       const struct gw_timeline *timeline)
{
    return chain(chains, model, timeline->spans, timeline->n, thread_of_span);
}

void gw_by_thread_fini(struct gw_by_thread *chains)
{
    free(chains->first);
    free(chains->next);
    *chains = (struct gw_by_thread){0};
}
