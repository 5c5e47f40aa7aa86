/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory map of a process: /proc/PID/maps as a sorted array.
 * Format: Documentation/filesystems/proc.rst of the kernel (6.1), "address perms offset dev inode
 * pathname"; a path holds anything but NUL, newline is written \012, and an unlinked file's path
 * ends in " (deleted)".
 */
#ifndef GW_TARGET_MAPS_H
#define GW_TARGET_MAPS_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/span.h"

/* An address in the target; never a pointer of ours. */
typedef uint64_t gw_raddr;
#define GW_PRIraddr "0x%" PRIx64

enum gw_map_perm {
    GW_MAP_READ = 1 << 0,
    GW_MAP_WRITE = 1 << 1,
    GW_MAP_EXEC = 1 << 2,
    GW_MAP_SHARED = 1 << 3,
};

struct gw_map {
    gw_raddr start, end; /* [start, end) */
    uint64_t file_offset;
    uint64_t dev;     /* makedev(major, minor) */
    uint64_t inode;   /* 0: no file behind it */
    unsigned perms;   /* of enum gw_map_perm */
    bool deleted;     /* the file was unlinked; the mark is taken off the path */
    const char *path; /* unescaped, "" if none, "[stack]" and the like; owned by the maps */
};

struct gw_maps {
    struct gw_map *items; /* sorted by start, not overlapping */
    size_t n;
    char *paths; /* owns what the items' paths point into */
};

/* Parse the text of a maps file. A line that cannot be understood is an error: -GW_E_BAD_DATA;
 * more than GW_MAX_MAPS lines: -GW_E_LIMIT; -ENOMEM. *out is written on success only and then is
 * the caller's to free. */
int gw_maps_parse(struct gw_span text, struct gw_maps *out) __attribute__((warn_unused_result));

/* Read and parse /proc/PID/maps. Also -ESRCH, -EACCES, -EPERM. A process without any map (a kernel
 * thread, a zombie) gives 0 entries. */
int gw_maps_read(pid_t pid, struct gw_maps *out) __attribute__((warn_unused_result));

/* The map that contains addr, or NULL. */
const struct gw_map *gw_maps_find(const struct gw_maps *maps, gw_raddr addr);

void gw_maps_free(struct gw_maps *maps);

#endif
