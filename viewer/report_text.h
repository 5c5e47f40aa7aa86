/* SPDX-License-Identifier: Apache-2.0 */
/* The report for people: the sentence first, then the tables. Fits 100 columns; names of any
 * script stay aligned. */
#ifndef GW_REPORT_TEXT_H
#define GW_REPORT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"

#define GW_REPORT_COLUMNS 100u

struct gw_report_options {
    size_t top;  /* rows of the blame and function tables; 0: all */
    bool colour; /* escape sequences for bold and dim */
};

/* Write the report. Returns 0 or -ENOMEM; whether `out` took it is for the caller to ask. */
int gw_report_text(const struct gw_model *model, const struct gw_report_options *options,
                   FILE *out);

#endif
