/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/stack_pass.h"

void gw_pass_push(struct gw_pass *pass, struct gw_frame frame)
{
    if (pass->n < GW_PASS_HALF)
        pass->leaf[pass->n] = frame;
    else
        pass->root[pass->n % GW_PASS_HALF] = frame;
    pass->n++;
}

void gw_pass_push_popped(struct gw_pass *pass, gw_raddr frame)
{
    if (pass->n || pass->n_popped == GW_PASS_MAX_POPPED)
        pass->n = pass->n_before_cold = pass->n_popped = 0;
    pass->is_called = false;
    pass->popped[pass->n_popped++] = frame;
}

bool gw_frame_same(const struct gw_frame *a, const struct gw_frame *b)
{
    return a->frame == b->frame && a->code == b->code;
}

static struct gw_call *call_at(struct gw_stack_guess *guess, gw_raddr frame)
{
    return &guess->calls[frame / sizeof(gw_raddr) % GW_MAX_CALLS];
}

void gw_pass_remember_calls(const struct gw_pass *pass, struct gw_stack_guess *guess)
{
    for (uint64_t i = 0; i < GW_PASS_MAX_POPPED && i + 1 < pass->n && i + 1 < GW_PASS_HALF; i++)
        *call_at(guess, pass->leaf[i].frame) =
            (struct gw_call){.caller = pass->leaf[i + 1], .callee = pass->leaf[i]};
}

void gw_pass_revive(const struct gw_pass *pass, struct gw_stack_guess *guess, struct gw_walk *out)
{
    for (uint32_t i = pass->n_popped; i > 0 && out->n && out->n < GW_MAX_FRAMES; i--) {
        const struct gw_call *call = call_at(guess, pass->popped[i - 1]);
        if (call->callee.frame != pass->popped[i - 1] ||
            !gw_frame_same(&call->caller, &out->frames[out->n - 1]))
            return;
        out->frames[out->n++] = call->callee;
    }
}

const struct gw_frame *gw_pass_frame(const struct gw_pass *pass, uint64_t i)
{
    uint64_t from_leaf = pass->n - 1 - i;
    if (from_leaf < GW_PASS_HALF)
        return &pass->leaf[from_leaf];
    return i < GW_PASS_HALF ? &pass->root[from_leaf % GW_PASS_HALF] : NULL;
}

bool gw_frame_same_call(const struct gw_frame *a, const struct gw_frame *b)
{
    return gw_frame_same(a, b) && a->instr == b->instr;
}

uint64_t gw_pass_common_depth(const struct gw_pass *a, const struct gw_pass *b,
                              bool (*same)(const struct gw_frame *a, const struct gw_frame *b))
{
    uint64_t least = a->n < b->n ? a->n : b->n;
    for (uint64_t i = 0; i < least; i++) {
        const struct gw_frame *in_a = gw_pass_frame(a, i), *in_b = gw_pass_frame(b, i);
        if (!in_a || !in_b) {
            uint64_t known_a = a->n > GW_PASS_HALF ? a->n - GW_PASS_HALF : 0;
            uint64_t known_b = b->n > GW_PASS_HALF ? b->n - GW_PASS_HALF : 0;
            uint64_t next = known_a > known_b ? known_a : known_b;
            if (next <= i || next >= least)
                return i;
            i = next - 1;
            continue;
        }
        if (!same(in_a, in_b))
            return i;
    }
    return least;
}

void gw_pass_emit(const struct gw_pass *pass, uint64_t depth, struct gw_walk *out)
{
    out->n = 0;
    out->omitted = 0;
    for (uint64_t i = 0; i < depth; i++) {
        const struct gw_frame *frame = gw_pass_frame(pass, i);
        bool keep = frame && (i < GW_PASS_HALF || depth - i <= GW_PASS_HALF);
        if (keep)
            out->frames[out->n++] = *frame;
        else
            out->omitted++;
    }
}
