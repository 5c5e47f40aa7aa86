/* SPDX-License-Identifier: Apache-2.0 */
/* The agent at work: one loop that samples, looks for processes and answers. */
#ifndef GW_AGENT_DAEMON_H
#define GW_AGENT_DAEMON_H

#include "config.h"

/* Run until SIGTERM or SIGINT; SIGHUP reads the configuration again. Prints what people have to
 * know to standard error. config_path may be NULL. Returns an exit code of base/exit_code.h. */
int gw_daemon_run(const char *config_path);

#endif
