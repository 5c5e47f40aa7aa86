/* SPDX-License-Identifier: Apache-2.0 */
#include "config_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define TOKEN_MIN 16u
#define TOKEN_MAX 256u

socklen_t gw_listen_address(const char *host, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(out, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}

bool gw_listen_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool gw_listen_parse(const char *text, char **host, uint16_t *port)
{
    char address[INET6_ADDRSTRLEN + 1];
    struct sockaddr_storage unused;
    const char *colon = strrchr(text, ':');
    char *end;
    if (!colon || colon[1] < '0' || colon[1] > '9')
        return false;
    unsigned long number = strtoul(colon + 1, &end, 10);
    bool bracketed = *text == '[' && colon > text + 1 && colon[-1] == ']';
    const char *from = text + bracketed;
    size_t len = (size_t)(colon - from) - bracketed;
    if (*end || number > UINT16_MAX || len >= sizeof address)
        return false;
    memcpy(address, from, len);
    address[len] = '\0';
    /* An address with colons needs the brackets, and no other has them. */
    if ((strchr(address, ':') != NULL) != bracketed || !gw_listen_address(address, 0, &unused))
        return false;
    char *copy = strdup(address);
    if (!copy)
        return false;
    *host = copy;
    *port = (uint16_t)number;
    return true;
}

int gw_token_read(const char *path, char **out)
{
    char line[TOKEN_MAX + 3];
    GW_AUTO_FILE file = fopen(path, "re");
    if (!file)
        return -errno;
    errno = 0;
    if (!fgets(line, sizeof line, file))
        return errno ? -errno : -GW_E_BAD_DATA;
    size_t len = strcspn(line, "\n");
    line[len] = '\0';
    if (len < TOKEN_MIN || len > TOKEN_MAX)
        return -GW_E_BAD_DATA;
    for (size_t i = 0; i < len; i++)
        if (line[i] <= ' ' || line[i] > '~')
            return -GW_E_BAD_DATA;
    *out = strdup(line);
    return *out ? 0 : -ENOMEM;
}
