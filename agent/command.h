/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of gilwait-agent. */
#ifndef GW_AGENT_COMMAND_H
#define GW_AGENT_COMMAND_H

#include "config.h"

#define GW_PROGRAM "gilwait-agent"

/* What the command line says. */
struct gw_agent_options {
    const char *config_path; /* NULL: all defaults */
    bool json;
};

/* Each returns an exit code of base/exit_code.h. */
int gw_cmd_check_config(const struct gw_agent_options *options);
int gw_cmd_discover(const struct gw_agent_options *options);

#endif
