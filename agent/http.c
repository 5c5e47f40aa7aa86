/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "config_listen.h"

#define MAX_ROUNDS 16 /* of MHD_run in one go: what is left is done at the next */

struct gw_http {
    struct MHD_Daemon *daemon;
    int fd;
    uint16_t port;
    const char *token, *open_path;
    gw_http_handler *handler;
    void *context;
    uint64_t counts[6];
};

/* --- answering -------------------------------------------------------------------------------- */

const char *gw_http_query(const struct gw_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* Takes over answer->body. */
static enum MHD_Result send_answer(struct gw_http *http, struct MHD_Connection *connection,
                                   struct gw_http_answer *answer)
{
    static char nothing[1];
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body ? answer->len : 0, answer->body ? answer->body : nothing,
        answer->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response) {
        free(answer->body);
        return MHD_NO;
    }
    if (answer->type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (answer->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    if (answer->status < 600)
        http->counts[answer->status / 100]++;
    return result;
}

/* How long it takes says nothing about how much of it was right. */
static bool same_secret(const char *given, const char *secret)
{
    size_t len = strlen(secret), given_len = strlen(given);
    unsigned char differs = given_len != len;
    for (size_t i = 0; i < len; i++)
        differs |= (unsigned char)(secret[i] ^ given[given_len ? i % given_len : 0]);
    return !differs;
}

static bool may_come_in(const struct gw_http *http, struct MHD_Connection *connection,
                        const char *path)
{
    static const char scheme[] = "Bearer ";
    if (!http->token || (http->open_path && strcmp(path, http->open_path) == 0))
        return true;
    const char *given =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    return given && strncmp(given, scheme, sizeof scheme - 1) == 0 &&
           same_secret(given + sizeof scheme - 1, http->token);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **state)
{
    struct gw_http *http = context;
    struct gw_http_answer answer = {.status = MHD_HTTP_NOT_FOUND};
    (void)version, (void)upload;
    bool reads =
        strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (reads && !*state) { /* the header is there; it is answered once a body would be too */
        *state = http;
        return MHD_YES;
    }
    if (*upload_size) { /* a body is of no use: it is dropped */
        *upload_size = 0;
        return MHD_YES;
    }
    if (!reads)
        answer.status = MHD_HTTP_METHOD_NOT_ALLOWED;
    else if (!may_come_in(http, connection, path))
        answer.status = MHD_HTTP_UNAUTHORIZED;
    else
        http->handler(http->context,
                      &(struct gw_http_request){.path = path, .connection = connection}, &answer);
    return send_answer(http, connection, &answer);
}

/* --- listening -------------------------------------------------------------------------------- */

static int listen_on(const char *host, uint16_t port, uint16_t *out_port)
{
    struct sockaddr_storage address;
    socklen_t len = gw_listen_address(host, port, &address);
    int on = 1;
    if (!len)
        return -EINVAL;
    GW_AUTO_FD fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* a restart need not wait */
    if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, GW_MAX_CONNECTIONS) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return -errno;
    *out_port = ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                                   : ((struct sockaddr_in6 *)&address)->sin6_port);
    return gw_steal_fd(&fd);
}

/* What a peer does wrong is between the library and the peer. */
static void say_nothing(void *context, const char *format, va_list args)
{
    (void)context, (void)format, (void)args;
}

static int start(struct gw_http *http, int fd)
{
    http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
                                    http, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                    GW_MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                    GW_CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    (size_t)GW_MAX_CONNECTION_BYTES, MHD_OPTION_END);
    if (!http->daemon) {
        close(fd);
        return -ENOMEM;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    http->fd = info ? info->epoll_fd : -1;
    return http->fd < 0 ? -ENOMEM : 0;
}

int gw_http_open(const char *host, uint16_t port, const char *token, const char *open_path,
                 gw_http_handler *handler, void *context, struct gw_http **out,
                 struct gw_diag *diag)
{
    struct gw_http *http = calloc(1, sizeof *http);
    if (!http)
        return gw_diag_what(diag, -ENOMEM, "cannot listen");
    *http = (struct gw_http){
        .token = token, .open_path = open_path, .handler = handler, .context = context};
    int err = listen_on(host, port, &http->port);
    if (err >= 0)
        err = start(http, err);
    if (err) {
        gw_http_close(http);
        gw_diag_fix(diag, "choose another address with `listen` in the configuration");
        return gw_diag_what(diag, err, "cannot listen on %s port %u", host, port);
    }
    *out = http;
    return 0;
}

int gw_http_fd(const struct gw_http *http)
{
    return http->fd;
}

void gw_http_run(struct gw_http *http)
{
    MHD_UNSIGNED_LONG_LONG left_ms = 1;
    for (int round = 0; round < MAX_ROUNDS; round++) {
        MHD_run(http->daemon);
        if (MHD_get_timeout(http->daemon, &left_ms) != MHD_YES || left_ms > 0)
            return;
    }
}

uint16_t gw_http_port(const struct gw_http *http)
{
    return http->port;
}

const uint64_t *gw_http_counts(const struct gw_http *http)
{
    return http->counts;
}

void gw_http_close(struct gw_http *http)
{
    if (!http)
        return;
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    free(http);
}
