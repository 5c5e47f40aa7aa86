/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static int parse(const char *text, struct gw_config *out, struct gw_diag *diag)
{
    *diag = (struct gw_diag){0};
    return gw_config_parse(gw_span_of(text, strlen(text)), "a.yaml", out, diag);
}

/* The text is refused at this line, in words that hold these. */
static void assert_refused(const char *text, const char *where, const char *why)
{
    struct gw_config config;
    struct gw_diag diag;
    assert_int_equal(parse(text, &config, &diag), -GW_E_BAD_DATA);
    assert_string_equal(diag.what, where);
    if (!strstr(diag.why, why))
        fail_msg("'%s' does not say '%s'", diag.why, why);
}

static void test_defaults(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "# nothing\n", "{}\n"};
    for (size_t i = 0; i < 3; i++) {
        struct gw_config config;
        struct gw_diag diag;
        assert_int_equal(parse(empty[i], &config, &diag), 0);
        assert_int_equal(config.n_rules, 0);
        assert_true(config.min_age_ns == 2 * GW_NS_PER_S);
        assert_string_equal(config.host, "127.0.0.1");
        assert_true(config.max_cpu == 0.02 && config.max_rate_hz == 100 && !config.token);
        assert_int_equal(config.n_service_variables, 2);
        assert_string_equal(config.service_variables[0], "OTEL_SERVICE_NAME");
        gw_config_fini(&config);
    }
}

static void test_everything(void **state)
{
    (void)state;
    struct gw_config config;
    struct gw_diag diag;
    assert_int_equal(parse("listen: '[::1]:80'\n"
                           "max_cpu: 5%\n"
                           "max_rate: 20\n"
                           "max_memory: 1GiB\n"
                           "scan_interval: 10s\n"
                           "min_age: 5s\n"
                           "service_variables: [APP]\n"
                           "rules:\n"
                           "  - name: web\n"
                           "    match:\n"
                           "      command: '.*gunicorn.*'\n"
                           "      python: 3.12\n"
                           "      min_age: 1m\n"
                           "      env: {STAGE: prod, ZONE: '.*'}\n"
                           "    rate: 50\n"
                           "    service: shop\n"
                           "    labels: {team: red, tier: '1'}\n"
                           "  - action: ignore\n",
                           &config, &diag),
                     0);
    assert_string_equal(config.host, "::1");
    assert_int_equal(config.port, 80);
    assert_true(config.max_cpu == 0.05 && config.max_rate_hz == 20);
    assert_true(config.max_memory_bytes == 1u << 30 && config.scan_ns == 10 * GW_NS_PER_S);
    assert_true(config.min_age_ns == 5 * GW_NS_PER_S);
    assert_int_equal(config.n_service_variables, 1);
    assert_int_equal(config.n_rules, 2);
    const struct gw_rule *rule = &config.rules[0];
    assert_string_equal(rule->name, "web");
    assert_true(rule->texts[GW_RULE_COMMAND].code && !rule->texts[GW_RULE_USER].code);
    assert_string_equal(rule->python, "3.12");
    assert_true(rule->min_age_ns == 60 * GW_NS_PER_S);
    assert_int_equal(rule->n_variables, 2);
    assert_string_equal(rule->variables[1].name, "ZONE");
    assert_true(rule->rate_hz == 50 && !rule->ignore);
    assert_string_equal(rule->service, "shop");
    assert_int_equal(rule->n_labels, 2);
    assert_string_equal(rule->labels[0].value, "red");
    assert_true(config.rules[1].ignore && !config.rules[1].name);
    gw_config_fini(&config);
}

static void test_errors_say_where(void **state)
{
    (void)state;
    assert_refused("min_age: 1s\nmin_agee: 2s\n", "a.yaml:2", "'min_agee'");
    assert_refused("min_age: 1s\nmin_age: 2s\n", "a.yaml:2", "twice");
    assert_refused("\nmin_age: soon\n", "a.yaml:2", "'soon' is no length of time");
    assert_refused("min_age: [1s]\n", "a.yaml:1", "single value");
    assert_refused("rules: 1\n", "a.yaml:1", "list");
    assert_refused("rules:\n  - 1\n", "a.yaml:2", "mapping");
    assert_refused("rules:\n  - match:\n      user: '('\n", "a.yaml:3", "regular expression");
    assert_refused("rules:\n  - match: {userr: x}\n", "a.yaml:2", "exe, command, user");
    assert_refused("rules:\n  - action: profil\n", "a.yaml:2", "neither");
    assert_refused("rules:\n  - rate: 0\n", "a.yaml:2", "no number from 0.1 to 1000");
    assert_refused("rules:\n  - rate: nan\n", "a.yaml:2", "no number");
    assert_refused("rules:\n  - labels: {a-b: c}\n", "a.yaml:2", "no name of a label");
    assert_refused("rules:\n  - labels: {__x: c}\n", "a.yaml:2", "no name of a label");
    assert_refused("rules:\n  - labels: {service: c}\n", "a.yaml:2", "set by gilwait");
    assert_refused("rules:\n  - match: {python: three}\n", "a.yaml:2", "no version");
    assert_refused("rules:\n  - service: ''\n", "a.yaml:2", "empty");
    assert_refused("min_age: 1s\n---\nmin_age: 2s\n", "a.yaml:3", "second document");
    assert_refused("rules: [\n", "a.yaml:2", "");
    assert_refused("a: b: c\n", "a.yaml:1", "");
    assert_refused("listen: localhost:80\n", "a.yaml:1", "ADDRESS:PORT");
    assert_refused("min_age: 1s\nlisten: 0.0.0.0:80\n", "a.yaml:2", "name a token_file");
    assert_refused("token_file: /nonexistent\n", "a.yaml:1", "cannot read /nonexistent");
    assert_refused("max_cpu: 101%\n", "a.yaml:1", "percent of one CPU");
    assert_refused("max_rate: 1001\n", "a.yaml:1", "from 0.1 to 1000");
    assert_refused("max_memory: 128\n", "a.yaml:1", "128MiB");
    assert_refused("scan_interval: 0.01\n", "a.yaml:1", "less than 0.1 s");
    assert_refused("- 1\n", "a.yaml:1", "mapping");
}

/* A list in itself is a graph with a circle. */
static void test_alias_of_itself(void **state)
{
    (void)state;
    assert_refused("rules: &a\n  - *a\n", "a.yaml:1", "mapping");
}

static void test_file(void **state)
{
    (void)state;
    struct gw_config config;
    struct gw_diag diag = {0};
    assert_int_equal(gw_config_read(NULL, &config, &diag), 0);
    gw_config_fini(&config);
    assert_int_equal(gw_config_read("/nonexistent/a.yaml", &config, &diag), -ENOENT);
    assert_string_equal(diag.what, "cannot read /nonexistent/a.yaml");
    assert_int_equal(gw_config_read("/", &config, &diag), -EISDIR);
    assert_int_equal(gw_config_read("/dev/zero", &config, &diag), -GW_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_errors_say_where),
        cmocka_unit_test(test_alias_of_itself),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
