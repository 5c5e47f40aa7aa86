/* SPDX-License-Identifier: Apache-2.0 */
#include "summary.h"

#include <stdlib.h>

#include "model/estimate.h"
#include "model/label.h"
#include "number.h"
#include "summary_place.h"

/* A wait whose interval reaches down to less than this share may be chance. */
#define CERTAIN_SHARE 0.02
/* Holders that cause at least this part of what the first one causes stand beside it. */
#define BESIDE 0.5
/* From this part of the wait on, those who wait are those who hold. */
#define SAME_PEOPLE 0.8

/* What the sentence is made from. */
struct findings {
    const struct gw_model *model;
    uint32_t *sufferers; /* rows of threads */
    bool *suffers;       /* by row of threads */
    uint64_t *caused_ns; /* by row of threads: of the wait of the sufferers */
    size_t n_observed, n_sufferers;
    struct gw_estimate estimate; /* of the sufferers together */
    uint32_t first;              /* the thread that causes most */
    size_t n_beside;             /* threads that cause nearly as much, the first one included */
    bool in_turn;                /* those who wait are those who hold */
};

const char *gw_verdict_name(enum gw_verdict verdict)
{
    static const char *const names[] = {
#define GW_VERDICT_NAME(name, text) [GW_VERDICT_##name] = text,
        GW_VERDICT_LIST(GW_VERDICT_NAME)
#undef GW_VERDICT_NAME
    };
    return names[verdict];
}

double gw_summary_busy(const struct gw_model_gil *gil)
{
    return gw_share(gil->held_ns, gil->held_ns + gil->free_ns);
}

const struct gw_model_gil *gw_summary_gil(const struct gw_model *model)
{
    const struct gw_model_gil *best = NULL;

    for (size_t i = 0; i < model->n_gils; i++) {
        const struct gw_model_gil *gil = &model->gils[i];
        if (!best || gil->wait_ns > best->wait_ns ||
            (gil->wait_ns == best->wait_ns && gil->held_ns > best->held_ns))
            best = gil;
    }
    return best;
}

static bool does_suffer(const struct gw_model_thread *thread)
{
    struct gw_estimate estimate = gw_estimate_thread(thread);

    return gw_estimate_share(&estimate) >= GW_SUMMARY_SUFFERS &&
           estimate.low_ns >= CERTAIN_SHARE * (double)thread->wall_ns;
}

static void find_sufferers(struct findings *findings)
{
    const struct gw_model *model = findings->model;

    for (uint32_t i = 0; i < model->n_threads; i++) {
        if (model->threads[i].wall_ns == 0)
            continue;
        findings->n_observed++;
        if (!does_suffer(&model->threads[i]))
            continue;
        findings->suffers[i] = true;
        findings->sufferers[findings->n_sufferers++] = i;
    }
    findings->estimate = gw_estimate_group(model, findings->sufferers, findings->n_sufferers);
}

static bool is_beside(const struct findings *findings, uint32_t thread)
{
    uint64_t caused = findings->caused_ns[thread];

    return caused > 0 && (double)caused >= BESIDE * (double)findings->caused_ns[findings->first];
}

static void find_holders(struct findings *findings)
{
    const struct gw_model *model = findings->model;

    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (findings->suffers[pair->waiter] && pair->kind == GW_BLAME_HELD)
            findings->caused_ns[pair->holder] += pair->ns;
    }
    for (uint32_t i = 0; i < model->n_threads; i++)
        if (findings->caused_ns[i] > findings->caused_ns[findings->first])
            findings->first = i;
    uint64_t own_wait_ns = 0;
    for (uint32_t i = 0; i < model->n_threads; i++) {
        if (!is_beside(findings, i))
            continue;
        findings->n_beside++;
        if (findings->suffers[i])
            own_wait_ns += model->threads[i].wait_ns;
    }
    findings->in_turn = findings->n_beside > 1 &&
                        (double)own_wait_ns >= SAME_PEOPLE * (double)findings->estimate.wait_ns;
}

/* "3 of 12 threads lost 41 % ±2 of their time to the GIL" */
static void put_loss(FILE *out, const struct findings *findings)
{
    size_t n = findings->n_sufferers, processes = 0;

    for (size_t i = 0; i < findings->model->n_processes; i++)
        processes += findings->model->processes[i].ticks > 0;
    if (processes > 1)
        fprintf(out, "In %zu processes, ", processes);
    fprintf(out, "%zu of %zu thread%s lost ", n, findings->n_observed,
            findings->n_observed == 1 ? "" : "s");
    gw_number_percent_margin(out, gw_estimate_share(&findings->estimate),
                             gw_estimate_margin(&findings->estimate));
    fprintf(out, " of %s time to the GIL", n == 1 ? "its" : "their");
}

static void put_holders(FILE *out, const struct findings *findings)
{
    const struct gw_model *model = findings->model;
    size_t others = findings->n_beside - 1;

    putc('`', out);
    gw_label_thread(out, model, findings->first, NULL);
    putc('`', out);
    if (others == 1) {
        uint32_t other = 0;
        while (other == findings->first || !is_beside(findings, other))
            other++;
        fputs(" or `", out);
        gw_label_thread(out, model, other, NULL);
        putc('`', out);
    } else if (others > 1) {
        fprintf(out, " or one of %zu more", others);
    }
}

/* Who held it, and where, goes behind the loss. */
static enum gw_verdict put_cause(FILE *out, const struct findings *findings, bool *holders)
{
    uint64_t wait_ns = findings->estimate.wait_ns;

    if (findings->n_beside == 0) {
        fputs("; who held it meanwhile could not be told.", out);
        return GW_VERDICT_CULPRIT;
    }
    for (uint32_t i = 0; i < findings->model->n_threads; i++)
        holders[i] = is_beside(findings, i);
    struct gw_place place = gw_place_find(findings->model, findings->suffers, holders);
    if (findings->in_turn) {
        fputs("; they hold it in turn, mostly in ", out);
        gw_label_place(out, findings->model, place.function, place.line, NULL);
        fputs(", so there is no single culprit: threads gain nothing here.", out);
        return GW_VERDICT_IN_TURN;
    }
    fputs("; ", out);
    gw_number_percent(out, gw_share(place.ns, wait_ns));
    fputs(" of it while ", out);
    put_holders(out, findings);
    fputs(" was in ", out);
    gw_label_place(out, findings->model, place.function, place.line, NULL);
    putc('.', out);
    return GW_VERDICT_CULPRIT;
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

static enum gw_verdict put_innocence(FILE *out, const struct findings *findings)
{
    const struct gw_model *model = findings->model;
    const struct gw_model_gil *gil = gw_summary_gil(model);

    if (findings->n_observed == 0) {
        fputs("No thread was observed, so there is nothing to tell.", out);
        return GW_VERDICT_NOTHING;
    }
    if (!gil) {
        fputs("No GIL is at work here; the threads were never seen to wait for one: ", out);
        put_pastime(out, model);
        return GW_VERDICT_NO_GIL;
    }
    for (uint32_t i = 0; i < model->n_threads; i++)
        findings->sufferers[i] = i;
    struct gw_estimate all = gw_estimate_group(model, findings->sufferers, model->n_threads);
    fputs("The GIL is not what these threads wait for: it was busy ", out);
    gw_number_percent(out, gw_summary_busy(gil));
    fputs(" of the time and cost them ", out);
    gw_number_percent_margin(out, gw_estimate_share(&all), gw_estimate_margin(&all));
    fputs(" of theirs; ", out);
    put_pastime(out, model);
    return GW_VERDICT_INNOCENT;
}

/* Those who make the others wait, and wait a little in return, are not the ones who lose. */
static void leave_culprits_out(struct findings *findings)
{
    size_t n = 0;

    for (size_t i = 0; i < findings->n_sufferers; i++)
        n += !is_beside(findings, findings->sufferers[i]);
    if (findings->in_turn || n == 0)
        return;
    n = 0;
    for (size_t i = 0; i < findings->n_sufferers; i++) {
        uint32_t thread = findings->sufferers[i];
        if (is_beside(findings, thread))
            findings->suffers[thread] = false;
        else
            findings->sufferers[n++] = thread;
    }
    findings->n_sufferers = n;
    findings->estimate = gw_estimate_group(findings->model, findings->sufferers, n);
}

static enum gw_verdict put_summary(FILE *out, struct findings *findings, bool *holders)
{
    find_sufferers(findings);
    if (findings->n_sufferers == 0)
        return put_innocence(out, findings);
    find_holders(findings);
    leave_culprits_out(findings);
    put_loss(out, findings);
    return put_cause(out, findings, holders);
}

char *gw_summary_text(const struct gw_model *model, enum gw_verdict *verdict)
{
    size_t n = model->n_threads + 1, size = 0;
    char *text = NULL;
    bool *holders = calloc(n, sizeof *holders);
    struct findings findings = {
        .model = model,
        .sufferers = calloc(n, sizeof *findings.sufferers),
        .suffers = calloc(n, sizeof *findings.suffers),
        .caused_ns = calloc(n, sizeof *findings.caused_ns),
    };
    FILE *out = open_memstream(&text, &size);

    if (out && holders && findings.sufferers && findings.suffers && findings.caused_ns)
        *verdict = put_summary(out, &findings, holders);
    if (out && fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    free(holders);
    free(findings.sufferers);
    free(findings.suffers);
    free(findings.caused_ns);
    return text;
}
