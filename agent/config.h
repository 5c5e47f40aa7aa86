/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator has told the agent. gilwait-agent(1) describes the file. */
#ifndef GW_AGENT_CONFIG_H
#define GW_AGENT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "rules.h"

struct gw_config {
    char *host;    /* owned: numeric address to listen on */
    uint16_t port; /* 0: any that is free */
    char *token; /* owned: what a request has to bring as "Authorization: Bearer"; NULL: nothing */
    double max_cpu;            /* share of one CPU for everything */
    double max_rate_hz;        /* of a target, unless a rule says another */
    uint64_t max_memory_bytes; /* resident; above it no target is taken up */
    uint64_t scan_ns;          /* between two looks for processes */
    uint64_t min_age_ns; /* a process younger than this is left alone, whatever the rules say */
    char *service_variables[GW_MAX_VARIABLES]; /* owned: those that may name a service, in order */
    size_t n_service_variables;
    struct gw_rule *rules; /* owned */
    size_t n_rules;        /* what none of them matches is profiled */
};

/* Zeroed but for the defaults that stand in gilwait-agent(1). 0 or -ENOMEM; fini in either case. */
int gw_config_init(struct gw_config *config) __attribute__((warn_unused_result));
void gw_config_fini(struct gw_config *config);

/* Read the text of a file that is called `path` in messages. Returns 0; -GW_E_BAD_DATA or
 * -GW_E_LIMIT with "PATH:LINE" in *diag; -ENOMEM. *out is the caller's to fini after 0 only. */
int gw_config_parse(struct gw_span text, const char *path, struct gw_config *out,
                    struct gw_diag *diag) __attribute__((warn_unused_result));

/* Read a file; NULL: no file, all defaults. Also the error of open(2) or read(2). */
int gw_config_read(const char *path, struct gw_config *out, struct gw_diag *diag)
    __attribute__((warn_unused_result));

#endif
