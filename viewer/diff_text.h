/* SPDX-License-Identifier: Apache-2.0 */
/* A diff for people. Fits 100 columns. */
#ifndef GW_DIFF_TEXT_H
#define GW_DIFF_TEXT_H

#include "diff.h"
#include "likeness.h"
#include "report_text.h"

/* Whether `out` took it is for the caller to ask. */
void gw_diff_text(const struct gw_diff *diff, const struct gw_likeness_side sides[GW_N_DIFF_SIDES],
                  const struct gw_report_options *options, FILE *out);

/* The line that stands above the tables, without its end: "GIL wait of all threads: 600 ±15 → 15.0
 * ±1.1 ms per second, significantly less". */
void gw_diff_sentence(const struct gw_diff *diff, FILE *out);

#endif
