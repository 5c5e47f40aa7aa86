/* SPDX-License-Identifier: Apache-2.0 */
#include "target/rmem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/child.h"

#define N_PAGES 4

/* Page 0 and 2 hold a pattern; 1 and 3 are not mapped. The child has the same addresses. */
struct fixture {
    uint8_t *pages;
    size_t page;
    pid_t pid;
    struct gw_rmem memory;
};

static uint8_t pattern(size_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251);
}

static gw_raddr remote(const struct fixture *f, size_t page, size_t offset)
{
    return (gw_raddr)(uintptr_t)f->pages + page * f->page + offset;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->page = (size_t)sysconf(_SC_PAGESIZE);
    f->pages =
        mmap(NULL, N_PAGES * f->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(f->pages != MAP_FAILED);
    for (size_t i = 0; i < N_PAGES * f->page; i++)
        f->pages[i] = pattern(i);
    munmap(f->pages + f->page, f->page);
    munmap(f->pages + 3 * f->page, f->page);
    f->pid = child_start(NULL, NULL);
    f->memory = gw_rmem_of(f->pid);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    child_end(f->pid);
    munmap(f->pages, f->page);
    munmap(f->pages + 2 * f->page, f->page);
    free(f);
    return 0;
}

static void test_read_gets_the_bytes(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[100] = {0};
    assert_int_equal(gw_rmem_read(&f->memory, remote(f, 2, 5), buf, sizeof buf), 0);
    for (size_t i = 0; i < sizeof buf; i++)
        assert_int_equal(buf[i], pattern(2 * f->page + 5 + i));
}

static void test_hole_is_told_apart_from_failure(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[64];
    gw_raddr before_hole = remote(f, 0, f->page - 24);
    assert_int_equal(gw_rmem_read(&f->memory, before_hole, buf, sizeof buf), -EFAULT);
    assert_int_equal(gw_rmem_read_some(&f->memory, before_hole, buf, sizeof buf), 24);
    assert_int_equal(buf[23], pattern(f->page - 1));
    assert_int_equal(gw_rmem_read_some(&f->memory, remote(f, 1, 0), buf, sizeof buf), 0);
    assert_int_equal(gw_rmem_read_some(&f->memory, 0, buf, sizeof buf), 0);
}

/* More ranges than one system call takes, each third with a hole in its middle, each fourth
 * unmapped: none spoils its neighbours. */
static void test_batch_with_holes(void **state)
{
    struct fixture *f = *state;
    enum { N = 1500, LEN = 16 };
    static uint8_t bufs[N][LEN];
    static struct gw_rmem_range ranges[N];
    for (size_t i = 0; i < N; i++) {
        gw_raddr addr = remote(f, 2, i);
        if (i % 4 == 0)
            addr = remote(f, 3, i);
        else if (i % 3 == 0)
            addr = remote(f, 0, f->page - 10);
        ranges[i] = (struct gw_rmem_range){.addr = addr, .buf = bufs[i], .len = LEN, .got = 999};
    }
    assert_int_equal(gw_rmem_readv(&f->memory, ranges, N), 0);
    for (size_t i = 0; i < N; i++) {
        size_t expected = i % 4 == 0 ? 0 : i % 3 == 0 ? 10 : LEN;
        assert_int_equal(ranges[i].got, expected);
        size_t offset = (size_t)(ranges[i].addr - remote(f, 0, 0));
        for (size_t k = 0; k < expected; k++)
            assert_int_equal(bufs[i][k], pattern(offset + k));
    }
}

static void test_empty_ranges(void **state)
{
    struct fixture *f = *state;
    uint8_t byte = 0;
    struct gw_rmem_range ranges[] = {
        {.addr = remote(f, 1, 0), .buf = &byte, .len = 0, .got = 9},
        {.addr = remote(f, 0, 3), .buf = &byte, .len = 1, .got = 9},
        {.addr = remote(f, 0, 0), .buf = &byte, .len = 0, .got = 9},
    };
    assert_int_equal(gw_rmem_readv(&f->memory, ranges, 3), 0);
    assert_int_equal(ranges[0].got, 0);
    assert_int_equal(ranges[1].got, 1);
    assert_int_equal(ranges[2].got, 0);
    assert_int_equal(byte, pattern(3));
    assert_int_equal(gw_rmem_readv(&f->memory, ranges, 0), 0);
}

static void test_process_that_has_ended(void **state)
{
    (void)state;
    pid_t pid = child_start(NULL, NULL);
    struct gw_rmem memory = gw_rmem_of(pid);
    child_end(pid);
    char byte;
    assert_int_equal(gw_rmem_read(&memory, (gw_raddr)(uintptr_t)&byte, &byte, 1), -ESRCH);
}

static void test_without_the_right(void **state)
{
    struct fixture *f = *state;
    if (geteuid() != 0) {
        print_message("skipped: only root can give up its rights\n");
        skip();
    }
    pid_t pid = fork();
    if (pid == 0) {
        char byte;
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(99);
        _exit(gw_rmem_read(&f->memory, remote(f, 0, 0), &byte, 1) == -EPERM ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_gets_the_bytes),
        cmocka_unit_test(test_hole_is_told_apart_from_failure),
        cmocka_unit_test(test_batch_with_holes),
        cmocka_unit_test(test_empty_ranges),
        cmocka_unit_test(test_process_that_has_ended),
        cmocka_unit_test(test_without_the_right),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
