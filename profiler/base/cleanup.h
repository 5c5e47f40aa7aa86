/* SPDX-License-Identifier: Apache-2.0 */
/* Cleanup by scope for things with one owner in one scope. */
#ifndef GW_BASE_CLEANUP_H
#define GW_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void gw_cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void gw_cleanup_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

static inline void gw_cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}

#define GW_AUTO_FD __attribute__((cleanup(gw_cleanup_fd))) int
#define GW_AUTO_FILE __attribute__((cleanup(gw_cleanup_file))) FILE *
#define GW_AUTO_FREE __attribute__((cleanup(gw_cleanup_free)))

/* Hand a descriptor on to another owner. */
static inline int gw_steal_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#endif
