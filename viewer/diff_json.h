/* SPDX-License-Identifier: Apache-2.0 */
/* A diff as JSON, schema_version 1. */
#ifndef GW_DIFF_JSON_H
#define GW_DIFF_JSON_H

#include <jansson.h>

#include "diff.h"

#define GW_DIFF_SCHEMA_VERSION 1

/*
 * Build it. `top` limits the rows of each table (0: all). Figures are seconds per second of
 * recording, {value, margin}: the margin is half the width of the 95 % interval, 0 where the figure
 * is exact.
 *
 *   schema_version     1
 *   before, after      {python, recorded_s (looked at: without gaps and stops), threads (observed)}
 *   total_gil_wait     {before, after, change: figures; significant}
 *   gil_wait, caused, cpu
 *                      [{threads (the group: "worker-*"), n_threads [before, after], before, after,
 *                      change, significant (null for cpu)}], significant ones first, then by size
 *                      of the change
 *   functions_suffered, functions_caused
 *                      [{function, kind, file, before, after, change, significant}]; the file as in
 *                      the recording of after, or if it is not in that, of before
 *
 * Returns a new reference (json_decref), or NULL when memory ran out.
 */
json_t *gw_diff_json(const struct gw_diff *diff, const struct gw_model *before,
                     const struct gw_model *after, size_t top);

#endif
