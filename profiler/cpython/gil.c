/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/gil.h"

bool gw_gil_decode(const struct gw_layout *layout, struct gw_span copy, struct gw_gil_words *out)
{
    uint64_t locked, interval = 0;
    if (!gw_layout_get(layout, GW_F_gil_last_holder, copy, &out->last_holder) ||
        !gw_layout_get(layout, GW_F_gil_locked, copy, &locked) ||
        !gw_layout_get(layout, GW_F_gil_switch_number, copy, &out->switch_number))
        return false;
    gw_layout_get(layout, GW_F_gil_interval, copy, &interval);
    out->locked = locked == 1; /* -1 before the first use, 0 free */
    out->interval_us = interval;
    return true;
}

bool gw_gil_same(const struct gw_gil_words *a, const struct gw_gil_words *b)
{
    return a->locked == b->locked && a->last_holder == b->last_holder &&
           a->switch_number == b->switch_number;
}

enum gw_gil_futex gw_gil_classify_futex(const struct gw_layout *layout, gw_raddr gil,
                                        gw_raddr futex)
{
    if (!gil || futex < gil)
        return GW_GIL_FUTEX_NONE;
    uint64_t at = futex - gil;
    if (at < gw_layout_at(layout, GW_F_gil_cond) || at >= layout->size[GW_S_gil])
        return GW_GIL_FUTEX_NONE;
    if (at >= gw_layout_at(layout, GW_F_gil_switch_cond))
        return GW_GIL_FUTEX_DROPPED;
    return at < gw_layout_at(layout, GW_F_gil_mutex) ? GW_GIL_FUTEX_WAIT : GW_GIL_FUTEX_LOCK;
}

uint32_t gw_gil_learn_cond(const struct gw_layout *layout, gw_raddr gil, gw_raddr futex)
{
    uint64_t at = futex - gil - gw_layout_at(layout, GW_F_gil_cond);
    if (at == 40 || at == 44) /* __g_signals[2] follow __wrefs: glibc 2.25 to 2.40 */
        return 36;
    if (at == 32 || at == 36) /* without __g_refs: glibc 2.41 on */
        return 28;
    return 0;
}

uint32_t gw_gil_waiters(const struct gw_layout *layout, struct gw_span copy, uint32_t wrefs_at)
{
    uint32_t wrefs;
    if (!wrefs_at ||
        !gw_span_peek(copy, gw_layout_at(layout, GW_F_gil_cond) + wrefs_at, &wrefs, sizeof wrefs))
        return 0;
    return wrefs >> 3; /* the low bits are flags: nptl/pthread_cond_wait.c */
}
