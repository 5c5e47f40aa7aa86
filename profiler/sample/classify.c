/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/classify.h"

static struct gw_judgement asleep(enum gw_state state, enum gw_state woken)
{
    return (struct gw_judgement){.on_cpu = state, .queued = woken};
}

static struct gw_judgement runnable(enum gw_state on_cpu, enum gw_state queued)
{
    return (struct gw_judgement){.on_cpu = on_cpu, .queued = queued, .doubt = true};
}

static struct gw_judgement classify_call(enum gw_syscall_class call)
{
    switch (call) {
    case GW_SYSCALL_FUTEX:
        return asleep(GW_STATE_LOCK_WAIT, GW_STATE_CPU_WAIT);
    case GW_SYSCALL_IO:
    case GW_SYSCALL_CHILD:
    case GW_SYSCALL_OTHER:
        return asleep(GW_STATE_IO_WAIT, GW_STATE_CPU_WAIT);
    case GW_SYSCALL_SLEEP:
        return asleep(GW_STATE_SLEEP, GW_STATE_CPU_WAIT);
    }
    return asleep(GW_STATE_UNKNOWN, GW_STATE_UNKNOWN);
}

static struct gw_judgement classify_holder(const struct gw_evidence *evidence)
{
    /* Asleep when looked at, but no longer the holder: it let go after the memory was read, and
     * until then it ran. */
    if (evidence->kernel == GW_SYSCALL_RUNNING || !evidence->holds_after)
        return runnable(GW_STATE_GIL_RUNNING, GW_STATE_GIL_QUEUED);
    return asleep(GW_STATE_GIL_BLOCKED, GW_STATE_GIL_QUEUED);
}

static struct gw_judgement classify_runnable(const struct gw_evidence *evidence)
{
    if (evidence->no_gil)
        return runnable(GW_STATE_NATIVE, GW_STATE_CPU_WAIT);
    /* A thread without the GIL cannot execute bytecode: where only the eval breaker lets go of it,
     * where the thread itself says so, where the GIL it slept for is still with the same holder, or
     * where it has it a moment later, it wants the GIL. */
    if (evidence->holds_after || evidence->boundary || evidence->gil_requested ||
        evidence->still_waits)
        return runnable(GW_STATE_GIL_HANDOFF, GW_STATE_GIL_HANDOFF);
    struct gw_judgement judgement = evidence->counted
                                        ? runnable(GW_STATE_GIL_HANDOFF, GW_STATE_GIL_HANDOFF)
                                        : runnable(GW_STATE_NATIVE, GW_STATE_CPU_WAIT);
    judgement.ask = evidence->fresh;
    if (evidence->counted) /* it is the likeliest, no more */
        return judgement;
    /* A waiter that is in the wait no more has had the GIL since. A holder that was not made to
     * drop it did so for a call: it does not want the GIL now. What comes back from a call asks for
     * the GIL at once. */
    switch (evidence->origin) {
    case GW_RUN_WAITER:
        judgement.soft = !evidence->left_out;
        break;
    case GW_RUN_HOLDER:
        judgement.soft = evidence->forced && !evidence->in_c;
        break;
    case GW_RUN_OTHER:
        judgement.soft = evidence->back && !evidence->left_out;
        break;
    }
    if (judgement.soft)
        judgement.queued = GW_STATE_GIL_HANDOFF;
    return judgement;
}

struct gw_judgement gw_classify(const struct gw_evidence *evidence)
{
    if (evidence->unreadable)
        return asleep(GW_STATE_UNKNOWN, GW_STATE_UNKNOWN);
    if (evidence->holds_before)
        return classify_holder(evidence);
    switch (evidence->kernel) {
    case GW_SYSCALL_RUNNING:
        return classify_runnable(evidence);
    case GW_SYSCALL_OUTSIDE: /* a page fault that waits for its page */
        return asleep(GW_STATE_IO_WAIT, GW_STATE_CPU_WAIT);
    case GW_SYSCALL_INSIDE:
        break;
    }
    if (evidence->call == GW_SYSCALL_FUTEX) {
        switch (evidence->futex) {
        case GW_GIL_FUTEX_WAIT:
        case GW_GIL_FUTEX_LOCK:
            return asleep(GW_STATE_GIL_WAIT, GW_STATE_GIL_HANDOFF);
        case GW_GIL_FUTEX_DROPPED:
            return asleep(GW_STATE_GIL_HANDOFF, GW_STATE_GIL_HANDOFF);
        case GW_GIL_FUTEX_NONE:
            break;
        }
    }
    return classify_call(evidence->call);
}

/* A thread that is stopped inside of a call to sleep was woken from it, and has not had a CPU
 * since. One that wakes others by a futex may have just given up the GIL, be it for a call or
 * because it had to. In its own code it may be on its way to or from a wait, but hardly ever is:
 * the code around a wait takes about a microsecond. */
enum gw_told gw_classify_stop(const struct gw_syscall *call, enum gw_syscall_class class,
                              enum gw_gil_futex futex)
{
    if (call->kind == GW_SYSCALL_RUNNING)
        return GW_TOLD_NOTHING;
    if (class != GW_SYSCALL_FUTEX)
        return GW_TOLD_ELSEWHERE;
    if (!gw_syscall_futex_waits(call))
        return GW_TOLD_NOTHING;
    return futex == GW_GIL_FUTEX_NONE ? GW_TOLD_ELSEWHERE : GW_TOLD_WANTS_GIL;
}
