/* SPDX-License-Identifier: Apache-2.0 */
#include "summary.h"

#include <stdlib.h>

#include "model/label.h"
#include "number.h"
#include "summary_shown.h"

/* "3 of 12 threads lost 41 % ±2 of their time to the GIL" */
static void put_loss(FILE *out, const struct gw_model *model, const struct gw_losses *losses)
{
    size_t n = losses->n_sufferers, processes = 0;

    for (size_t i = 0; i < model->n_processes; i++)
        processes += model->processes[i].ticks > 0;
    if (processes > 1)
        fprintf(out, "In %zu processes, ", processes);
    fprintf(out, "%zu of %zu thread%s lost ", n, losses->n_observed,
            losses->n_observed == 1 ? "" : "s");
    gw_number_percent_margin(out, gw_estimate_share(&losses->estimate),
                             gw_estimate_margin(&losses->estimate));
    fprintf(out, " of %s time to the GIL", n == 1 ? "its" : "their");
}

static void put_holders(FILE *out, const struct gw_model *model, const struct gw_losses *losses)
{
    size_t others = losses->n_holders - 1;

    putc('`', out);
    gw_label_thread(out, model, losses->first, NULL);
    putc('`', out);
    if (others == 1) {
        uint32_t other = 0;
        while (other == losses->first || !losses->holds[other])
            other++;
        fputs(" or `", out);
        gw_label_thread(out, model, other, NULL);
        putc('`', out);
    } else if (others > 1) {
        fprintf(out, " or one of %zu more", others);
    }
}

/* Who held it, and where, goes behind the loss. */
static void put_cause(FILE *out, const struct gw_model *model, const struct gw_losses *losses)
{
    const struct gw_place *place = &losses->place;

    if (losses->n_holders == 0) {
        fputs("; who held it meanwhile could not be told.", out);
    } else if (losses->kind == GW_LOSSES_IN_TURN) {
        fputs("; they hold it in turn, mostly in ", out);
        gw_place_put(out, model, place);
        fputs(", so there is no single culprit: threads gain nothing here.", out);
    } else {
        fputs("; ", out);
        gw_number_percent(out, gw_share(place->ns, losses->estimate.wait_ns));
        fputs(" of it while ", out);
        put_holders(out, model, losses);
        fputs(" was in ", out);
        gw_place_put(out, model, place);
        putc('.', out);
    }
}

/* "they spend 96 % waiting on I/O." */
static void put_pastime(FILE *out, const struct gw_model *model)
{
    uint64_t rollups[GW_N_ROLLUPS] = {0}, wall_ns = 0;
    enum gw_rollup most = GW_ROLLUP_RUNNING;

    for (size_t i = 0; i < model->n_threads; i++) {
        wall_ns += model->threads[i].wall_ns;
        for (unsigned state = 0; state < GW_N_STATES; state++)
            rollups[gw_state_rollup(state)] += model->threads[i].state_ns[state];
    }
    for (unsigned rollup = 0; rollup < GW_N_ROLLUPS; rollup++)
        if (rollup != GW_ROLLUP_STOPPED && rollups[rollup] > rollups[most])
            most = (enum gw_rollup)rollup;
    fputs("they spend ", out);
    gw_number_percent(out, gw_share(rollups[most], wall_ns));
    fprintf(out, " %s%s.", most == GW_ROLLUP_UNKNOWN ? "in a state that is " : "",
            gw_rollup_name(most));
}

/* GIL wait of all threads together. */
static struct gw_estimate estimate_all(const struct gw_model *model)
{
    struct gw_estimate all = {0};
    uint32_t *threads = calloc(model->n_threads + 1, sizeof *threads);

    if (threads) {
        for (uint32_t i = 0; i < model->n_threads; i++)
            threads[i] = i;
        all = gw_estimate_group(model, threads, model->n_threads);
    }
    free(threads);
    return all;
}

static void put_innocence(FILE *out, const struct gw_model *model)
{
    struct gw_estimate all = estimate_all(model);

    fputs("The GIL is not what these threads wait for: it was busy ", out);
    gw_number_percent(out, gw_losses_busy(gw_losses_gil(model)));
    fputs(" of the time and cost them ", out);
    gw_number_percent_margin(out, gw_estimate_share(&all), gw_estimate_margin(&all));
    fputs(" of theirs; ", out);
    put_pastime(out, model);
}

static void put_summary(FILE *out, const struct gw_model *model, const struct gw_losses *losses)
{
    switch (losses->kind) {
    case GW_LOSSES_NOTHING:
        fputs("No thread was observed, so there is nothing to tell.", out);
        break;
    case GW_LOSSES_NO_GIL:
        fputs("No GIL is at work here; the threads were never seen to wait for one: ", out);
        put_pastime(out, model);
        break;
    case GW_LOSSES_INNOCENT:
        put_innocence(out, model);
        break;
    case GW_LOSSES_CULPRIT:
    case GW_LOSSES_IN_TURN:
        put_loss(out, model, losses);
        put_cause(out, model, losses);
        break;
    }
}

char *gw_summary_text(const struct gw_model *model, const struct gw_losses *losses)
{
    size_t size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    int rc = 0;
    if (gw_model_filtered(model))
        rc = gw_summary_put_shown(out, model);
    else
        put_summary(out, model, losses);
    if (fclose(out) != 0 || rc < 0) {
        free(text);
        text = NULL;
    }
    return text;
}
