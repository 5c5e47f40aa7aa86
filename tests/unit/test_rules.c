/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static bool variable(const void *context, const char *name, char *out, size_t cap)
{
    (void)context;
    if (strcmp(name, "STAGE") != 0)
        return false;
    snprintf(out, cap, "prod");
    return true;
}

static const struct gw_rule_subject subject = {
    .exe = "/usr/bin/python3.12",
    .command = "python3 -m gunicorn app:app",
    .user = "www-data",
    .cgroup = "/system.slice/web.service",
    .unit = "web.service",
    .container = "",
    .python = "3.12.1",
    .age_ns = 10 * GW_NS_PER_S,
    .variable = variable,
};

static bool matches(const struct gw_rule *rule)
{
    return gw_rules_find(rule, 1, &subject) == 0;
}

static bool text_matches(enum gw_rule_text text, const char *pattern)
{
    char why[64];
    struct gw_rule rule = {0};
    assert_true(gw_pattern_compile(pattern, &rule.texts[text], why, sizeof why));
    bool found = matches(&rule);
    gw_rule_fini(&rule);
    return found;
}

static void test_texts(void **state)
{
    (void)state;
    assert_true(text_matches(GW_RULE_EXE, "/usr/bin/python3\\.[0-9]+"));
    assert_true(text_matches(GW_RULE_COMMAND, ".*gunicorn.*"));
    assert_true(text_matches(GW_RULE_USER, "root|www-data"));
    assert_true(text_matches(GW_RULE_CGROUP, "/system\\.slice/.*"));
    assert_true(text_matches(GW_RULE_UNIT, "web\\.service"));
    assert_true(text_matches(GW_RULE_CONTAINER, ""));
    assert_false(text_matches(GW_RULE_CONTAINER, ".+"));
    assert_false(text_matches(GW_RULE_USER, "root"));
}

/* All of a text: "root|www" is not the beginning of an alternative. */
static void test_anchored(void **state)
{
    (void)state;
    assert_false(text_matches(GW_RULE_COMMAND, "gunicorn"));
    assert_false(text_matches(GW_RULE_USER, "root|www"));
    assert_false(text_matches(GW_RULE_USER, "data|x"));
}

static void test_python(void **state)
{
    (void)state;
    static const struct {
        const char *wanted;
        bool found;
    } rows[] = {{"3", true}, {"3.12", true}, {"3.12.1", true}, {"3.1", false}, {"3.12.10", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct gw_rule rule = {.python = strdup(rows[i].wanted)};
        assert_int_equal(matches(&rule), rows[i].found);
        gw_rule_fini(&rule);
    }
}

static void test_age(void **state)
{
    (void)state;
    assert_true(matches(&(struct gw_rule){.min_age_ns = 10 * GW_NS_PER_S}));
    assert_false(matches(&(struct gw_rule){.min_age_ns = 10 * GW_NS_PER_S + 1}));
}

static bool variable_matches(const char *name, const char *pattern)
{
    char why[64];
    struct gw_rule rule = {.variables = calloc(1, sizeof *rule.variables), .n_variables = 1};
    rule.variables[0].name = strdup(name);
    assert_true(gw_pattern_compile(pattern, &rule.variables[0].pattern, why, sizeof why));
    bool found = matches(&rule);
    gw_rule_fini(&rule);
    return found;
}

static void test_variables(void **state)
{
    (void)state;
    assert_true(variable_matches("STAGE", "prod|test"));
    assert_false(variable_matches("STAGE", "test"));
    assert_false(variable_matches("OTHER", ".*"));
}

static void test_first_wins(void **state)
{
    (void)state;
    struct gw_rule rules[3] = {{.min_age_ns = UINT64_MAX}, {.rate_hz = 1}, {.rate_hz = 2}};
    assert_int_equal(gw_rules_find(rules, 3, &subject), 1);
    assert_int_equal(gw_rules_find(rules, 1, &subject), 1); /* none */
    assert_int_equal(gw_rules_find(NULL, 0, &subject), 0);
}

static void test_bad_patterns(void **state)
{
    (void)state;
    char why[64] = "", long_one[GW_MAX_PATTERN + 2];
    struct gw_pattern pattern = {0};
    assert_false(gw_pattern_compile("a[", &pattern, why, sizeof why));
    assert_true(why[0] != '\0' && !pattern.code);
    /* Neither costs gigabytes or hours. */
    assert_true(gw_pattern_compile("(((g+)+)+)+x", &pattern, why, sizeof why));
    struct gw_rule rule = {.texts[GW_RULE_USER] = pattern};
    struct gw_rule_subject many = subject;
    many.user = "gggggggggggggggggggggggggggggggggggggggggggggggggggggggg";
    assert_int_equal(gw_rules_find(&rule, 1, &many), 1);
    gw_rule_fini(&rule);
    assert_false(gw_pattern_compile("((a{999}){999}){999}", &pattern, why, sizeof why));
    memset(long_one, 'a', sizeof long_one);
    long_one[sizeof long_one - 1] = '\0';
    assert_false(gw_pattern_compile(long_one, &pattern, why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),        cmocka_unit_test(test_anchored),
        cmocka_unit_test(test_python),       cmocka_unit_test(test_age),
        cmocka_unit_test(test_variables),    cmocka_unit_test(test_first_wins),
        cmocka_unit_test(test_bad_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
