/* SPDX-License-Identifier: Apache-2.0 */
#include "target/maps.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "support/child.h"

static int parse(const char *text, struct gw_maps *out)
{
    return gw_maps_parse(gw_span_of(text, strlen(text)), out);
}

static const char sample[] =
    "00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/python3\n"
    "00651000-00652000 r--s 00051000 fe:100 18446744073709551615 /tmp/a b (deleted)\n"
    "00652000-00655000 rw-p 00052000 08:02 173521      /odd\\012name\\\\ (deleted) \n"
    "00e03000-00e24000 ---p 00000000 00:00 0 \n"
    "35b1800000-35b1820000 rwxp 0 00:00 0 [heap]\n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall] (deleted)";

static void test_fields(void **state)
{
    (void)state;
    struct gw_maps maps;
    assert_int_equal(parse(sample, &maps), 0);
    assert_int_equal(maps.n, 6);
    const struct gw_map *m = maps.items;
    assert_true(m[0].start == 0x400000 && m[0].end == 0x452000 && m[0].file_offset == 0);
    assert_int_equal(m[0].perms, GW_MAP_READ | GW_MAP_EXEC);
    assert_true(m[0].dev == makedev(8, 2) && m[0].inode == 173521);
    assert_string_equal(m[0].path, "/usr/bin/python3");
    assert_false(m[0].deleted);
    assert_int_equal(m[1].perms, GW_MAP_READ | GW_MAP_SHARED);
    assert_true(m[1].file_offset == 0x51000 && m[1].inode == UINT64_MAX);
    assert_true(m[1].dev == makedev(0xfe, 0x100));
    assert_string_equal(m[1].path, "/tmp/a b");
    assert_true(m[1].deleted);
    assert_int_equal(m[2].perms, GW_MAP_READ | GW_MAP_WRITE);
    assert_string_equal(m[2].path, "/odd\nname\\\\ (deleted) ");
    assert_false(m[2].deleted);
    assert_int_equal(m[3].perms, 0);
    assert_string_equal(m[3].path, "");
    assert_string_equal(m[4].path, "[heap]");
    assert_true(m[5].end == 0xffffffffff601000);
    assert_string_equal(m[5].path, "[vsyscall] (deleted)");
    assert_false(m[5].deleted);
    gw_maps_free(&maps);
}

static void test_find(void **state)
{
    (void)state;
    struct gw_maps maps;
    assert_int_equal(parse(sample, &maps), 0);
    assert_null(gw_maps_find(&maps, 0));
    assert_null(gw_maps_find(&maps, 0x3fffff));
    assert_ptr_equal(gw_maps_find(&maps, 0x400000), &maps.items[0]);
    assert_ptr_equal(gw_maps_find(&maps, 0x451fff), &maps.items[0]);
    assert_null(gw_maps_find(&maps, 0x452000));
    assert_ptr_equal(gw_maps_find(&maps, 0x651fff), &maps.items[1]);
    assert_ptr_equal(gw_maps_find(&maps, 0x652000), &maps.items[2]);
    assert_null(gw_maps_find(&maps, UINT64_MAX));
    gw_maps_free(&maps);
    assert_null(gw_maps_find(&maps, 0x400000));
}

static void test_empty(void **state)
{
    (void)state;
    struct gw_maps maps;
    assert_int_equal(gw_maps_parse(gw_span_of(NULL, 0), &maps), 0);
    assert_int_equal(maps.n, 0);
    gw_maps_free(&maps);
}

/* A region that grows while the file is read shows up inside of its neighbour. */
static void test_overlap_is_cut(void **state)
{
    (void)state;
    struct gw_maps maps;
    assert_int_equal(parse("1000-3000 r--p 00000000 08:02 5 /x\n"
                           "2000-5000 r--p 00001000 08:02 5 /x\n"
                           "4000-5000 r--p 00000000 08:02 6 /y\n"
                           "5000-6000 r--p 00000000 08:02 7 /z\n",
                           &maps),
                     0);
    assert_int_equal(maps.n, 3);
    assert_true(maps.items[1].start == 0x3000 && maps.items[1].end == 0x5000);
    assert_true(maps.items[1].file_offset == 0x2000);
    assert_string_equal(maps.items[2].path, "/z");
    gw_maps_free(&maps);
}

static void test_bad_lines(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\n",
        "1000",
        "1000-2000",
        "1000-2000 r-xp",
        "1000-2000 r-xp 0",
        "1000-2000 r-xp 0 08:02",
        "1000-2000 r-xp 0 08:02 x",
        "1000-2000 r-xp 0 08:02 5x",
        "1000-2000 r-xp 0 0802 5",
        "1000-2000 r-xq 0 08:02 5",
        "1000-2000 -rxp 0 08:02 5",
        "1000-2000 r-x 0 08:02 5",
        "2000-1000 r-xp 0 08:02 5",
        "1000-1000 r-xp 0 08:02 5",
        "1000 2000 r-xp 0 08:02 5",
        "10000000000000000-20000000000000000 r-xp 0 08:02 5",
        "1000-2000 r-xp 0 100000000:02 5",
        "1000-2000 r-xp 0 08:02 18446744073709551616",
        "1000-2000 r-xp 0 08:02 5 /ok\n\n3000-4000 r-xp 0 08:02 5 /ok\n",
    };
    struct gw_maps maps = {.n = 77};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(parse(bad[i], &maps), -GW_E_BAD_DATA);
    static const char with_nul[] = "1000-2000 r-xp 0 08:02 5 /a\0b\n";
    assert_int_equal(gw_maps_parse(gw_span_of(with_nul, sizeof with_nul - 1), &maps),
                     -GW_E_BAD_DATA);
    assert_int_equal(maps.n, 77);
}

static void test_limit(void **state)
{
    (void)state;
    enum { ROOM = 40 };
    char *text = malloc((GW_MAX_MAPS + 1) * (size_t)ROOM);
    assert_non_null(text);
    size_t len = 0;
    for (unsigned i = 0; i <= GW_MAX_MAPS; i++)
        len += (size_t)snprintf(text + len, ROOM, "%x000-%x000 r--p 0 00:00 0\n", i, i + 1);
    struct gw_maps maps;
    assert_int_equal(gw_maps_parse(gw_span_of(text, len), &maps), -GW_E_LIMIT);
    size_t last =
        (size_t)snprintf(NULL, 0, "%x000-%x000 r--p 0 00:00 0\n", GW_MAX_MAPS, GW_MAX_MAPS + 1);
    assert_int_equal(gw_maps_parse(gw_span_of(text, len - last), &maps), 0);
    assert_int_equal(maps.n, GW_MAX_MAPS);
    gw_maps_free(&maps);
    free(text);
}

/* More maps than one buffer of text holds, and this very code among them. */
static void test_own_process(void **state)
{
    (void)state;
    enum { N = 2000 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *area = mmap(NULL, N * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(area != MAP_FAILED);
    for (size_t i = 0; i < N; i += 2)
        assert_int_equal(mprotect(area + i * page, page, PROT_READ | PROT_WRITE), 0);
    struct gw_maps maps;
    assert_int_equal(gw_maps_read(getpid(), &maps), 0);
    for (size_t i = 0; i < N; i++) {
        gw_raddr start = (gw_raddr)(uintptr_t)(area + i * page);
        const struct gw_map *map = gw_maps_find(&maps, start + page / 2);
        assert_non_null(map);
        assert_int_equal(map->perms, GW_MAP_READ | (i % 2 ? 0 : GW_MAP_WRITE));
    }
    const struct gw_map *code = gw_maps_find(&maps, (gw_raddr)(uintptr_t)test_own_process);
    assert_non_null(code);
    assert_int_equal(code->perms, GW_MAP_READ | GW_MAP_EXEC);
    struct stat st;
    assert_int_equal(stat("/proc/self/exe", &st), 0);
    assert_true(code->inode == st.st_ino);
    char exe[4096] = "";
    assert_true(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
    assert_string_equal(code->path, exe);
    gw_maps_free(&maps);
    munmap(area, N * page);
}

static void leave(void *data)
{
    (void)data;
    _exit(0);
}

static void test_zombie_and_nobody(void **state)
{
    (void)state;
    pid_t pid = child_start(leave, NULL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    struct gw_maps maps;
    assert_int_equal(gw_maps_read(pid, &maps), 0);
    assert_int_equal(maps.n, 0);
    gw_maps_free(&maps);
    child_end(pid);
    assert_int_equal(gw_maps_read(pid, &maps), -ESRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),      cmocka_unit_test(test_find),
        cmocka_unit_test(test_empty),       cmocka_unit_test(test_overlap_is_cut),
        cmocka_unit_test(test_bad_lines),   cmocka_unit_test(test_limit),
        cmocka_unit_test(test_own_process), cmocka_unit_test(test_zombie_and_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
