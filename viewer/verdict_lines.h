/* SPDX-License-Identifier: Apache-2.0 */
/* The single lines that a verdict is told in; what verdict_words.c puts together. */
#ifndef GW_VERDICT_LINES_H
#define GW_VERDICT_LINES_H

#include <stdbool.h>
#include <stdio.h>

#include "verdict.h"

/* What a line speaks of. */
struct gw_verdict_case {
    const struct gw_model *model;
    const struct gw_losses *losses;
    const struct gw_verdict *verdict;
};

/* Write one line without its end; false if there is nothing to say. What was written then is
 * dropped. */
typedef bool gw_verdict_line(FILE *out, const struct gw_verdict_case *at);

/* Lists that end with NULL. */
extern gw_verdict_line *const gw_verdict_evidence[];
extern gw_verdict_line *const gw_verdict_remedies[];

#endif
