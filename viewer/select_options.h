/* SPDX-License-Identifier: Apache-2.0 */
/* The options that say of which part of a recording, and of which threads, a command is to speak.
 */
#ifndef GW_SELECT_OPTIONS_H
#define GW_SELECT_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "model/selection.h"

/* What getopt_long returns for them: no letters, so that they meet none of a command. */
enum gw_select_letter { GW_SELECT_FROM = 0x100, GW_SELECT_TO, GW_SELECT_THREAD };

/* For the array of options, as getopt(3) wants them. */
#define GW_SELECT_TIMES                                                                            \
    {"from", required_argument, NULL, GW_SELECT_FROM},                                             \
    {                                                                                              \
        "to", required_argument, NULL, GW_SELECT_TO                                                \
    }

/* With --thread, for commands that show threads. */
#define GW_SELECT_ALL                                                                              \
    GW_SELECT_TIMES,                                                                               \
    {                                                                                              \
        "thread", required_argument, NULL, GW_SELECT_THREAD                                        \
    }

/* Take optarg, if the letter is one of theirs. True if it was; *code is 0 then, or GW_EXIT_USAGE
 * after an error was told. */
bool gw_select_option(const char *verb, int letter, struct gw_selection *selection, int *code);

#endif
