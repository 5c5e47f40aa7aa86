/* SPDX-License-Identifier: Apache-2.0 */
/* What a service is called, where no rule says so. */
#ifndef GW_AGENT_SERVICE_H
#define GW_AGENT_SERVICE_H

#include <stdbool.h>

#include "config.h"
#include "target/proc_facts.h"

/* Name a process by what somebody has said of it: the first of the configured variables that its
 * environment has, else the systemd unit it runs in, without ".service" (a user's own manager,
 * user@UID.service, is none). False: nobody has. out has GW_MAX_SERVICE bytes. */
bool gw_service_told(const struct gw_config *config, const struct gw_proc_facts *facts, char *out);

/* Name it by the script or module that it runs, else by its executable, else by its pid. */
void gw_service_found(const struct gw_proc_facts *facts, char *out);

#endif
