/* SPDX-License-Identifier: Apache-2.0 */
/* The libraries and the C functions that hold the GIL, for report_json.c. */
#ifndef GW_REPORT_JSON_HOLDERS_H
#define GW_REPORT_JSON_HOLDERS_H

#include <jansson.h>

#include "model/model.h"

/* null if nothing was recorded; at most `top` functions (0: all). NULL when memory ran out. */
json_t *gw_report_json_native(const struct gw_model *model, size_t top);

/* At most `top` libraries (0: all). NULL when memory ran out. */
json_t *gw_report_json_libraries(const struct gw_model *model, size_t top);

#endif
