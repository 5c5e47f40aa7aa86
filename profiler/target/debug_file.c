/* SPDX-License-Identifier: Apache-2.0 */
#include "target/debug_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MAX_ID 64u
#define LEAST_ID 2u /* one byte is the name of the folder */

static int open_by_id(pid_t pid, const uint8_t *id, size_t n)
{
    char digits[2 * MAX_ID + 1], path[PATH_MAX];
    for (size_t i = 0; i < n; i++)
        snprintf(digits + 2 * i, 3, "%02x", id[i]);
    snprintf(path, sizeof path, "/proc/%d/root/usr/lib/debug/.build-id/%.2s/%s.debug", pid, digits,
             digits + 2);
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

struct gw_elf_image *gw_debug_file_open(pid_t pid, const struct gw_elf_image *image)
{
    uint8_t id[MAX_ID], its_id[MAX_ID];
    struct gw_elf_image *debug;
    size_t n = gw_elf_build_id(image, id, sizeof id);
    if (n < LEAST_ID)
        return NULL;
    int fd = open_by_id(pid, id, n);
    if (fd < 0 || gw_elf_open(fd, &debug))
        return NULL;
    if (gw_elf_build_id(debug, its_id, sizeof its_id) == n && memcmp(id, its_id, n) == 0)
        return debug;
    gw_elf_close(debug);
    return NULL;
}
