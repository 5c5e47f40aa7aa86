/* SPDX-License-Identifier: Apache-2.0 */
#include "model/natives.h"

#include "base/error.h"

static int add(struct gw_tables *tables, const struct gw_model_native *native)
{
    int64_t row = gw_rows_put(&tables->natives, native);

    if (row < 0)
        return (int)row;
    struct gw_model_native *sum = gw_rows_at(&tables->natives, (uint32_t)row);
    sum->ns += native->ns;
    sum->stops += native->stops;
    return 0;
}

int gw_natives_add_run(struct gw_tables *tables, uint32_t thread, const struct gw_run *run,
                       uint64_t weight)
{
    return add(tables,
               &(struct gw_model_native){
                   .thread = thread, .stack = run->native, .state = run->state, .ns = weight});
}

int gw_natives_add_stops(struct gw_tables *tables, const struct gw_block *block,
                         const Gilwait__Capture__Block *message, const struct gw_ids *ids)
{
    const Gilwait__Capture__Natives *natives = message->natives;
    size_t n = natives ? natives->n_dt_ns : 0;
    uint64_t at_ns = message->start_ns;
    int rc = 0;

    if (n > 0 && (natives->n_thread != n || natives->n_stack != n || natives->n_holds != n))
        return -GW_E_BAD_DATA;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        uint32_t thread, stack;
        if (__builtin_add_overflow(at_ns, natives->dt_ns[i], &at_ns) ||
            !gw_idlist_find(&ids->threads, natives->thread[i], &thread) ||
            !gw_idlist_find(&ids->natives, natives->stack[i], &stack) ||
            gw_tables_thread(tables, thread)->process != block->process)
            return -GW_E_BAD_DATA;
        if (at_ns < block->start_ns || at_ns >= block->end_ns)
            continue;
        uint32_t state = natives->holds[i] ? GW_STATE_GIL_RUNNING : GW_STATE_NATIVE;
        rc = add(tables, &(struct gw_model_native){
                             .thread = thread, .stack = stack, .state = state, .stops = 1});
    }
    return rc;
}
