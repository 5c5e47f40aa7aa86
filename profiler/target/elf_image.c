/* SPDX-License-Identifier: Apache-2.0 */
#include "target/elf_image.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "target/procfile.h"

struct gw_elf_image {
    int fd;
    Elf *elf;
    GElf_Ehdr header;
};

/* libelf reads the file with pread(2) and is never asked to map it: a mapped file that somebody
 * truncates would kill us. */
static int open_elf(struct gw_elf_image *image)
{
    if (elf_version(EV_CURRENT) == EV_NONE)
        return -GW_E_BAD_DATA;
    image->elf = elf_begin(image->fd, ELF_C_READ, NULL);
    if (!image->elf || elf_kind(image->elf) != ELF_K_ELF ||
        !gelf_getehdr(image->elf, &image->header))
        return -GW_E_BAD_DATA;
    return 0;
}

int gw_elf_open(int fd, struct gw_elf_image **out)
{
    struct gw_elf_image *image = calloc(1, sizeof *image);
    if (!image) {
        close(fd);
        return -ENOMEM;
    }
    image->fd = fd;
    int rc = open_elf(image);
    if (rc < 0) {
        gw_elf_close(image);
        return rc;
    }
    *out = image;
    return 0;
}

void gw_elf_close(struct gw_elf_image *image)
{
    if (!image)
        return;
    elf_end(image->elf);
    close(image->fd);
    free(image);
}

/* Whether an open file is the one behind a map. Overlayfs and btrfs show another device number in
 * stat(2) than in maps: there the inode number and a plausible size have to do. */
static bool is_mapped_file(int fd, const struct gw_map *map)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_ino != map->inode)
        return false;
    return st.st_dev == map->dev || (uint64_t)st.st_size > map->file_offset;
}

/* The file by its path in the process's own root, or a negative value if it is not there or another
 * one has its name now. */
static int open_by_path(pid_t pid, const struct gw_map *map)
{
    char path[PATH_MAX + 32];
    int len = snprintf(path, sizeof path, "/proc/%d/root%s", pid, map->path);
    if (map->path[0] != '/' || map->deleted || len < 0 || (size_t)len >= sizeof path)
        return -ENOENT;
    GW_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || !is_mapped_file(fd, map))
        return -ENOENT;
    return gw_steal_fd(&fd);
}

int gw_elf_open_mapped(pid_t pid, const struct gw_map *map, struct gw_elf_image **out)
{
    if (map->inode == 0)
        return -ENOENT;
    int fd = open_by_path(pid, map);
    if (fd < 0) {
        char name[64];
        snprintf(name, sizeof name, "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
        fd = gw_procfile_open(pid, 0, name);
    }
    if (fd < 0)
        return fd;
    return gw_elf_open(fd, out);
}

/* The contents of a section of symbols or strings, or NULL. libelf allocates what it reads, so the
 * size is held against a limit first; it checks the size against the file itself. */
static Elf_Data *section_data(Elf_Scn *section)
{
    GElf_Shdr header;
    if (!section || !gelf_getshdr(section, &header) || header.sh_size > GW_MAX_ELF_SECTION)
        return NULL;
    return elf_getdata(section, NULL);
}

static bool names_an_address(const GElf_Sym *symbol)
{
    int type = GELF_ST_TYPE(symbol->st_info);
    return symbol->st_shndx != SHN_UNDEF && type != STT_TLS && type != STT_SECTION &&
           type != STT_FILE;
}

/* Look through one symbol table. The size of an entry is that of the ELF class; the file's own
 * sh_entsize may say anything. */
static bool find_in_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, const char *name,
                          struct gw_elf_place *out)
{
    Elf_Data *data = section_data(section);
    size_t entry = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
    if (!data || !data->d_buf || entry == 0 || !section_data(elf_getscn(elf, header->sh_link)))
        return false;
    size_t n = data->d_size / entry;
    for (size_t i = 0; i < n && i <= INT_MAX; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol) || !names_an_address(&symbol))
            continue;
        const char *its_name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (its_name && strcmp(its_name, name) == 0) {
            *out = (struct gw_elf_place){.value = symbol.st_value, .size = symbol.st_size};
            return true;
        }
    }
    return false;
}

static bool find_in_tables(Elf *elf, GElf_Word type, const char *name, struct gw_elf_place *out)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == type &&
            find_in_table(elf, section, &header, name, out))
            return true;
    }
    return false;
}

bool gw_elf_find_symbol(const struct gw_elf_image *image, const char *name,
                        struct gw_elf_place *out)
{
    return find_in_tables(image->elf, SHT_DYNSYM, name, out) ||
           find_in_tables(image->elf, SHT_SYMTAB, name, out);
}

static int visit_function(const struct gw_elf_image *image, GElf_Word names, const GElf_Sym *symbol,
                          gw_elf_visit visit, void *context)
{
    int type = GELF_ST_TYPE(symbol->st_info);
    const char *name = elf_strptr(image->elf, names, symbol->st_name);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol->st_shndx == SHN_UNDEF || !name)
        return 0;
    struct gw_elf_function function = {
        .name = name,
        .place = {.value = symbol->st_value, .size = symbol->st_size},
        .is_global = GELF_ST_BIND(symbol->st_info) != STB_LOCAL,
    };
    return visit(context, &function);
}

/* *any: the table has a symbol at all. */
static int visit_table(const struct gw_elf_image *image, GElf_Word type, gw_elf_visit visit,
                       void *context, bool *any)
{
    size_t entry = gelf_fsize(image->elf, ELF_T_SYM, 1, EV_CURRENT);
    Elf_Scn *section = NULL;
    int rc = 0;
    while (entry && rc == 0 && (section = elf_nextscn(image->elf, section))) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type != type)
            continue;
        Elf_Data *data = section_data(section);
        if (!data || !data->d_buf || !section_data(elf_getscn(image->elf, header.sh_link)))
            continue;
        for (size_t i = 0; rc == 0 && i < data->d_size / entry && i <= INT_MAX; i++) {
            GElf_Sym symbol;
            *any = true;
            if (gelf_getsym(data, (int)i, &symbol))
                rc = visit_function(image, header.sh_link, &symbol, visit, context);
        }
    }
    return rc;
}

int gw_elf_each_function(const struct gw_elf_image *image, gw_elf_visit visit, void *context)
{
    bool any = false;
    int rc = visit_table(image, SHT_SYMTAB, visit, context, &any);
    return any ? rc : visit_table(image, SHT_DYNSYM, visit, context, &any);
}

bool gw_elf_find_section(const struct gw_elf_image *image, const char *name,
                         struct gw_elf_place *out)
{
    size_t names;
    if (elf_getshdrstrndx(image->elf, &names) != 0 || !section_data(elf_getscn(image->elf, names)))
        return false;
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(image->elf, section))) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header))
            continue;
        const char *its_name = elf_strptr(image->elf, names, header.sh_name);
        if (its_name && strcmp(its_name, name) == 0) {
            *out = (struct gw_elf_place){.value = header.sh_addr, .size = header.sh_size};
            return true;
        }
    }
    return false;
}

static size_t build_id_in(Elf_Data *data, uint8_t *out, size_t cap)
{
    GElf_Nhdr note;
    size_t next, name, content;
    for (size_t at = 0; (next = gelf_getnote(data, at, &note, &name, &content)) > 0; at = next) {
        const uint8_t *bytes = data->d_buf;
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof ELF_NOTE_GNU ||
            memcmp(bytes + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) != 0 || note.n_descsz > cap)
            continue;
        memcpy(out, bytes + content, note.n_descsz);
        return note.n_descsz;
    }
    return 0;
}

size_t gw_elf_build_id(const struct gw_elf_image *image, uint8_t *out, size_t cap)
{
    Elf_Scn *section = NULL;
    size_t n = 0;
    while (n == 0 && (section = elf_nextscn(image->elf, section))) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
            continue;
        Elf_Data *data = section_data(section);
        n = data && data->d_buf ? build_id_in(data, out, cap) : 0;
    }
    return n;
}

/* The next PT_LOAD segment at or after *index; false when there is none left. */
static bool next_load(const struct gw_elf_image *image, size_t *index, GElf_Phdr *out)
{
    size_t n;
    if (elf_getphdrnum(image->elf, &n) != 0)
        return false;
    while (*index < n && *index <= INT_MAX) {
        int at = (int)(*index)++;
        if (gelf_getphdr(image->elf, at, out) && out->p_type == PT_LOAD)
            return true;
    }
    return false;
}

size_t gw_elf_read(const struct gw_elf_image *image, uint64_t value, void *buf, size_t len)
{
    GElf_Phdr load;
    for (size_t i = 0; next_load(image, &i, &load);) {
        if (value < load.p_vaddr || value - load.p_vaddr >= load.p_filesz)
            continue;
        uint64_t delta = value - load.p_vaddr, offset;
        if (__builtin_add_overflow(load.p_offset, delta, &offset) || offset > INT64_MAX)
            continue;
        uint64_t left = load.p_filesz - delta;
        ssize_t got = pread(image->fd, buf, left < len ? (size_t)left : len, (off_t)offset);
        return got > 0 ? (size_t)got : 0;
    }
    return 0;
}

unsigned gw_elf_machine(const struct gw_elf_image *image)
{
    return image->header.e_machine;
}

bool gw_elf_is_64(const struct gw_elf_image *image)
{
    return image->header.e_ident[EI_CLASS] == ELFCLASS64;
}

/* How well a segment explains a map, 0 if not at all. One page of the file can belong to two
 * segments, each loaded elsewhere: the end of the code and the start of the data. Executable or not
 * tells most; then a map that starts with the segment (one that does not was split off, as RELRO
 * is); writable or not tells least, for RELRO takes it away. */
static unsigned fit(const GElf_Phdr *load, const struct gw_map *map)
{
    uint64_t page_mask = ~((uint64_t)sysconf(_SC_PAGESIZE) - 1);
    uint64_t first_page = load->p_offset & page_mask;
    if (map->file_offset < first_page)
        return 0;
    if (map->file_offset > load->p_offset && map->file_offset - load->p_offset >= load->p_filesz)
        return 0;
    bool same_exec = !(map->perms & GW_MAP_EXEC) == !(load->p_flags & PF_X);
    bool same_write = !(map->perms & GW_MAP_WRITE) == !(load->p_flags & PF_W);
    return 1u + 4u * same_exec + 2u * (map->file_offset == first_page) + same_write;
}

bool gw_elf_bias(const struct gw_elf_image *image, const struct gw_map *map, uint64_t *bias)
{
    unsigned best = 0;
    GElf_Phdr load;
    for (size_t i = 0; next_load(image, &i, &load);) {
        unsigned its_fit = fit(&load, map);
        if (its_fit <= best)
            continue;
        best = its_fit;
        *bias = map->start - map->file_offset + load.p_offset - load.p_vaddr;
    }
    return best > 0;
}
