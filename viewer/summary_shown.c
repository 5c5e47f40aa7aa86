/* SPDX-License-Identifier: Apache-2.0 */
#include "summary_shown.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/estimate.h"
#include "model/label.h"
#include "number.h"

/* What the pairs say of the threads that are shown. */
struct sums {
    uint64_t *held_ns;  /* by row of threads: had the GIL while those shown waited */
    uint64_t caused_ns; /* others waited for those shown */
};

static void add_pairs(struct sums *sums, const struct gw_model *model)
{
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (gw_model_waiter_shown(model, pair) && pair->kind == GW_BLAME_HELD)
            sums->held_ns[pair->holder] += pair->ns;
        if (!gw_model_waiter_shown(model, pair) && gw_model_holder_shown(model, pair))
            sums->caused_ns += pair->ns;
    }
}

/* ", 78 % of it while `hog` had it" */
static void put_holder(FILE *out, const struct gw_model *model, const struct sums *sums,
                       uint64_t wait_ns)
{
    uint32_t most = 0;

    for (uint32_t i = 1; i < model->n_threads; i++)
        if (sums->held_ns[i] > sums->held_ns[most])
            most = i;
    if (sums->held_ns[most] == 0)
        return;
    fputs(", ", out);
    gw_number_percent(out, gw_share(sums->held_ns[most], wait_ns));
    fputs(" of it while `", out);
    gw_label_thread(out, model, most, NULL);
    fputs("` had it", out);
}

static void put_sentence(FILE *out, const struct gw_model *model, const struct sums *sums,
                         const uint32_t *shown, size_t n, size_t of)
{
    struct gw_estimate estimate = gw_estimate_group(model, shown, n);

    if (n == 0) {
        fputs("No thread that matches ", out);
        gw_label_text(out, gw_model_text(model, model->shown), NULL);
        fputs(" was observed.", out);
        return;
    }
    fprintf(out, "%zu of %zu thread%s match%s ", n, of, of == 1 ? "" : "s", n == 1 ? "es" : "");
    gw_label_text(out, gw_model_text(model, model->shown), NULL);
    fputs(n == 1 ? ": it lost " : ": they lost ", out);
    gw_number_percent_margin(out, gw_estimate_share(&estimate), gw_estimate_margin(&estimate));
    fprintf(out, " of %s time to the GIL", n == 1 ? "its" : "their");
    put_holder(out, model, sums, estimate.wait_ns);
    if (n < of) {
        fputs(", and made other threads wait for ", out);
        gw_number_seconds(out, sums->caused_ns);
    }
    putc('.', out);
}

int gw_summary_put_shown(FILE *out, const struct gw_model *model)
{
    GW_AUTO_FREE uint64_t *held_ns = calloc(model->n_threads + 1, sizeof *held_ns);
    GW_AUTO_FREE uint32_t *shown = calloc(model->n_threads + 1, sizeof *shown);
    struct sums sums = {.held_ns = held_ns};
    size_t n = 0, of = 0;

    if (!held_ns || !shown)
        return -ENOMEM;
    for (uint32_t i = 0; i < model->n_threads; i++) {
        if (model->threads[i].wall_ns == 0)
            continue;
        of++;
        if (!model->threads[i].hidden)
            shown[n++] = i;
    }
    add_pairs(&sums, model);
    put_sentence(out, model, &sums, shown, n, of);
    return 0;
}
