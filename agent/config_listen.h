/* SPDX-License-Identifier: Apache-2.0 */
/* Where the agent listens, and what it asks of those who come. */
#ifndef GW_AGENT_CONFIG_LISTEN_H
#define GW_AGENT_CONFIG_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Take "127.0.0.1:9847" or "[::1]:9847" apart: a numeric address (no name is looked up) and a port,
 * 0 for any. *host is the caller's to free. False, and nothing done, if it is none. */
bool gw_listen_parse(const char *text, char **host, uint16_t *port);

/* The address of a socket. Returns its length, or 0 if host is no numeric address. */
socklen_t gw_listen_address(const char *host, uint16_t port, struct sockaddr_storage *out);

/* Nobody from elsewhere comes in here: 127.0.0.0/8 and ::1. */
bool gw_listen_is_loopback(const char *host);

/* The first line of a file, as the secret that requests have to bring. Returns 0 and *out (the
 * caller's to free), -GW_E_BAD_DATA if it is shorter than 16 or longer than 256 bytes or holds
 * anything but printable ASCII, -ENOMEM, or the error of open(2). */
int gw_token_read(const char *path, char **out);

#endif
