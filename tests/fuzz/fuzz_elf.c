/* SPDX-License-Identifier: Apache-2.0 */
/* An ELF file, asked everything that gilwait asks. */
#include <sys/mman.h>
#include <unistd.h>

#include "target/elf_image.h"

static void ask(const struct gw_elf_image *image)
{
    struct gw_elf_place place;
    char buf[64];
    uint64_t bias;
    struct gw_map map = {.start = 0x400000, .end = 0x401000, .perms = GW_MAP_READ | GW_MAP_EXEC};
    if (gw_elf_find_symbol(image, "_PyRuntime", &place))
        gw_elf_read(image, place.value, buf, sizeof buf);
    if (gw_elf_find_section(image, ".PyRuntime", &place))
        gw_elf_read(image, place.value, buf, sizeof buf);
    gw_elf_bias(image, &map, &bias);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_elf_image *image;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || gw_elf_open(fd, &image) < 0)
        return 0;
    ask(image);
    gw_elf_close(image);
    return 0;
}
