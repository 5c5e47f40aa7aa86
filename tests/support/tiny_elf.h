/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest ELF file that has what gilwait asks for: two segments and a symbol table. */
#ifndef GW_TESTS_TINY_ELF_H
#define GW_TESTS_TINY_ELF_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define TINY_DATA_ADDRESS 0x10000u

enum { TINY_NULL, TINY_DYNSYM, TINY_DYNSTR, TINY_N_SECTIONS };

#define TINY_STRINGS "\0_PyRuntime\0undefined\0thread_local\0.dynsym\0.dynstr"

struct tiny_elf {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    Elf64_Sym symbols[4];
    Elf64_Shdr sections[TINY_N_SECTIONS];
    char strings[64]; /* names of symbols and of sections */
    uint8_t data[32];
};

static inline struct tiny_elf tiny_elf(void)
{
    const unsigned char object = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
    return (struct tiny_elf){
        .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                               EV_CURRENT},
                   .e_type = ET_DYN,
                   .e_machine = EM_X86_64,
                   .e_version = EV_CURRENT,
                   .e_phoff = offsetof(struct tiny_elf, segments),
                   .e_shoff = offsetof(struct tiny_elf, sections),
                   .e_ehsize = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 2,
                   .e_shentsize = sizeof(Elf64_Shdr),
                   .e_shnum = TINY_N_SECTIONS,
                   .e_shstrndx = TINY_DYNSTR},
        .segments = {{.p_type = PT_LOAD,
                      .p_flags = PF_R,
                      .p_filesz = offsetof(struct tiny_elf, data),
                      .p_memsz = offsetof(struct tiny_elf, data)},
                     {.p_type = PT_LOAD,
                      .p_flags = PF_R | PF_W,
                      .p_offset = offsetof(struct tiny_elf, data),
                      .p_vaddr = TINY_DATA_ADDRESS,
                      .p_filesz = sizeof(((struct tiny_elf *)0)->data),
                      .p_memsz = 4096}},
        .symbols = {{.st_name = 0},
                    {.st_name = 12, .st_info = object, .st_shndx = SHN_UNDEF},
                    {.st_name = 22,
                     .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_TLS),
                     .st_shndx = SHN_ABS},
                    {.st_name = 1,
                     .st_info = object,
                     .st_shndx = SHN_ABS,
                     .st_value = TINY_DATA_ADDRESS + 16}},
        .sections = {{.sh_type = SHT_NULL},
                     {.sh_name = 35,
                      .sh_type = SHT_DYNSYM,
                      .sh_offset = offsetof(struct tiny_elf, symbols),
                      .sh_size = 4 * sizeof(Elf64_Sym),
                      .sh_link = TINY_DYNSTR,
                      .sh_entsize = sizeof(Elf64_Sym)},
                     {.sh_name = 43,
                      .sh_type = SHT_STRTAB,
                      .sh_offset = offsetof(struct tiny_elf, strings),
                      .sh_size = sizeof TINY_STRINGS}},
        .strings = TINY_STRINGS,
        .data = "0123456789abcdef0123456789abcde",
    };
}

#endif
