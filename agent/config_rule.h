/* SPDX-License-Identifier: Apache-2.0 */
/* One item of `rules` in the configuration. */
#ifndef GW_AGENT_CONFIG_RULE_H
#define GW_AGENT_CONFIG_RULE_H

#include "rules.h"
#include "yaml_file.h"

/* Read a rule into *rule, which is zeroed; it is the caller's to fini whether this succeeds or not.
 * Returns 0, -GW_E_BAD_DATA (told) or -ENOMEM. */
int gw_config_read_rule(struct gw_yaml *yaml, yaml_node_t *node, struct gw_rule *rule)
    __attribute__((warn_unused_result));

#endif
