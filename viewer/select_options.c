/* SPDX-License-Identifier: Apache-2.0 */
#include "select_options.h"

#include "base/duration.h"
#include "base/exit_code.h"
#include "command.h"

/* "5", "2.5s", "1m"; "-5" counts from the end. */
static bool parse_instant(const char *text, struct gw_instant *instant)
{
    instant->given = true;
    instant->from_end = *text == '-';
    return gw_duration_parse(text + instant->from_end, &instant->ns);
}

static int add_thread(const char *verb, const char *pattern, struct gw_selection *selection)
{
    if (!*pattern)
        return gw_command_usage(verb, "the thread to show has no name");
    if (selection->n_threads == GW_MAX_THREAD_PATTERNS)
        return gw_command_usage(verb, "--thread can be given %u times, not more; use a pattern",
                                GW_MAX_THREAD_PATTERNS);
    selection->threads[selection->n_threads++] = pattern;
    return GW_EXIT_OK;
}

bool gw_select_option(const char *verb, int letter, struct gw_selection *selection, int *code)
{
    if (letter < GW_SELECT_FROM || letter > GW_SELECT_THREAD)
        return false;
    *code = GW_EXIT_OK;
    if (letter == GW_SELECT_THREAD) {
        *code = add_thread(verb, optarg, selection);
        return true;
    }
    if (!parse_instant(optarg, letter == GW_SELECT_FROM ? &selection->from : &selection->to))
        *code = gw_command_usage(verb,
                                 "'%s' is no time of a recording: give seconds, or 5m, or 1h, from "
                                 "its start, or -5 from its end",
                                 optarg);
    return true;
}
