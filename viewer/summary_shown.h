/* SPDX-License-Identifier: Apache-2.0 */
/* The sentence where some threads only are shown: what they lose to the GIL and what they cost. */
#ifndef GW_SUMMARY_SHOWN_H
#define GW_SUMMARY_SHOWN_H

#include <stdio.h>

#include "model/model.h"

/* "2 of 9 threads match worker-*: they lost 41 % ±2 of their time to the GIL, 78 % of it while
 * `hog` had it, and made other threads wait for 0.120 s." Returns 0 or -ENOMEM. */
int gw_summary_put_shown(FILE *out, const struct gw_model *model);

#endif
