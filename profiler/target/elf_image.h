/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ELF file, read through libelf: symbols, sections, and where it was loaded. A corrupted or
 * truncated file gives errors or "not found", never a crash.
 */
#ifndef GW_TARGET_ELF_IMAGE_H
#define GW_TARGET_ELF_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/maps.h"

struct gw_elf_image;

struct gw_elf_place {
    uint64_t value; /* virtual address in the file: add the bias for the address in the target */
    uint64_t size;  /* bytes */
};

/* Open from a descriptor (taken over, whether this succeeds or fails).
 * Returns 0, -GW_E_BAD_DATA (no ELF, or too broken), -ENOMEM. */
int gw_elf_open(int fd, struct gw_elf_image **out) __attribute__((warn_unused_result));

/* Open the file behind a map of process pid, as that process sees it: /proc/PID/root/PATH if it is
 * the same file (device and inode, where they can be compared), else /proc/PID/map_files/START-END
 * (deleted or replaced files; needs more rights). Also -ENOENT (no file behind the map, or it
 * cannot be found), -ESRCH, -EACCES, -EPERM. */
int gw_elf_open_mapped(pid_t pid, const struct gw_map *map, struct gw_elf_image **out)
    __attribute__((warn_unused_result));

/* A defined symbol by name, in .dynsym, else in .symtab. False if absent. */
bool gw_elf_find_symbol(const struct gw_elf_image *image, const char *name,
                        struct gw_elf_place *out);

/* A defined function. The name is valid during the visit. */
struct gw_elf_function {
    const char *name;
    struct gw_elf_place place;
    bool is_global;
};
typedef int (*gw_elf_visit)(void *context, const struct gw_elf_function *function);

/* Visit the functions of .symtab, or where a file has none those of .dynsym, in no order, until one
 * visit does not return 0; hands that on. */
int gw_elf_each_function(const struct gw_elf_image *image, gw_elf_visit visit, void *context);

/* A section by name; false if absent. */
bool gw_elf_find_section(const struct gw_elf_image *image, const char *name,
                         struct gw_elf_place *out);

/* Up to len bytes at a virtual address, from the file's own contents (PT_LOAD segments). Returns
 * bytes copied, 0 if the address is not in the file. */
size_t gw_elf_read(const struct gw_elf_image *image, uint64_t value, void *buf, size_t len);

/* What the linker has put into a file to tell it from every other: the note NT_GNU_BUILD_ID, elf.h.
 * Returns its bytes stored in out, 0 if there is none or more than cap. */
size_t gw_elf_build_id(const struct gw_elf_image *image, uint8_t *out, size_t cap);

/* e_machine (EM_X86_64, EM_AARCH64) and class; from the ELF header. */
unsigned gw_elf_machine(const struct gw_elf_image *image);
bool gw_elf_is_64(const struct gw_elf_image *image);

/* What has to be added to a virtual address of the file to get the address in the target, given
 * any one of the file's maps: 0 for a non-PIE executable. False if no PT_LOAD segment covers the
 * map's file offset. */
bool gw_elf_bias(const struct gw_elf_image *image, const struct gw_map *map, uint64_t *bias);

/* Free and close. NULL is fine. */
void gw_elf_close(struct gw_elf_image *image);

#endif
