/* SPDX-License-Identifier: Apache-2.0 */
#include "target/elf_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/error.h"
#include "support/child.h"
#include "support/tiny_elf.h"

/* Found again in our own executable, in a section of its own. */
extern const char gw_test_marker[16];
const char gw_test_marker[16] __attribute__((section(".gw_marker"), used)) = "marker of a test";

static int open_bytes(const void *bytes, size_t len, struct gw_elf_image **out)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    return gw_elf_open(fd, out);
}

static struct gw_elf_image *open_tiny(const struct tiny_elf *tiny)
{
    struct gw_elf_image *image = NULL;
    assert_int_equal(open_bytes(tiny, sizeof *tiny, &image), 0);
    return image;
}

/* The file behind an address of ours, opened through maps. */
static struct gw_elf_image *open_behind(const struct gw_maps *maps, const void *address)
{
    const struct gw_map *map = gw_maps_find(maps, (gw_raddr)(uintptr_t)address);
    struct gw_elf_image *image = NULL;
    assert_non_null(map);
    assert_int_equal(gw_elf_open_mapped(getpid(), map, &image), 0);
    return image;
}

/* Every map of a file has to lead to the same bias. */
static uint64_t bias_behind(const struct gw_maps *maps, const struct gw_elf_image *image,
                            const void *address)
{
    const struct gw_map *one = gw_maps_find(maps, (gw_raddr)(uintptr_t)address);
    uint64_t bias = 0;
    assert_true(gw_elf_bias(image, one, &bias));
    size_t n = 0;
    for (size_t i = 0; i < maps->n; i++) {
        uint64_t its_bias;
        if (maps->items[i].inode != one->inode || maps->items[i].dev != one->dev)
            continue;
        assert_true(gw_elf_bias(image, &maps->items[i], &its_bias));
        assert_true(its_bias == bias);
        n++;
    }
    assert_true(n > 1);
    return bias;
}

static void test_own_executable(void **state)
{
    (void)state;
    struct gw_maps maps;
    assert_int_equal(gw_maps_read(getpid(), &maps), 0);
    struct gw_elf_image *image = open_behind(&maps, gw_test_marker);
    uint64_t bias = bias_behind(&maps, image, gw_test_marker);
    struct gw_elf_place place;
    assert_true(gw_elf_find_symbol(image, "gw_test_marker", &place));
    assert_true(place.value + bias == (uintptr_t)gw_test_marker);
    assert_true(place.size >= sizeof gw_test_marker); /* a sanitizer pads it */
    char bytes[sizeof gw_test_marker];
    assert_int_equal(gw_elf_read(image, place.value, bytes, sizeof bytes), sizeof bytes);
    assert_memory_equal(bytes, gw_test_marker, sizeof bytes);
    assert_true(gw_elf_find_section(image, ".gw_marker", &place));
    assert_true(place.value + bias == (uintptr_t)gw_test_marker);
    assert_false(gw_elf_find_section(image, ".gw_marke", &place));
    assert_false(gw_elf_find_symbol(image, "gw_test_marke", &place));
    assert_true(gw_elf_is_64(image));
    gw_elf_close(image);
    gw_maps_free(&maps);
}

/* In its .dynsym; printf is not defined there, only asked for. */
static void test_shared_library(void **state)
{
    (void)state;
    struct gw_maps maps;
    assert_int_equal(gw_maps_read(getpid(), &maps), 0);
    const void *address = (const void *)(uintptr_t)elf_begin;
    struct gw_elf_image *image = open_behind(&maps, address);
    struct gw_elf_place place;
    assert_true(gw_elf_find_symbol(image, "elf_begin", &place));
    assert_true(place.value + bias_behind(&maps, image, address) == (uintptr_t)address);
    assert_false(gw_elf_find_symbol(image, "malloc", &place));
    gw_elf_close(image);
    gw_maps_free(&maps);
}

/* Map a copy of our executable, then put the file out of the way. */
static int open_after(void (*change)(const char *path))
{
    char path[] = "/tmp/gw-test-elf-XXXXXX", command[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(command, sizeof command, "cp /proc/%d/exe %s", getpid(), path);
    assert_int_equal(system(command), 0);
    void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(at != MAP_FAILED);
    close(fd);
    change(path);
    struct gw_maps maps;
    assert_int_equal(gw_maps_read(getpid(), &maps), 0);
    struct gw_elf_image *image = NULL;
    int rc = gw_elf_open_mapped(getpid(), gw_maps_find(&maps, (gw_raddr)(uintptr_t)at), &image);
    struct gw_elf_place place;
    if (rc == 0)
        assert_true(gw_elf_find_symbol(image, "gw_test_marker", &place));
    gw_elf_close(image);
    gw_maps_free(&maps);
    munmap(at, 4096);
    unlink(path);
    return rc;
}

static void leave_it(const char *path)
{
    (void)path;
}

static void delete_it(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

/* Another file of the same name must never be taken for the one that is mapped. */
static void replace_it(const char *path)
{
    assert_int_equal(unlink(path), 0);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "no elf at all", 13), 13);
    close(fd);
}

static void test_file_behind_a_map(void **state)
{
    (void)state;
    assert_int_equal(open_after(leave_it), 0);
    int rc = open_after(delete_it);
    if (rc == -EPERM || rc == -EACCES) {
        print_message("skipped: map_files needs more rights\n");
        skip();
    }
    assert_int_equal(rc, 0);
    assert_int_equal(open_after(replace_it), 0);
}

/* A path that leads elsewhere (an overmounted folder): the inode tells. */
static void test_path_of_another_file(void **state)
{
    (void)state;
    struct gw_maps maps;
    assert_int_equal(gw_maps_read(getpid(), &maps), 0);
    struct gw_map map = *gw_maps_find(&maps, (gw_raddr)(uintptr_t)gw_test_marker);
    map.path = gw_maps_find(&maps, (gw_raddr)(uintptr_t)elf_begin)->path;
    struct gw_elf_image *image = NULL;
    struct gw_elf_place place;
    int rc = gw_elf_open_mapped(getpid(), &map, &image);
    bool ours = rc == 0 && gw_elf_find_symbol(image, "gw_test_marker", &place);
    gw_elf_close(image);
    gw_maps_free(&maps);
    assert_true(ours || rc == -EPERM || rc == -EACCES);
}

static void test_map_without_a_file(void **state)
{
    (void)state;
    struct gw_elf_image *image;
    struct gw_map map = {.start = 0x1000, .end = 0x2000, .path = "[heap]"};
    assert_int_equal(gw_elf_open_mapped(getpid(), &map, &image), -ENOENT);
    map.inode = 1;
    map.path = "/";
    assert_int_equal(gw_elf_open_mapped(getpid(), &map, &image), -ENOENT);
    pid_t pid = child_start(NULL, NULL);
    child_end(pid);
    assert_int_equal(gw_elf_open_mapped(pid, &map, &image), -ESRCH);
}

static void test_tiny(void **state)
{
    (void)state;
    struct tiny_elf tiny = tiny_elf();
    /* The class gives the size of a symbol; what the file says is not believed. */
    tiny.sections[TINY_DYNSYM].sh_entsize = 0;
    struct gw_elf_image *image = open_tiny(&tiny);
    assert_int_equal(gw_elf_machine(image), EM_X86_64);
    struct gw_elf_place place;
    assert_true(gw_elf_find_symbol(image, "_PyRuntime", &place));
    assert_true(place.value == TINY_DATA_ADDRESS + 16 && place.size == 0);
    assert_false(gw_elf_find_symbol(image, "undefined", &place));
    assert_false(gw_elf_find_symbol(image, "thread_local", &place));
    assert_true(gw_elf_find_section(image, ".dynstr", &place));
    gw_elf_close(image);
}

static void test_read_stays_in_its_segment(void **state)
{
    (void)state;
    struct tiny_elf tiny = tiny_elf();
    struct gw_elf_image *image = open_tiny(&tiny);
    char buf[64];
    assert_int_equal(gw_elf_read(image, TINY_DATA_ADDRESS, buf, 4), 4);
    assert_memory_equal(buf, tiny.data, 4);
    assert_int_equal(gw_elf_read(image, TINY_DATA_ADDRESS + sizeof tiny.data - 3, buf, sizeof buf),
                     3);
    assert_memory_equal(buf, tiny.data + sizeof tiny.data - 3, 3);
    assert_int_equal(gw_elf_read(image, TINY_DATA_ADDRESS + sizeof tiny.data, buf, 1), 0);
    assert_int_equal(gw_elf_read(image, TINY_DATA_ADDRESS - 1, buf, 1), 0);
    /* The file goes on after the first segment. */
    uint64_t first_end = tiny.segments[0].p_filesz;
    assert_int_equal(gw_elf_read(image, first_end - 3, buf, sizeof buf), 3);
    assert_int_equal(gw_elf_read(image, first_end, buf, sizeof buf), 0);
    gw_elf_close(image);
    tiny.segments[1].p_offset = UINT64_MAX - 2;
    tiny.segments[1].p_filesz = UINT64_MAX;
    image = open_tiny(&tiny);
    assert_int_equal(gw_elf_read(image, TINY_DATA_ADDRESS + 8, buf, 8), 0);
    gw_elf_close(image);
}

static struct gw_map map_of(gw_raddr start, uint64_t offset, unsigned perms)
{
    return (struct gw_map){
        .start = start, .end = start + 0x1000, .file_offset = offset, .perms = perms};
}

/* Code up to 0x2500 and data from 0x2e10 of the file: the page at 0x2000 belongs to both, and the
 * two are loaded at different distances. */
static void test_bias(void **state)
{
    (void)state;
    const unsigned code = GW_MAP_READ | GW_MAP_EXEC, data = GW_MAP_READ | GW_MAP_WRITE;
    struct tiny_elf tiny = tiny_elf();
    tiny.segments[0] = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_X,
        .p_vaddr = 0x400000,
        .p_filesz = 0x2500,
        .p_memsz = 0x2500,
    };
    tiny.segments[1] = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_W,
        .p_offset = 0x2e10,
        .p_vaddr = 0x603e10,
        .p_filesz = 0x1f0,
        .p_memsz = 0x5000,
    };
    struct gw_elf_image *image = open_tiny(&tiny);
    const struct {
        struct gw_map map;
        uint64_t bias;
    } cases[] = {
        /* Where its addresses say: not position-independent. */
        {map_of(0x400000, 0, code), 0},
        {map_of(0x402000, 0x2000, code), 0},
        {map_of(0x603000, 0x2000, data), 0},
        {map_of(0x603000, 0x2000, GW_MAP_READ), 0}, /* RELRO */
        /* Anywhere else. */
        {map_of(0x7f0000400000, 0, code), 0x7f0000000000},
        {map_of(0x7f0000603000, 0x2000, data), 0x7f0000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bias = 77;
        assert_true(gw_elf_bias(image, &cases[i].map, &bias));
        assert_true(bias == cases[i].bias);
    }
    uint64_t bias = 77;
    struct gw_map beyond = map_of(0x400000, 0x3000, code);
    assert_false(gw_elf_bias(image, &beyond, &bias));
    assert_int_equal(bias, 77);
    gw_elf_close(image);
}

static void test_not_elf(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\177ELF", "#!/bin/sh\n", "!<arch>\n"};
    struct gw_elf_image *image;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(open_bytes(bad[i], strlen(bad[i]), &image), -GW_E_BAD_DATA);
    assert_int_equal(gw_elf_open(open("/", O_RDONLY | O_CLOEXEC), &image), -GW_E_BAD_DATA);
    gw_elf_close(NULL);
}

static void ask_everything(struct gw_elf_image *image)
{
    struct gw_elf_place place;
    uint64_t bias;
    char buf[64];
    struct gw_map map = map_of(TINY_DATA_ADDRESS, 0, GW_MAP_READ);
    gw_elf_find_symbol(image, "_PyRuntime", &place);
    gw_elf_find_section(image, ".PyRuntime", &place);
    gw_elf_read(image, TINY_DATA_ADDRESS, buf, sizeof buf);
    gw_elf_bias(image, &map, &bias);
}

/* A file cut at any byte, and one with any byte of its tables spoilt: an answer or an error. */
static void test_broken(void **state)
{
    (void)state;
    const struct tiny_elf good = tiny_elf();
    size_t opened = 0;
    for (size_t i = 0; i < 2 * sizeof good; i++) {
        struct tiny_elf bad = good;
        size_t len = i < sizeof good ? i : sizeof good;
        if (i >= sizeof good)
            ((uint8_t *)&bad)[i - sizeof good] ^= 0xff;
        struct gw_elf_image *image = NULL;
        int rc = open_bytes(&bad, len, &image);
        assert_true(rc == 0 || rc == -GW_E_BAD_DATA);
        if (rc < 0)
            continue;
        opened++;
        ask_everything(image);
        gw_elf_close(image);
    }
    assert_true(opened > sizeof good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_executable),
        cmocka_unit_test(test_shared_library),
        cmocka_unit_test(test_file_behind_a_map),
        cmocka_unit_test(test_path_of_another_file),
        cmocka_unit_test(test_map_without_a_file),
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_read_stays_in_its_segment),
        cmocka_unit_test(test_bias),
        cmocka_unit_test(test_not_elf),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
