/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a check in words: what its text, its table and its XML have in common. */
#ifndef GW_CHECK_WORDS_H
#define GW_CHECK_WORDS_H

#include <stdio.h>

#include "check.h"

struct gw_check_words {
    const struct gw_model *model;
    const struct gw_check_limits *limits;
    const char *also; /* characters to escape in names, as gw_label_text has it */
};

/* "41 % ±2", "31.2 ms ±1.0 ms", "312 ms or more"; nothing where there is nothing. */
void gw_check_put_value(FILE *out, const struct gw_check_result *result);

/* "20 %", "50.0 ms"; against the baseline "+5 points", "+50.0 ms". */
void gw_check_put_limit(FILE *out, const struct gw_check_words *words,
                        const struct gw_check_result *result);

/* Who it is and, of a single wait or hold, where; "; baseline 12 % ±1". */
void gw_check_put_place(FILE *out, const struct gw_check_words *words,
                        const struct gw_check_result *result);

/* "5 checks: 3 pass, 1 not enough data, 1 fail" */
void gw_check_put_counts(FILE *out, const struct gw_check *check);

#endif
