/* SPDX-License-Identifier: Apache-2.0 */
#include "export/pprof_samples.h"

/* All waiting of one thread in one place, and how much of it the pairs have taken so far. */
struct wait {
    uint32_t thread, stack, gil, state; /* the key */
    uint64_t ns, ticks;
    uint64_t taken_ns;
};

static struct gw_pprof_sample *put(struct gw_rows *samples, const struct gw_pprof_sample *key,
                                   int *error)
{
    int64_t row = gw_rows_put(samples, key);

    if (row < 0) {
        *error = (int)row;
        return NULL;
    }
    return gw_rows_at(samples, (uint32_t)row);
}

static bool on_cpu(uint32_t state)
{
    return state == GW_STATE_GIL_RUNNING || state == GW_STATE_NATIVE ||
           state == GW_STATE_PYTHON_RUNNING;
}

static int add_slice(struct gw_rows *samples, const struct gw_model_slice *slice)
{
    bool holds = gw_state_holds_gil(slice->state);
    const struct gw_pprof_sample key = {.thread = slice->thread,
                                        .stack = slice->stack,
                                        .gil = holds ? slice->gil : GW_PPROF_NO_GIL,
                                        .state = slice->state};
    int error = 0;
    struct gw_pprof_sample *sample = put(samples, &key, &error);

    if (!sample)
        return error;
    sample->values[GW_PPROF_SAMPLES] += slice->ticks;
    sample->values[GW_PPROF_WALL] += slice->ns;
    if (on_cpu(slice->state))
        sample->values[GW_PPROF_CPU] += slice->ns;
    if (holds)
        sample->values[GW_PPROF_GIL_HOLD] += slice->ns;
    return 0;
}

static int add_wait(struct gw_rows *waits, const struct gw_model_slice *slice)
{
    const uint32_t key[] = {slice->thread, slice->stack, slice->gil, slice->state};
    int64_t row = gw_rows_put(waits, key);

    if (row < 0)
        return (int)row;
    struct wait *wait = gw_rows_at(waits, (uint32_t)row);
    wait->ns += slice->ns;
    wait->ticks += slice->ticks;
    return 0;
}

static int add_slices(const struct gw_model *model, struct gw_rows *samples, struct gw_rows *waits)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < model->n_slices; i++) {
        const struct gw_model_slice *slice = &model->slices[i];
        if (model->threads[slice->thread].hidden)
            continue;
        if (gw_state_wants_gil(slice->state))
            rc = add_wait(waits, slice);
        else if (slice->state != GW_STATE_STOPPED)
            rc = add_slice(samples, slice);
    }
    return rc;
}

/* How many of a wait's ticks belong to its first ns nanoseconds. */
static uint64_t ticks_until(const struct wait *wait, uint64_t ns)
{
    return (uint64_t)((double)wait->ticks * ((double)ns / (double)wait->ns));
}

/* Of a wait's ticks those that go with the next ns of it: the shares sum to all of them. */
static int take_ticks(struct gw_rows *waits, const struct gw_model_pair *pair, uint64_t *ticks)
{
    const uint32_t key[] = {pair->waiter, pair->waiter_stack, pair->gil, pair->waiter_state};
    int64_t row = gw_rows_find(waits, key);
    struct wait *wait = row < 0 ? NULL : gw_rows_at(waits, (uint32_t)row);

    if (!wait || pair->ns > wait->ns - wait->taken_ns)
        return -GW_E_BAD_DATA;
    if (pair->ns == 0)
        return 0;
    uint64_t before = ticks_until(wait, wait->taken_ns);
    wait->taken_ns += pair->ns;
    *ticks = ticks_until(wait, wait->taken_ns) - before;
    return 0;
}

static enum gw_pprof_holder holder_kind(uint8_t kind)
{
    if (kind == GW_BLAME_HELD)
        return GW_PPROF_HELD;
    return kind == GW_BLAME_HANDOFF ? GW_PPROF_HANDOFF : GW_PPROF_UNKNOWN;
}

static int add_suffered(const struct gw_model *model, struct gw_rows *samples,
                        const struct gw_model_pair *pair, uint64_t ticks)
{
    struct gw_pprof_sample key = {.thread = pair->waiter,
                                  .stack = pair->waiter_stack,
                                  .gil = pair->gil,
                                  .state = pair->waiter_state,
                                  .holder_kind = holder_kind(pair->kind)};
    int error = 0;

    if (pair->kind == GW_BLAME_HELD) {
        key.holder = pair->holder;
        key.holder_function = gw_model_leaf(model, pair->holder_stack)->function;
    }
    struct gw_pprof_sample *sample = put(samples, &key, &error);
    if (!sample)
        return error;
    sample->values[GW_PPROF_SAMPLES] += ticks;
    sample->values[GW_PPROF_WALL] += pair->ns;
    sample->values[GW_PPROF_GIL_WAIT] += pair->ns;
    return 0;
}

static int add_caused(struct gw_rows *samples, const struct gw_model_pair *pair)
{
    const struct gw_pprof_sample key = {.thread = pair->holder,
                                        .stack = pair->holder_stack,
                                        .gil = pair->gil,
                                        .state = pair->holder_state};
    int error = 0;

    if (pair->kind != GW_BLAME_HELD)
        return 0;
    struct gw_pprof_sample *sample = put(samples, &key, &error);
    if (!sample)
        return error;
    sample->values[GW_PPROF_GIL_BLAME] += pair->ns;
    return 0;
}

static int add_wait_of(const struct gw_model *model, struct gw_rows *samples, struct gw_rows *waits,
                       const struct gw_model_pair *pair)
{
    uint64_t ticks = 0;
    int rc = take_ticks(waits, pair, &ticks);

    return rc < 0 ? rc : add_suffered(model, samples, pair, ticks);
}

static int add_pairs(const struct gw_model *model, struct gw_rows *samples, struct gw_rows *waits)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (gw_model_waiter_shown(model, pair))
            rc = add_wait_of(model, samples, waits, pair);
        if (rc == 0 && gw_model_holder_shown(model, pair))
            rc = add_caused(samples, pair);
    }
    return rc;
}

int gw_pprof_samples(const struct gw_model *model, struct gw_rows *out)
{
    struct gw_rows waits = {.row_bytes = sizeof(struct wait),
                            .key_bytes = offsetof(struct wait, ns)};

    *out = (struct gw_rows){.row_bytes = sizeof(struct gw_pprof_sample),
                            .key_bytes = offsetof(struct gw_pprof_sample, holder_function) +
                                         sizeof(uint32_t)};
    int rc = add_slices(model, out, &waits);
    if (rc == 0)
        rc = add_pairs(model, out, &waits);
    gw_rows_fini(&waits);
    return rc;
}
