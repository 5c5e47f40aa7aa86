/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/discover.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/elf_image.h"
#include "target/maps.h"

/* A file that may hold the interpreter. */
struct candidate {
    const struct gw_map *map;
    struct gw_elf_image *image;
    gw_raddr runtime;
    uint64_t runtime_bytes; /* 0 if found by section */
    uint64_t bias;
};

/* sizeof(_PyRuntimeState) tells the versions apart that hold no version word: 3.8.18, 3.9.18 and
 * 3.10.13 on x86-64; 16 more on aarch64, whose pthread_mutex_t is 8 bytes larger, twice. */
static const struct {
    uint64_t bytes;
    uint32_t python_hex;
} runtime_sizes[] = {
    {1464, 0x03080000}, {1480, 0x03080000}, {656, 0x03090000}, {672, 0x030a0000}, {688, 0x030a0000},
};

static uint32_t version_by_size(uint64_t bytes, unsigned machine)
{
    if (machine == EM_AARCH64 && bytes == 672)
        return 0x03090000;
    for (size_t i = 0; i < sizeof runtime_sizes / sizeof runtime_sizes[0]; i++)
        if (runtime_sizes[i].bytes == bytes)
            return runtime_sizes[i].python_hex;
    return 0;
}

/* The minor version out of a file name like libpython3.9.so.1.0 or python3.10; 0 if it has none. */
static uint32_t version_by_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = strstr(slash ? slash + 1 : path, "python3.");
    if (!name)
        return 0;
    char *end;
    unsigned long minor = strtoul(name + strlen("python3."), &end, 10);
    if (end == name + strlen("python3.") || minor > 99)
        return 0;
    return 0x03000000u | (uint32_t)minor << 16;
}

/* PY_VERSION, "3.9.18" and a NUL, stands among the read-only data; a linker that merges strings may
 * have made it the tail of another one. */
static uint32_t find_patch_release(const uint8_t *bytes, size_t len, uint32_t python_hex)
{
    char prefix[16];
    int n = snprintf(prefix, sizeof prefix, "3.%u.", (python_hex >> 16) & 0xff);
    for (const uint8_t *at = bytes;
         (at = memmem(at, len - (size_t)(at - bytes), prefix, (size_t)n)); at++) {
        const uint8_t *digit = at + n;
        unsigned micro = 0;
        while (digit < bytes + len && *digit >= '0' && *digit <= '9' && micro < 100)
            micro = micro * 10 + (*digit++ - '0');
        if (digit > at + n && digit < bytes + len && *digit == 0)
            return python_hex | (uint32_t)micro << 8 | 0xf0;
    }
    return python_hex;
}

static uint32_t with_patch_release(const struct gw_elf_image *image, uint32_t python_hex)
{
    struct gw_elf_place rodata;
    if (!gw_elf_find_section(image, ".rodata", &rodata) || rodata.size > (64u << 20))
        return python_hex;
    uint8_t *bytes = malloc((size_t)rodata.size);
    if (!bytes)
        return python_hex;
    size_t got = gw_elf_read(image, rodata.value, bytes, (size_t)rodata.size);
    uint32_t found = find_patch_release(bytes, got, python_hex);
    free(bytes);
    return found;
}

/* The version of an interpreter that has no debug offsets; 0 if it cannot be told. */
static uint32_t version_of(const struct candidate *file, const struct gw_rmem *memory)
{
    struct gw_elf_place place;
    uint64_t version;
    if (gw_elf_find_symbol(file->image, "Py_Version", &place) &&
        gw_rmem_read(memory, file->bias + place.value, &version, sizeof version) == 0 &&
        version >> 24 == 3)
        return (uint32_t)version; /* 3.11+: Include/cpython/... Py_Version, unsigned long */
    uint32_t by_size = version_by_size(file->runtime_bytes, gw_elf_machine(file->image));
    uint32_t by_name = version_by_name(file->map->path);
    uint32_t version_hex = by_size ? by_size : by_name;
    return version_hex ? with_patch_release(file->image, version_hex) : 0;
}

static bool read_word(const struct gw_rmem *memory, gw_raddr addr, uint64_t *out)
{
    return gw_rmem_read(memory, addr, out, sizeof *out) == 0;
}

/* An interpreter whose first thread state points back to it is one. */
static int check_runtime(const struct gw_rmem *memory, const struct gw_layout *layout,
                         gw_raddr runtime)
{
    uint64_t interp, tstate, back;
    if (!read_word(memory, runtime + gw_layout_at(layout, GW_F_runtime_interpreters_head), &interp))
        return -GW_E_LAYOUT;
    if (!interp)
        return -GW_E_NO_THREADS;
    if (!read_word(memory, interp + gw_layout_at(layout, GW_F_interp_threads_head), &tstate))
        return -GW_E_LAYOUT;
    if (!tstate)
        return -GW_E_NO_THREADS;
    if (!read_word(memory, tstate + gw_layout_at(layout, GW_F_tstate_interp), &back) ||
        back != interp)
        return -GW_E_LAYOUT;
    return 0;
}

static int refuse_version(uint32_t python_hex, const char *path, struct gw_diag *diag)
{
    char version[24] = "of unknown version";
    if (python_hex)
        gw_python_version_text(python_hex, version, sizeof version);
    gw_diag_what(diag, -GW_E_VERSION, "CPython %s in %s", version, path);
    gw_diag_why(diag, "gilwait knows CPython 3.%d to 3.%d", GW_PYTHON_MINOR_FIRST,
                GW_PYTHON_MINOR_LAST);
    gw_diag_fix(diag, "update gilwait, or run the program with one of these versions");
    return -GW_E_VERSION;
}

static int choose_layout(const struct candidate *file, const struct gw_rmem *memory,
                         struct gw_python *out, struct gw_diag *diag)
{
    uint8_t head[GW_DEBUG_OFFSETS_BYTES];
    unsigned machine = gw_elf_machine(file->image);
    ssize_t got = gw_rmem_read_some(memory, file->runtime, head, sizeof head);
    if (got < 0)
        return (int)got;
    struct gw_span table = gw_span_of(head, (size_t)got);
    uint32_t python_hex = 0;
    int err;
    if (gw_layout_is_debug_offsets(table)) {
        uint64_t version = 0;
        gw_span_peek(table, sizeof(uint64_t), &version, sizeof version);
        python_hex = (uint32_t)version;
        err = gw_layout_from_debug_offsets(table, machine, &out->layout);
    } else {
        python_hex = version_of(file, memory);
        err = gw_layout_from_table(python_hex, machine, &out->layout);
    }
    if (err == -GW_E_VERSION)
        return refuse_version(python_hex, file->map->path, diag);
    if (!err && out->layout.free_threaded) {
        gw_diag_what(diag, -GW_E_VERSION, "free-threaded CPython in %s", file->map->path);
        gw_diag_why(diag, "builds without a GIL are not supported");
        gw_diag_fix(diag, "profile a build with the GIL");
        return -GW_E_VERSION;
    }
    return err;
}

/* Open the file behind a map and see whether it has a _PyRuntime. */
static int open_candidate(pid_t pid, const struct gw_map *map, struct candidate *out,
                          const char **found_by)
{
    struct gw_elf_place place;
    *out = (struct candidate){.map = map};
    int err = gw_elf_open_mapped(pid, map, &out->image);
    if (err)
        return err;
    if (gw_elf_find_symbol(out->image, "_PyRuntime", &place)) {
        *found_by = "symbol";
        out->runtime_bytes = place.size;
    } else if (gw_elf_find_section(out->image, ".PyRuntime", &place)) {
        *found_by = "section";
    } else {
        bool old = gw_elf_find_symbol(out->image, "PyEval_EvalFrameEx", &place);
        gw_elf_close(out->image);
        return old ? -GW_E_VERSION : -GW_E_NOT_FOUND;
    }
    if (!gw_elf_is_64(out->image) || !gw_elf_bias(out->image, map, &out->bias)) {
        gw_elf_close(out->image);
        return -GW_E_ARCH;
    }
    out->runtime = out->bias + place.value;
    return 0;
}

static int try_file(pid_t pid, const struct gw_map *map, const struct gw_rmem *memory,
                    struct gw_python *out, struct gw_diag *diag)
{
    struct candidate file;
    const char *found_by = NULL;
    int err = open_candidate(pid, map, &file, &found_by);
    if (err == -GW_E_VERSION)
        return refuse_version(0, map->path, diag);
    if (err)
        return err;
    out->machine = gw_elf_machine(file.image);
    err = choose_layout(&file, memory, out, diag);
    if (!err)
        err = check_runtime(memory, &out->layout, file.runtime);
    if (!err) {
        out->runtime = file.runtime;
        out->found_by = found_by;
        gw_python_version_text(out->layout.python_hex, out->version, sizeof out->version);
        snprintf(out->binary, sizeof out->binary, "%s", map->path);
    }
    gw_elf_close(file.image);
    return err;
}

/* One map of each file is enough, as the bias follows from any of them; the segments of a file lie
 * beside each other. */
static bool is_first_map_of_file(const struct gw_maps *maps, size_t i)
{
    const struct gw_map *map = &maps->items[i];
    if (!map->inode || map->path[0] != '/')
        return false;
    return i == 0 || maps->items[i - 1].inode != map->inode || maps->items[i - 1].dev != map->dev;
}

static bool is_named_python(const struct gw_map *map)
{
    const char *slash = strrchr(map->path, '/');
    return slash && strstr(slash, "python");
}

/* How much a failure tells: what is kept when no file gives an interpreter. */
static int severity(int err)
{
    switch (-err) {
    case GW_E_NO_THREADS:
        return 5;
    case GW_E_VERSION:
    case GW_E_ARCH:
        return 4;
    case GW_E_LAYOUT:
        return 3;
    case EPERM:
    case EACCES:
        return 2;
    default:
        return 0;
    }
}

/* Files named like Python come first: it is one of them nearly always. */
static int search_maps(pid_t pid, const struct gw_maps *maps, const struct gw_rmem *memory,
                       struct gw_python *out, struct gw_diag *diag)
{
    int worst = -GW_E_NOT_PYTHON;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < maps->n; i++) {
            const struct gw_map *map = &maps->items[i];
            if (is_named_python(map) != (pass == 0) || !is_first_map_of_file(maps, i))
                continue;
            struct gw_diag here = {0};
            int err = try_file(pid, map, memory, out, &here);
            if (!err || err == -ESRCH)
                return err;
            if (severity(err) > severity(worst)) {
                worst = err;
                if (diag)
                    *diag = here;
            }
        }
    }
    return worst;
}

int gw_discover(pid_t pid, const struct gw_rmem *memory, struct gw_python *out,
                struct gw_diag *diag)
{
    struct gw_maps maps;
    memset(out, 0, sizeof *out);
    int err = gw_maps_read(pid, &maps);
    if (err)
        return err;
    err = search_maps(pid, &maps, memory, out, diag);
    gw_maps_free(&maps);
    return err;
}
