/* SPDX-License-Identifier: Apache-2.0 */
/* Fewer records of about the same weights: see html_records.h. */
#ifndef GW_HTML_THIN_H
#define GW_HTML_THIN_H

#include "html_records.h"

/* Draw those of the records (in the order of their keys) that are lighter than a grain by lot, in
 * place. Each state of a thread in a bucket keeps its sum. The lot is the same each time. Returns
 * how many are left. */
size_t gw_html_thin(struct gw_html_record *records, size_t n, uint64_t grain_ns);

#endif
