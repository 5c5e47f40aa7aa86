/* SPDX-License-Identifier: Apache-2.0 */
/* The key `verdict` of the report in JSON (report_json.h). */
#ifndef GW_VERDICT_JSON_H
#define GW_VERDICT_JSON_H

#include <jansson.h>

#include "losses.h"
#include "model/model.h"

/* Returns a new reference, or NULL when memory ran out. */
json_t *gw_verdict_json(const struct gw_model *model, const struct gw_losses *losses);

#endif
