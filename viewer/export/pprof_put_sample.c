/* SPDX-License-Identifier: Apache-2.0 */
#include "export/pprof_builder.h"

/* thread_name, state, thread_id, pid, interpreter_id, gil_holder, gil_holder_thread */
#define MAX_LABELS 7u

struct labels {
    Perftools__Profiles__Label all[MAX_LABELS];
    size_t n;
};

static void put_location(struct gw_pprof_builder *b, uint64_t id,
                         const struct gw_pprof_location *key)
{
    Perftools__Profiles__Line line = PERFTOOLS__PROFILES__LINE__INIT;
    Perftools__Profiles__Line *lines[] = {&line};
    Perftools__Profiles__Location location = PERFTOOLS__PROFILES__LOCATION__INIT;
    Perftools__Profiles__Location *locations[] = {&location};
    Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

    line.function_id = key->function + UINT64_C(1);
    line.line = key->line;
    location.id = id;
    location.mapping_id = key->process + UINT64_C(1);
    location.n_line = 1;
    location.line = lines;
    part.n_location = 1;
    part.location = locations;
    gw_pprof_stream_put(&b->stream, &part);
}

/* Id of a frame's location, which is written when it is new. */
static uint64_t location_id(struct gw_pprof_builder *b, uint32_t process,
                            const struct gw_model_stack *frame)
{
    const struct gw_pprof_location key = {process, frame->function, frame->line};
    uint32_t known = b->locations.n;
    int64_t row = gw_rows_put(&b->locations, &key);

    if (row < 0) {
        b->stream.error = b->stream.error ? b->stream.error : (int)row;
        return 0;
    }
    if (b->locations.n > known)
        put_location(b, (uint64_t)row + 1, &key);
    return (uint64_t)row + 1;
}

static Perftools__Profiles__Label *add_label(struct gw_pprof_builder *b, struct labels *labels,
                                             const char *key)
{
    Perftools__Profiles__Label *label = &labels->all[labels->n++];

    perftools__profiles__label__init(label);
    label->key = gw_pprof_constant(b, key);
    return label;
}

/* With a unit: pprof takes a number that is 0 and has none for "not set". */
static void add_number(struct gw_pprof_builder *b, struct labels *labels, const char *key,
                       int64_t number)
{
    Perftools__Profiles__Label *label = add_label(b, labels, key);

    label->num = number;
    label->num_unit = gw_pprof_constant(b, "id");
}

static void add_holder(struct gw_pprof_builder *b, struct labels *labels,
                       const struct gw_pprof_sample *sample)
{
    if (sample->holder_kind == GW_PPROF_NO_WAIT)
        return;
    Perftools__Profiles__Label *label = add_label(b, labels, "gil_holder");
    if (sample->holder_kind == GW_PPROF_HELD) {
        label->str = gw_pprof_function_name(b, sample->holder_function);
        add_label(b, labels, "gil_holder_thread")->str = gw_pprof_thread_name(b, sample->holder);
    } else {
        label->str = gw_pprof_constant(
            b, sample->holder_kind == GW_PPROF_HANDOFF ? "no holder (handoff)" : "unknown");
    }
}

static void make_labels(struct gw_pprof_builder *b, struct labels *labels,
                        const struct gw_pprof_sample *sample)
{
    const struct gw_model *model = b->model;
    const struct gw_model_thread *thread = &model->threads[sample->thread];

    labels->n = 0;
    add_label(b, labels, "thread_name")->str = gw_pprof_thread_name(b, sample->thread);
    add_label(b, labels, "state")->str = gw_pprof_constant(b, gw_state_name(sample->state));
    add_number(b, labels, "thread_id", thread->tid);
    add_number(b, labels, "pid", model->processes[thread->process].pid);
    if (sample->gil != GW_PPROF_NO_GIL)
        add_number(b, labels, "interpreter_id", model->gils[sample->gil].interpreter);
    add_holder(b, labels, sample);
}

void gw_pprof_put_sample(struct gw_pprof_builder *b, const struct gw_pprof_sample *row)
{
    const struct gw_model *model = b->model;
    uint64_t locations[GW_MODEL_MAX_DEPTH];
    int64_t values[GW_PPROF_N_VALUES];
    struct labels labels;
    Perftools__Profiles__Label *label_pointers[MAX_LABELS];
    Perftools__Profiles__Sample sample = PERFTOOLS__PROFILES__SAMPLE__INIT;
    Perftools__Profiles__Sample *samples[] = {&sample};
    Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

    uint32_t stack = row->stack;
    do {
        locations[sample.n_location_id++] =
            location_id(b, model->threads[row->thread].process, &model->stacks[stack]);
        stack = model->stacks[stack].parent;
    } while (stack != 0);
    for (unsigned i = 0; i < b->n_values; i++)
        values[i] = (int64_t)row->values[b->first_value + i];
    make_labels(b, &labels, row);
    for (size_t i = 0; i < labels.n; i++)
        label_pointers[i] = &labels.all[i];
    sample.location_id = locations;
    sample.n_value = b->n_values;
    sample.value = values;
    sample.n_label = labels.n;
    sample.label = label_pointers;
    part.n_sample = 1;
    part.sample = samples;
    gw_pprof_stream_put(&b->stream, &part);
}
