/* SPDX-License-Identifier: Apache-2.0 */
#include "bound.h"

#include <math.h>

#include "model/estimate.h"

uint64_t gw_bound_cpu_ns(const struct gw_model_thread *thread)
{
    uint64_t cpu_ns = thread->exact ? thread->cpu_ns
                                    : thread->state_ns[GW_STATE_GIL_RUNNING] +
                                          thread->state_ns[GW_STATE_NATIVE] +
                                          thread->state_ns[GW_STATE_PYTHON_RUNNING];

    /* The exact time goes on in gaps, the observed time does not. */
    return cpu_ns < thread->wall_ns ? cpu_ns : thread->wall_ns;
}

uint64_t gw_bound_window_ns(const struct gw_model *model)
{
    uint64_t window_ns = 0;

    for (size_t i = 0; i < model->n_processes; i++)
        if (model->processes[i].live_ns > window_ns)
            window_ns = model->processes[i].live_ns;
    return window_ns;
}

/* d_i */
static double thread_demand(const struct gw_model_thread *thread)
{
    double cpu_ns = (double)gw_bound_cpu_ns(thread), wall_ns = (double)thread->wall_ns;

    if (cpu_ns <= 0)
        return 0;
    return cpu_ns * wall_ns / fmax(wall_ns - gw_estimate_thread(thread).high_ns, cpu_ns);
}

struct gw_bound gw_bound_find(const struct gw_model *model)
{
    struct gw_bound bound = {.cpus = model->cpus, .window_ns = gw_bound_window_ns(model)};

    for (size_t i = 0; i < model->n_threads; i++) {
        bound.cpu_ns += gw_bound_cpu_ns(&model->threads[i]);
        bound.demand_ns += thread_demand(&model->threads[i]);
    }
    double most_ns = (double)bound.cpus * (double)bound.window_ns;
    bound.speed_up = 1;
    if (bound.cpu_ns > 0)
        bound.speed_up = fmin(bound.demand_ns, most_ns) / (double)bound.cpu_ns;
    bound.speed_up = fmax(1, bound.speed_up);
    return bound;
}
