/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as one HTML page that needs nothing but itself: the words, the figures, the
 * timeline, the tables and two flame graphs of who waits for whom. viewer/web makes the page, this
 * file its data.
 */
#ifndef GW_HTML_H
#define GW_HTML_H

#include <jansson.h>
#include <stdio.h>

#include "model/model.h"
#include "model/timeline.h"

/*
 * What the page shows: the report (report_json.h) and beside it
 *   profile     what happened when (html_profile.h)
 *   vocabulary  {states: [{name, rollup, meaning}]} in the order in which bars show them
 * The timeline is the finished one of the model. Returns a new reference, or NULL when memory ran
 * out.
 */
json_t *gw_html_data(const struct gw_model *model, const struct gw_timeline *timeline);

/*
 * Write the page. Title and all names may be any text; nothing in them becomes markup. Returns 0,
 * -ENOMEM, -GW_E_LIMIT (more data than a page can hold), -GW_E_BAD_DATA (a prebuilt page without
 * its slots was built in) or the error of the write. `out` is neither flushed nor closed.
 */
int gw_html_write(const struct gw_model *model, const struct gw_timeline *timeline,
                  const char *title, FILE *out);

#endif
