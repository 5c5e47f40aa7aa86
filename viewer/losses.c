/* SPDX-License-Identifier: Apache-2.0 */
#include "losses.h"

#include <stdlib.h>

#include "number.h"

/* A wait whose interval reaches down to less than this share may be chance. */
#define CERTAIN_SHARE 0.02
/* Holders that cause at least this part of what the first one causes stand beside it. */
#define BESIDE 0.5
/* From this part of the wait on, those who wait are those who hold. */
#define SAME_PEOPLE 0.8

double gw_losses_busy(const struct gw_model_gil *gil)
{
    return gw_share(gil->held_ns, gil->held_ns + gil->free_ns);
}

const struct gw_model_gil *gw_losses_gil(const struct gw_model *model)
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

    return gw_estimate_share(&estimate) >= GW_LOSSES_SUFFERS &&
           estimate.low_ns >= CERTAIN_SHARE * (double)thread->wall_ns;
}

static void find_sufferers(struct gw_losses *losses, const struct gw_model *model)
{
    for (uint32_t i = 0; i < model->n_threads; i++) {
        if (model->threads[i].wall_ns == 0)
            continue;
        losses->n_observed++;
        if (!does_suffer(&model->threads[i]))
            continue;
        losses->suffers[i] = true;
        losses->sufferers[losses->n_sufferers++] = i;
    }
    losses->estimate = gw_estimate_group(model, losses->sufferers, losses->n_sufferers);
}

/* Returns whether those who wait are those who hold. */
static bool find_holders(struct gw_losses *losses, const struct gw_model *model)
{
    uint64_t own_wait_ns = 0;

    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (losses->suffers[pair->waiter] && pair->kind == GW_BLAME_HELD)
            losses->caused_ns[pair->holder] += pair->ns;
    }
    for (uint32_t i = 0; i < model->n_threads; i++)
        if (losses->caused_ns[i] > losses->caused_ns[losses->first])
            losses->first = i;
    double enough_ns = BESIDE * (double)losses->caused_ns[losses->first];
    for (uint32_t i = 0; i < model->n_threads; i++) {
        losses->holds[i] = losses->caused_ns[i] > 0 && (double)losses->caused_ns[i] >= enough_ns;
        if (!losses->holds[i])
            continue;
        losses->n_holders++;
        if (losses->suffers[i])
            own_wait_ns += model->threads[i].wait_ns;
    }
    return losses->n_holders > 1 &&
           (double)own_wait_ns >= SAME_PEOPLE * (double)losses->estimate.wait_ns;
}

/* Those who make the others wait, and wait a little in return, are not the ones who lose. */
static void leave_culprits_out(struct gw_losses *losses, const struct gw_model *model)
{
    size_t n = 0;

    for (size_t i = 0; i < losses->n_sufferers; i++)
        n += !losses->holds[losses->sufferers[i]];
    if (n == 0)
        return;
    n = 0;
    for (size_t i = 0; i < losses->n_sufferers; i++) {
        uint32_t thread = losses->sufferers[i];
        if (losses->holds[thread])
            losses->suffers[thread] = false;
        else
            losses->sufferers[n++] = thread;
    }
    losses->n_sufferers = n;
    losses->estimate = gw_estimate_group(model, losses->sufferers, n);
}

static void find_losses(struct gw_losses *losses, const struct gw_model *model)
{
    find_sufferers(losses, model);
    if (losses->n_sufferers == 0) {
        losses->kind = losses->n_observed == 0 ? GW_LOSSES_NOTHING
                       : gw_losses_gil(model)  ? GW_LOSSES_INNOCENT
                                               : GW_LOSSES_NO_GIL;
        return;
    }
    losses->kind = GW_LOSSES_CULPRIT;
    if (find_holders(losses, model))
        losses->kind = GW_LOSSES_IN_TURN;
    else
        leave_culprits_out(losses, model);
    losses->place = gw_place_find(model, losses->suffers, losses->holds);
}

struct gw_losses *gw_losses_new(const struct gw_model *model)
{
    struct gw_losses *losses = calloc(1, sizeof *losses);
    size_t n = model->n_threads + 1;

    if (!losses)
        return NULL;
    losses->sufferers = calloc(n, sizeof *losses->sufferers);
    losses->suffers = calloc(n, sizeof *losses->suffers);
    losses->holds = calloc(n, sizeof *losses->holds);
    losses->caused_ns = calloc(n, sizeof *losses->caused_ns);
    if (!losses->sufferers || !losses->suffers || !losses->holds || !losses->caused_ns) {
        gw_losses_free(losses);
        return NULL;
    }
    find_losses(losses, model);
    return losses;
}

void gw_losses_free(struct gw_losses *losses)
{
    if (!losses)
        return;
    free(losses->sufferers);
    free(losses->suffers);
    free(losses->holds);
    free(losses->caused_ns);
    free(losses);
}
