/* SPDX-License-Identifier: Apache-2.0 */
/* A close look at one process: is it a Python, which one, and what do the rules say? */
#ifndef GW_AGENT_CONSIDER_H
#define GW_AGENT_CONSIDER_H

#include "processes.h"

/* Fill in what is found, the verdict and when to look again. A process that has ended meanwhile is
 * no Python. 0 or -ENOMEM. */
int gw_consider(struct gw_process *process, const struct gw_config *config, uint64_t now_ns)
    __attribute__((warn_unused_result));

/* The name of a user (passwd(5)), or the number of one that has none. */
void gw_user_name(uid_t uid, char *out, size_t cap);

#endif
