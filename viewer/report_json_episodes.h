/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the JSON report about single waits and single holds (model/episode.h). */
#ifndef GW_REPORT_JSON_EPISODES_H
#define GW_REPORT_JSON_EPISODES_H

#include <jansson.h>

#include "model/model.h"

/* Name of a function of kind C as a string, null for row 0. New reference, or NULL likewise. */
json_t *gw_report_json_c_function(const struct gw_model *model, uint32_t function);

/* The values of `waits` and `holds` (report_json.h). New references, or NULL when memory ran out.
 */
json_t *gw_report_json_waits(const struct gw_model *model);
json_t *gw_report_json_holds(const struct gw_model *model);

#endif
