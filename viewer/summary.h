/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer in one sentence: "3 of 12 threads lost 41 % ±2 of their time to the GIL; 78 % of it
 * while `report-builder` was in build (app/server.py:86)." Where some threads only are shown, it is
 * about these: summary_shown.h.
 */
#ifndef GW_SUMMARY_H
#define GW_SUMMARY_H

#include "losses.h"
#include "model/model.h"

/* The sentence on these losses, on one line without a line end (free it). NULL when memory ran
 * out. */
char *gw_summary_text(const struct gw_model *model, const struct gw_losses *losses);

#endif
