/* SPDX-License-Identifier: Apache-2.0 */
#include "model/episode.h"

const char *gw_hold_end_name(enum gw_hold_end end)
{
    static const char *const names[GW_N_HOLD_ENDS] = {
#define GW_HOLD_END_NAME(name, text) [GW_HOLD_END_##name] = text,
        GW_HOLD_END_LIST(GW_HOLD_END_NAME)
#undef GW_HOLD_END_NAME
    };
    return names[end];
}

void gw_episodes_add(struct gw_episodes *episodes, const struct gw_episode *episode)
{
    uint32_t at = episodes->n_longest;

    episodes->n++;
    episodes->n_cut += episode->cut;
    gw_loghist_add(&episodes->lengths, episode->ns);
    /* Of equal ones the first stays. */
    while (at > 0 && episodes->longest[at - 1].ns < episode->ns)
        at--;
    if (at == GW_LONGEST_EPISODES)
        return;
    if (episodes->n_longest < GW_LONGEST_EPISODES)
        episodes->n_longest++;
    for (uint32_t i = episodes->n_longest - 1; i > at; i--)
        episodes->longest[i] = episodes->longest[i - 1];
    episodes->longest[at] = *episode;
}
