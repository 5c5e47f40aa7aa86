/* SPDX-License-Identifier: Apache-2.0 */
#include "export/export.h"

#include <string.h>

#include "export/exporters.h"

static const struct gw_exporter *const exporters[] = {
    &gw_exporter_collapsed,  &gw_exporter_pprof,        &gw_exporter_json_lines,
    &gw_exporter_speedscope, &gw_exporter_chrome_trace, &gw_exporter_firefox,
};

const struct gw_exporter *const *gw_exporter_list(size_t *n)
{
    *n = sizeof exporters / sizeof exporters[0];
    return exporters;
}

const struct gw_exporter *gw_exporter_find(const char *name)
{
    for (size_t i = 0; i < sizeof exporters / sizeof exporters[0]; i++)
        if (strcmp(exporters[i]->name, name) == 0)
            return exporters[i];
    return NULL;
}
