/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent answers over HTTP; gilwait-agent(1) lists the paths. */
#ifndef GW_AGENT_ANSWERS_H
#define GW_AGENT_ANSWERS_H

#include "http.h"
#include "metrics.h"

/* What the answers are made from; all of it borrowed. */
struct gw_answers {
    struct gw_targets *targets;
    const struct gw_processes *processes;
    /* Filled in by refresh() before it is used. */
    struct gw_agent_state state;
    void (*refresh)(struct gw_answers *answers);
    const char *host; /* as in the configuration, */
    uint16_t port;    /* and the port that is listened on */
    bool ready;       /* all processes of the first scan have been taken up */
};

/* The path that needs no token. */
#define GW_HEALTHY_PATH "/-/healthy"

/* A gw_http_handler; the context is a struct gw_answers. */
void gw_answer(void *context, const struct gw_http_request *request, struct gw_http_answer *out);

#endif
