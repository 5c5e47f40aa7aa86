/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ELF objects whose code a process has mapped, as far as native stacks meet them: what they are
 * called and where their unwind tables are. Files are opened between
 * ticks only, and read with pread(2), as the process itself sees them (gw_elf_open_mapped).
 *
 * Sources: the format of .eh_frame_hdr is that of the Linux Standard Base, Core 5.0, "Exception
 * Frame Header".
 */
#ifndef GW_NATIVE_OBJECTS_H
#define GW_NATIVE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/maps.h"

/* One executable map of a file. */
struct gw_object {
    gw_raddr start, end;
    char *name; /* last part of the path of the file */
    struct gw_map map;
    char *path;
    bool wanted;                /* code of it was met */
    bool opened;                /* an attempt was made: */
    struct gw_elf_image *image; /* NULL: it cannot be read */
    uint64_t bias;              /* address in the process less that in the file */
    gw_raddr unwind_header;     /* .eh_frame_hdr in the process; 0: none that is understood */
    uint32_t n_unwind_entries;
};

struct gw_objects;

/* The table of .eh_frame_hdr begins behind so many bytes; its entries are two of 32 bits. */
#define GW_UNWIND_HEADER_BYTES 12u
#define GW_UNWIND_ENTRY_BYTES 8u

/* NULL when there is no memory. Nothing is read yet. */
struct gw_objects *gw_objects_new(pid_t pid);
void gw_objects_free(struct gw_objects *objects);
pid_t gw_objects_pid(const struct gw_objects *objects);

/* The object of the code at an address, NULL if it is in none or in one that gw_objects_tend is yet
 * to open: *due tells the second. Allocates nothing. */
const struct gw_object *gw_objects_find(struct gw_objects *objects, gw_raddr pc, bool *due);

/* Whether gw_objects_tend has something to do. */
bool gw_objects_is_due(const struct gw_objects *objects, uint64_t now_ns);

/* Between ticks: open what was met, and look for new objects. now_ns: CLOCK_MONOTONIC. True if
 * objects went or came, so that what is remembered by address no longer holds. */
bool gw_objects_tend(struct gw_objects *objects, uint64_t now_ns);

#endif
