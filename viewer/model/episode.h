/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single waits for the GIL and single holds of it: how long they were, the longest ones with the
 * code on both sides, and why holds ended. Plain data, part of struct gw_model.
 *
 * A *wait* is one thread wanting one GIL at consecutive ticks. gil-wait and gil-handoff back to
 * back are one wait. A thread that waits cannot move on in its Python code, so another stack at
 * the next tick is another wait: it had the GIL in between, for less than a period. A turn that
 * short which leads back to the same line cannot be told, and the two waits around it look like
 * one. A *hold* is one thread named as the holder of one GIL at consecutive ticks. A thread that
 * lets go and takes the GIL back between two ticks looks like one hold, unless the waits of others
 * prove that one of them had it meanwhile (model/handovers.h). The GIL's exact number of switches
 * (struct gw_model_gil) stands beside what is seen here.
 *
 * An episode seen from tick a to tick b began in the period before a and ended in the one after
 * b. Its length is what these ticks weigh, and it is off by no more than one of the two periods.
 * One that is shorter than a period is seen only if a tick happens to fall into it, so there are
 * more of those than are counted, and the smallest lengths say nothing but "up to about a period".
 *
 * Time in which nobody looked (a gap) or in which the process was stopped ends no episode and is
 * not part of its length, but the episode is *cut*: it is not known to be one, nor how long it
 * was. So is one that touches the first or last tick of its thread or of the recording, or a tick
 * at which the state or the holder is unknown: it was at least as long as it says.
 */
#ifndef GW_MODEL_EPISODE_H
#define GW_MODEL_EPISODE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/loghist.h"

/* The longest episodes of each kind that are kept one by one. */
#define GW_LONGEST_EPISODES 10u

/* Different holders that are told apart during one wait. Beyond it, the one that had the GIL least
 * so far is forgotten, and their number stays here. */
#define GW_MAX_EPISODE_HOLDERS 16u

/* Why a hold ended, as model/hold_end.h tells it: name, printed. */
#define GW_HOLD_END_LIST(X)                                                                        \
    X(FORCED, "forced")                                                                            \
    X(RELEASED, "released")                                                                        \
    X(UNKNOWN, "unknown")

enum gw_hold_end {
#define GW_HOLD_END_ENUM(name, text) GW_HOLD_END_##name,
    GW_HOLD_END_LIST(GW_HOLD_END_ENUM)
#undef GW_HOLD_END_ENUM
        GW_N_HOLD_ENDS
};

/* How holds ended. One that the end of the recording cut is in none. */
struct gw_hold_ends {
    uint64_t n[GW_N_HOLD_ENDS];
    uint64_t ns[GW_N_HOLD_ENDS]; /* length of these holds together */
};

static inline uint64_t gw_hold_ends_count(const struct gw_hold_ends *ends)
{
    uint64_t n = 0;
    for (unsigned end = 0; end < GW_N_HOLD_ENDS; end++)
        n += ends->n[end];
    return n;
}

/* One wait, or one hold. "The other" is the thread on the other side of it: for a wait the holder
 * that had the GIL for its largest part, for a hold the thread that waited longest during it. */
struct gw_episode {
    uint32_t thread; /* row of threads: who waits, who holds */
    uint32_t stack;  /* of a wait: the one it waits in; of a hold: one it was in for most of it, if
                        there is such a one */
    uint32_t gil;    /* row of gils */
    bool cut;
    uint8_t end;          /* of a hold: enum gw_hold_end */
    uint8_t other_kind;   /* of a wait: enum gw_blame_kind; of a hold: held if anybody waited */
    uint32_t other;       /* row of threads; GW_NO_THREAD unless other_kind is GW_BLAME_HELD */
    uint32_t other_stack; /* of a wait: in the longest hold during it; of a hold: when it had
                             waited longest */
    uint32_t n_others;    /* different holders during a wait, different waiters during a hold */
    uint64_t begin_ns;    /* the true begin is at most uncertainty_ns after this */
    uint64_t ns;
    uint64_t uncertainty_ns; /* ns is off by at most this, unless the episode is cut */
    uint64_t other_ns;       /* part of the wait with that holder; how long that waiter waited */
    uint64_t others_ns;      /* of a hold: all waits during it together */
};

/* All episodes of one kind. */
struct gw_episodes {
    uint64_t n;
    uint64_t n_cut;
    struct gw_loghist lengths;                      /* cut ones as long as they were seen */
    struct gw_episode longest[GW_LONGEST_EPISODES]; /* longest first */
    uint32_t n_longest;
};

/* The printed word. Valid for ever. */
const char *gw_hold_end_name(enum gw_hold_end end);

/* Take up an episode that is over. */
void gw_episodes_add(struct gw_episodes *episodes, const struct gw_episode *episode);

#endif
