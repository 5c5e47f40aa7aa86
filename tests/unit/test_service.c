/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct gw_proc_facts facts;
static char name[GW_MAX_SERVICE];

static const char *told(const char *cgroup, char *first, char *second)
{
    struct gw_config config = {.service_variables = {first, second}, .n_service_variables = 2};
    facts = (struct gw_proc_facts){.pid = getpid()};
    snprintf(facts.cgroup, sizeof facts.cgroup, "%s", cgroup);
    return gw_service_told(&config, &facts, name) ? name : NULL;
}

static void test_told(void **state)
{
    (void)state;
    char one[] = "GW_TEST_SERVICE", none[] = "GW_TEST_NONE", empty[] = "GW_TEST_EMPTY";
    assert_string_equal(told("/system.slice/web.service", none, one), "shop");
    assert_string_equal(told("/system.slice/web.service", none, empty), "web");
    assert_null(told("/user.slice/user@1000.service/x.scope", none, none));
    assert_null(told("/", none, none));
}

static const char *found(const char *exe, const char *argv, size_t len)
{
    facts = (struct gw_proc_facts){.pid = 42, .argv_len = len};
    snprintf(facts.exe, sizeof facts.exe, "%s", exe);
    memcpy(facts.argv, argv, len);
    gw_service_found(&facts, name);
    return name;
}

static void test_found(void **state)
{
    (void)state;
    assert_string_equal(found("/usr/bin/python3", "python3\0/srv/app.py", 20), "app");
    assert_string_equal(found("/usr/bin/python3", "python3", 8), "python3");
    assert_string_equal(found("", "", 0), "pid 42");
}

int main(int argc, char **argv)
{
    (void)argc;
    /* Of a process the environment that execve(2) was given is seen. */
    if (!getenv("GW_TEST_SERVICE")) {
        setenv("GW_TEST_SERVICE", "shop", 1);
        setenv("GW_TEST_EMPTY", "", 1);
        execv("/proc/self/exe", argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
