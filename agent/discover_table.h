/* SPDX-License-Identifier: Apache-2.0 */
/* Every Python of the host, and what is to become of it, for people and for programs. */
#ifndef GW_AGENT_DISCOVER_TABLE_H
#define GW_AGENT_DISCOVER_TABLE_H

#include <stdio.h>

#include "processes.h"

/* An aligned table, by service, group and pid; a line that counts ends it. -ENOMEM or 0. */
int gw_discover_table(FILE *out, const struct gw_processes *all);

#define GW_DISCOVER_VERSION 1

/* {"schema_version": 1, "processes": [{pid, parent_pid, leader_pid, python, user, service, verdict,
 * rule (its number from 1, or null), why}]}, in the same order. -ENOMEM or 0. */
int gw_discover_json(FILE *out, const struct gw_processes *all);

#endif
