/* SPDX-License-Identifier: Apache-2.0 */
/* The table of processes on a live host; what a Python is in it,
 * tests/integration/test_agent_discover.py tells. */
#include "processes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "discover_table.h"
#include "support/child.h"

static int scan(struct gw_processes *all, uint64_t now_ns)
{
    struct gw_config config;
    assert_int_equal(gw_config_init(&config), 0);
    int err = gw_processes_scan(all, &config, now_ns);
    gw_config_fini(&config);
    return err;
}

static void test_come_and_go(void **state)
{
    (void)state;
    struct gw_processes all = {0};
    uint64_t now_ns = gw_monotonic_ns();
    assert_int_equal(scan(&all, now_ns), 0);
    const struct gw_process *own = gw_processes_find(&all, getpid());
    assert_non_null(own);
    assert_int_equal(own->verdict, GW_VERDICT_NOT_PYTHON);
    assert_int_equal(own->parent_pid, getppid());
    pid_t child = child_start(NULL, NULL);
    assert_null(gw_processes_find(&all, child));
    assert_int_equal(scan(&all, now_ns), 0);
    assert_non_null(gw_processes_find(&all, child));
    child_end(child);
    assert_int_equal(scan(&all, now_ns), 0);
    assert_null(gw_processes_find(&all, child));
    gw_processes_fini(&all);
}

/* What is no Python is asked again, after ever longer pauses. */
static void test_pauses(void **state)
{
    (void)state;
    struct gw_processes all = {0};
    uint64_t now_ns = gw_monotonic_ns();
    assert_int_equal(scan(&all, now_ns), 0);
    uint64_t first = gw_processes_find(&all, getpid())->look_ns;
    assert_true(first > now_ns);
    assert_int_equal(scan(&all, first - 1), 0);
    assert_true(gw_processes_find(&all, getpid())->look_ns == first);
    assert_int_equal(scan(&all, first), 0);
    assert_true(gw_processes_find(&all, getpid())->look_ns - first > first - now_ns);
    gw_processes_fini(&all);
}

static char service_name[] = "a\nb", why_text[] = "rule 1", exe_text[] = "/x";

static struct gw_process made(pid_t pid, pid_t leader)
{
    return (struct gw_process){.pid = pid,
                               .leader = leader,
                               .verdict = GW_VERDICT_PROFILE,
                               .is_python = true,
                               .version = "3.12.1",
                               .exe = exe_text,
                               .service = service_name,
                               .why = why_text};
}

static void test_table(void **state)
{
    (void)state;
    struct gw_process items[] = {made(7, 30), made(8, 8), made(30, 30), {.pid = 31}};
    struct gw_processes all = {.items = items, .n = 4};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(gw_discover_table(out, &all), 0);
    fclose(out);
    assert_string_equal(text, "PID  PYTHON  USER  SERVICE  GROUP  VERDICT  WHY\n"
                              "  8  3.12.1  root  a\\nb         8  profile  rule 1\n"
                              "  7  3.12.1  root  a\\nb        30  profile  rule 1\n"
                              " 30  3.12.1  root  a\\nb        30  profile  rule 1\n"
                              "4 processes looked at, 1 not python, 3 profile\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_come_and_go),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
