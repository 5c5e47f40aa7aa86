/* SPDX-License-Identifier: Apache-2.0 */
#include "model/hold_end.h"

#include "format/vocabulary.h"

/* The thread wants the GIL back at once: was it made to let go? The wait and the next tick are
 * different parts of the clock's 64 bits, so their sum cannot overflow. */
static enum gw_hold_end tell_by_waits(const struct gw_hold_evidence *evidence)
{
    uint64_t certain_ns =
        evidence->waited_ns > evidence->first_ns ? evidence->waited_ns - evidence->first_ns : 0;

    if (evidence->interval_ns == 0)
        return GW_HOLD_END_UNKNOWN;
    if (evidence->waited_ns + evidence->next_ns < evidence->interval_ns)
        return evidence->begin_seen ? GW_HOLD_END_RELEASED : GW_HOLD_END_UNKNOWN;
    return certain_ns < evidence->interval_ns / GW_HOLD_END_CERTAIN ? GW_HOLD_END_UNKNOWN
                                                                    : GW_HOLD_END_FORCED;
}

enum gw_hold_end gw_hold_end_tell(const struct gw_hold_evidence *evidence)
{
    if (evidence->broken)
        return GW_HOLD_END_UNKNOWN;
    if (evidence->back)
        return tell_by_waits(evidence);
    if (!evidence->observed)
        return GW_HOLD_END_RELEASED;
    switch ((enum gw_state)evidence->state) {
    case GW_STATE_GIL_WAIT:
    case GW_STATE_GIL_HANDOFF:
        return evidence->same_gil && !evidence->in_c ? tell_by_waits(evidence)
                                                     : GW_HOLD_END_RELEASED;
    case GW_STATE_NATIVE:
    case GW_STATE_IO_WAIT:
    case GW_STATE_LOCK_WAIT:
    case GW_STATE_SLEEP:
    case GW_STATE_CPU_WAIT:
        return GW_HOLD_END_RELEASED;
    case GW_STATE_UNKNOWN:
    case GW_STATE_GIL_RUNNING:
    case GW_STATE_GIL_QUEUED:
    case GW_STATE_GIL_BLOCKED:
    case GW_STATE_STOPPED:
    case GW_STATE_PYTHON_RUNNING:
    case GW_STATE_STW_WAIT:
    case GW_STATE_OBJECT_WAIT:
    case GW_N_STATES:
        break;
    }
    return GW_HOLD_END_UNKNOWN;
}
