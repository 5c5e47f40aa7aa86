/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP server on libmicrohttpd, run by the agent's own loop: GET and HEAD only, bounded in
 * connections, in their memory and in their time.
 */
#ifndef GW_AGENT_HTTP_H
#define GW_AGENT_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct gw_http;

/* A request, valid while it is answered. */
struct gw_http_request {
    const char *path; /* decoded, without the query */
    void *connection; /* for gw_http_query */
};

/* Value of a variable of the query, decoded; NULL if it is not there. */
const char *gw_http_query(const struct gw_http_request *request, const char *name);

struct gw_http_answer {
    unsigned status;
    const char *type; /* media type, valid for ever */
    char *body;       /* of malloc(3), the answer's; NULL: empty */
    size_t len;
};

/* Fill in *out, which is 404 with an empty body. */
typedef void gw_http_handler(void *context, const struct gw_http_request *request,
                             struct gw_http_answer *out);

/* Listen on a numeric address; token: what each request has to bring as "Authorization: Bearer",
 * but for those of open_path (both may be NULL; borrowed). Returns 0, or the error of socket(2),
 * bind(2) or -ENOMEM with *diag filled. */
int gw_http_open(const char *host, uint16_t port, const char *token, const char *open_path,
                 gw_http_handler *handler, void *context, struct gw_http **out,
                 struct gw_diag *diag) __attribute__((warn_unused_result));

/* To be waited for with poll(2): readable when there is something to do. */
int gw_http_fd(const struct gw_http *http);

/* Do what there is to do; also to be called now and then for connections that are over time. */
void gw_http_run(struct gw_http *http);

/* The port that is listened on. */
uint16_t gw_http_port(const struct gw_http *http);

/* Answers so far by the first digit of their status. */
const uint64_t *gw_http_counts(const struct gw_http *http);

/* Ends all connections. NULL is fine. */
void gw_http_close(struct gw_http *http);

#endif
