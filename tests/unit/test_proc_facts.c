/* SPDX-License-Identifier: Apache-2.0 */
#include "target/proc_facts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "support/child.h"

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct gw_span span(const char *text)
{
    return gw_span_of(text, strlen(text));
}

static void test_uid(void **state)
{
    (void)state;
    uid_t uid = 7;
    assert_int_equal(gw_proc_uid_parse(span("Name:\tx\nUid:\t1000\t33\t33\t33\nGid:\t1\n"), &uid),
                     0);
    assert_int_equal(uid, 33);
    static const char *const bad[] = {
        "", "Uid:", "Uid:\t1\n2", "XUid:\t1\t2\n", "Uid:\t1\t-2\n", "Uid:\t1\t4294967296\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(gw_proc_uid_parse(span(bad[i]), &uid), -GW_E_BAD_DATA);
    assert_int_equal(uid, 33);
}

static void test_cgroup(void **state)
{
    (void)state;
    char path[64];
    assert_true(gw_proc_cgroup_parse(span("0::/a/b.service\n"), path, sizeof path));
    assert_string_equal(path, "/a/b.service");
    /* Version 2 goes before systemd's hierarchy of version 1, and that before any other. */
    assert_true(
        gw_proc_cgroup_parse(span("5:cpu,cpuacct:/x\n1:name=systemd:/y\n"), path, sizeof path));
    assert_string_equal(path, "/y");
    assert_true(gw_proc_cgroup_parse(span("1:name=systemd:/y\n0::/z:1\n"), path, sizeof path));
    assert_string_equal(path, "/z:1");
    assert_true(gw_proc_cgroup_parse(span("5:cpu:/x"), path, sizeof path));
    assert_string_equal(path, "/x");
    assert_true(gw_proc_cgroup_parse(span("6:cpu:/first\n5:pids:/second\n"), path, sizeof path));
    assert_string_equal(path, "/first");
    assert_false(gw_proc_cgroup_parse(span(""), path, sizeof path));
    assert_false(gw_proc_cgroup_parse(span("nothing\n5:half\n"), path, sizeof path));
}

static void test_unit(void **state)
{
    (void)state;
    char unit[32] = "";
    assert_true(gw_cgroup_unit("/system.slice/web.service", unit, sizeof unit));
    assert_string_equal(unit, "web.service");
    assert_true(gw_cgroup_unit("/user@1.service/app.slice/b.service/sub", unit, sizeof unit));
    assert_string_equal(unit, "b.service");
    assert_false(gw_cgroup_unit("/", unit, sizeof unit));
    assert_false(gw_cgroup_unit("/user.slice/session-1.scope", unit, sizeof unit));
    assert_false(gw_cgroup_unit("/.service", unit, sizeof unit));
    assert_false(gw_cgroup_unit("/a-name-that-is-longer-than-the-room.service", unit, sizeof unit));
}

static void test_container(void **state)
{
    (void)state;
    char id[GW_CONTAINER_ID + 1];
    assert_true(gw_cgroup_container("/docker/" DIGITS, id));
    assert_string_equal(id, DIGITS);
    assert_true(gw_cgroup_container("/kubepods.slice/cri-containerd-" DIGITS ".scope", id));
    assert_string_equal(id, DIGITS);
    assert_false(gw_cgroup_container("/docker/0" DIGITS, id));
    assert_false(gw_cgroup_container("/docker/0123", id));
}

static void test_environ(void **state)
{
    (void)state;
    static const char bytes[] = "AB=1\0A=two=2\0C=\0\0D=cut";
    struct gw_span all = gw_span_of(bytes, sizeof bytes - 1);
    char value[32];
    assert_true(gw_environ_find(all, "A", value, sizeof value));
    assert_string_equal(value, "two=2");
    assert_true(gw_environ_find(all, "C", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(gw_environ_find(all, "D", value, sizeof value));
    assert_false(gw_environ_find(all, "B", value, sizeof value));
}

static void test_all_of_a_process(void **state)
{
    (void)state;
    static struct gw_proc_facts facts;
    char exe[4096];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    assert_true(len > 0);
    exe[len] = '\0';
    assert_int_equal(gw_proc_facts_read(getpid(), &facts), 0);
    assert_int_equal(facts.pid, getpid());
    assert_int_equal(facts.parent_pid, getppid());
    assert_int_equal(facts.uid, geteuid());
    assert_string_equal(facts.exe, exe);
    assert_non_null(strstr(facts.command, "test_proc_facts"));
    assert_false(facts.kernel_thread || facts.zombie);
    assert_true(facts.age_ns < 3600 * GW_NS_PER_S);
}

static void exit_at_once(void *data)
{
    (void)data;
    _exit(0);
}

static void test_zombie_and_nobody(void **state)
{
    (void)state;
    static struct gw_proc_facts facts;
    pid_t pid = fork();
    if (pid == 0)
        exit_at_once(NULL);
    CHILD_AWAIT(gw_proc_facts_read(pid, &facts) == 0 && facts.zombie);
    assert_true(facts.zombie);
    waitpid(pid, NULL, 0);
    assert_int_equal(gw_proc_facts_read(pid, &facts), -ESRCH);
}

static void test_variable_of_a_process(void **state)
{
    (void)state;
    char value[32];
    /* What execve(2) was given, not what setenv(3) has made of it. */
    setenv("GW_TEST_LATER", "1", 1);
    assert_true(gw_proc_env(getpid(), "GW_TEST_GIVEN", value, sizeof value));
    assert_string_equal(value, "yes");
    assert_false(gw_proc_env(getpid(), "GW_TEST_LATER", value, sizeof value));
}

int main(int argc, char **argv)
{
    (void)argc;
    if (!getenv("GW_TEST_GIVEN")) {
        setenv("GW_TEST_GIVEN", "yes", 1);
        execv("/proc/self/exe", argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uid),
        cmocka_unit_test(test_cgroup),
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_environ),
        cmocka_unit_test(test_all_of_a_process),
        cmocka_unit_test(test_zombie_and_nobody),
        cmocka_unit_test(test_variable_of_a_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
