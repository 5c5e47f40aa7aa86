/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations: what is refused says where, and what is taken keeps to its limits. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_config config;
    struct gw_diag diag = {0};
    int err = gw_config_parse(gw_span_of(data, size), "f.yaml", &config, &diag);
    if (err) {
        if (diag.code != err || strncmp(diag.what, "f.yaml:", 7) != 0)
            abort();
        return 0;
    }
    if (config.n_rules > GW_MAX_RULES || config.n_service_variables > GW_MAX_VARIABLES)
        abort();
    gw_config_fini(&config);
    return 0;
}
