/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/exit_code.h"
#include "command.h"

int gw_cmd_check_config(const struct gw_agent_options *options)
{
    struct gw_config config;
    struct gw_diag diag = {0};
    if (!options->config_path) {
        fprintf(stderr, "%s check-config: say which file\nTry '%s --help'.\n", GW_PROGRAM,
                GW_PROGRAM);
        return GW_EXIT_USAGE;
    }
    int err = gw_config_read(options->config_path, &config, &diag);
    if (err) {
        gw_diag_print(GW_PROGRAM, &diag);
        return GW_EXIT_FAILURE;
    }
    printf("%s: ok, %zu rule%s\n", options->config_path, config.n_rules,
           config.n_rules == 1 ? "" : "s");
    gw_config_fini(&config);
    return GW_EXIT_OK;
}
