/* SPDX-License-Identifier: Apache-2.0 */
#include "target/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "target/procfile.h"
#include "target/scan.h"

#define DELETED_MARK " (deleted)"

/* A line is "start-end perms offset major:minor inode path"; its first, second and third part: */
static bool parse_range(struct gw_span *line, struct gw_map *map)
{
    return gw_scan_u64(line, 16, &map->start) && gw_scan_char(line, '-') &&
           gw_scan_u64(line, 16, &map->end) && map->start < map->end && gw_scan_char(line, ' ');
}

static bool parse_flag(struct gw_span *line, char set, char unset, unsigned flag, unsigned *perms)
{
    if (gw_scan_char(line, set))
        *perms |= flag;
    else if (!gw_scan_char(line, unset))
        return false;
    return true;
}

static bool parse_perms(struct gw_span *line, unsigned *perms)
{
    *perms = 0;
    return parse_flag(line, 'r', '-', GW_MAP_READ, perms) &&
           parse_flag(line, 'w', '-', GW_MAP_WRITE, perms) &&
           parse_flag(line, 'x', '-', GW_MAP_EXEC, perms) &&
           parse_flag(line, 's', 'p', GW_MAP_SHARED, perms) && gw_scan_char(line, ' ');
}

static bool parse_file(struct gw_span *line, struct gw_map *map)
{
    uint64_t dev_major, dev_minor;
    if (!gw_scan_u64(line, 16, &map->file_offset) || !gw_scan_char(line, ' ') ||
        !gw_scan_u64(line, 16, &dev_major) || !gw_scan_char(line, ':') ||
        !gw_scan_u64(line, 16, &dev_minor) || !gw_scan_char(line, ' ') ||
        !gw_scan_u64(line, 10, &map->inode) || dev_major > UINT32_MAX || dev_minor > UINT32_MAX)
        return false;
    map->dev = makedev((unsigned)dev_major, (unsigned)dev_minor);
    return true;
}

/* Copy a path with every \012 turned back into a newline; the kernel escapes nothing else. Returns
 * its length without the NUL. */
static size_t unescape(struct gw_span escaped, char *out)
{
    size_t n = 0;
    while (escaped.len > 0) {
        if (escaped.len >= 4 && memcmp(escaped.at, "\\012", 4) == 0) {
            out[n++] = '\n';
            gw_span_skip(&escaped, 4);
        } else {
            out[n++] = (char)escaped.at[0];
            gw_span_skip(&escaped, 1);
        }
    }
    out[n] = '\0';
    return n;
}

/* Parse one line without its newline. The path goes to *paths, which moves past it; it never takes
 * more room than the line. */
static bool parse_line(struct gw_span line, struct gw_map *map, char **paths)
{
    if (memchr(line.at, '\0', line.len) || !parse_range(&line, map) ||
        !parse_perms(&line, &map->perms) || !parse_file(&line, map))
        return false;
    if (line.len > 0 && !gw_scan_char(&line, ' '))
        return false;
    gw_scan_spaces(&line);
    char *path = *paths;
    size_t len = unescape(line, path);
    size_t mark = sizeof DELETED_MARK - 1;
    map->deleted = path[0] == '/' && len > mark && strcmp(path + len - mark, DELETED_MARK) == 0;
    if (map->deleted) {
        len -= mark;
        path[len] = '\0';
    }
    map->path = path;
    *paths = path + len + 1;
    return true;
}

/* The kernel hands the file out a page at a time and lets the process go on between them: a region
 * that grew downwards meanwhile starts inside of the one before it. Keep what is new of it. */
static bool keep_new_part(struct gw_map *map, gw_raddr known_end)
{
    if (map->end <= known_end)
        return false;
    if (map->start < known_end) {
        map->file_offset += known_end - map->start;
        map->start = known_end;
    }
    return true;
}

/* The first line, without its newline. */
static struct gw_span take_line(struct gw_span *text)
{
    const uint8_t *newline = memchr(text->at, '\n', text->len);
    size_t len = newline ? (size_t)(newline - text->at) : text->len;
    struct gw_span line = gw_span_of(text->at, len);
    gw_span_skip(text, newline ? len + 1 : len);
    return line;
}

static size_t count_lines(struct gw_span text)
{
    size_t n = 0;
    for (; text.len > 0; n++)
        take_line(&text);
    return n;
}

static int parse_lines(struct gw_span text, struct gw_maps *maps)
{
    char *paths = maps->paths;
    while (text.len > 0) {
        struct gw_map map;
        if (!parse_line(take_line(&text), &map, &paths))
            return -GW_E_BAD_DATA;
        if (keep_new_part(&map, maps->n ? maps->items[maps->n - 1].end : 0))
            maps->items[maps->n++] = map;
    }
    return 0;
}

int gw_maps_parse(struct gw_span text, struct gw_maps *out)
{
    size_t n = count_lines(text);
    if (n > GW_MAX_MAPS || text.len > GW_MAX_MAPS_TEXT)
        return -GW_E_LIMIT;
    struct gw_maps maps = {
        .items = calloc(n + 1, sizeof *maps.items),
        .paths = malloc(text.len + 1),
    };
    int rc = maps.items && maps.paths ? parse_lines(text, &maps) : -ENOMEM;
    if (rc < 0) {
        gw_maps_free(&maps);
        return rc;
    }
    *out = maps;
    return 0;
}

/* All of an open maps file in *text (the caller's to free, also on failure). Returns its length. */
static ssize_t read_all(int fd, uint8_t **text)
{
    size_t len = 0, cap = 0;
    for (;;) {
        if (len == cap) {
            cap = cap ? cap * 2 : 65536;
            if (cap > GW_MAX_MAPS_TEXT)
                return -GW_E_LIMIT;
            uint8_t *grown = realloc(*text, cap);
            if (!grown)
                return -ENOMEM;
            *text = grown;
        }
        ssize_t got = read(fd, *text + len, cap - len);
        if (got < 0)
            return -errno;
        if (got == 0)
            return (ssize_t)len;
        len += (size_t)got;
    }
}

int gw_maps_read(pid_t pid, struct gw_maps *out)
{
    GW_AUTO_FD fd = gw_procfile_open(pid, 0, "maps");
    if (fd < 0)
        return fd;
    GW_AUTO_FREE uint8_t *text = NULL;
    ssize_t len = read_all(fd, &text);
    if (len < 0)
        return (int)len;
    return gw_maps_parse(gw_span_of(text, (size_t)len), out);
}

const struct gw_map *gw_maps_find(const struct gw_maps *maps, gw_raddr addr)
{
    size_t low = 0, high = maps->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (addr >= maps->items[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    return low < maps->n && addr >= maps->items[low].start ? &maps->items[low] : NULL;
}

void gw_maps_free(struct gw_maps *maps)
{
    free(maps->items);
    free(maps->paths);
    *maps = (struct gw_maps){0};
}
