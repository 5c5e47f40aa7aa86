/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/exit_code.h"
#include "command.h"
#include "discover_table.h"

static int fail(int err, const char *what)
{
    struct gw_diag diag = {0};
    gw_diag_what(&diag, err, "%s", what);
    gw_diag_print(GW_PROGRAM, &diag);
    return gw_exit_from_error(err);
}

int gw_cmd_discover(const struct gw_agent_options *options)
{
    struct gw_config config;
    struct gw_diag diag = {0};
    int err = gw_config_read(options->config_path, &config, &diag);
    if (err) {
        gw_diag_print(GW_PROGRAM, &diag);
        return GW_EXIT_FAILURE;
    }
    struct gw_processes all = {0};
    const char *what = "cannot look through the processes";
    err = gw_processes_scan(&all, &config, gw_monotonic_ns());
    if (!err) {
        what = "cannot write to standard output";
        err = options->json ? gw_discover_json(stdout, &all) : gw_discover_table(stdout, &all);
        if (!err && fflush(stdout) != 0)
            err = -errno;
    }
    gw_processes_fini(&all);
    gw_config_fini(&config);
    return err ? fail(err, what) : GW_EXIT_OK;
}
