/* SPDX-License-Identifier: Apache-2.0 */
#include "config_rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* --- conditions ------------------------------------------------------------------------------- */

static int take_pattern(struct gw_yaml *yaml, yaml_node_t *value, const char *what,
                        struct gw_pattern *out)
{
    char why[128];
    const char *text = gw_yaml_text(yaml, value, what);
    if (!text)
        return -GW_E_BAD_DATA;
    if (!gw_pattern_compile(text, out, why, sizeof why))
        return gw_yaml_refuse(yaml, value, "%s: '%s' is no regular expression: %s", what, text,
                              why);
    return 0;
}

#define GW_TAKE_PATTERN(name, member)                                                              \
    static int take_##member(struct gw_yaml *yaml, yaml_node_t *value, void *context)              \
    {                                                                                              \
        struct gw_rule *rule = context;                                                            \
        return take_pattern(yaml, value, #member, &rule->texts[GW_RULE_##name]);                   \
    }
GW_RULE_TEXT_LIST(GW_TAKE_PATTERN)
#undef GW_TAKE_PATTERN

static int copy_text(struct gw_yaml *yaml, yaml_node_t *value, const char *what, char **out)
{
    const char *text = gw_yaml_text(yaml, value, what);
    if (!text)
        return -GW_E_BAD_DATA;
    *out = strdup(text);
    return *out ? 0 : -ENOMEM;
}

static int take_python(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    const char *text = gw_yaml_text(yaml, value, "python");
    if (text && strspn(text, "0123456789.") != strlen(text))
        return gw_yaml_refuse(yaml, value, "python: '%s' is no version: give 3.12 or 3.12.1", text);
    return copy_text(yaml, value, "python", &rule->python);
}

static int take_min_age(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    return gw_yaml_duration(yaml, value, "min_age", &rule->min_age_ns);
}

static int take_variable(struct gw_yaml *yaml, yaml_node_t *key, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    if (rule->n_variables == GW_MAX_VARIABLES)
        return gw_yaml_refuse(yaml, key, "more than %u variables in one rule", GW_MAX_VARIABLES);
    struct gw_rule_variable *variable = &rule->variables[rule->n_variables++];
    int err = copy_text(yaml, key, "a variable", &variable->name);
    return err ? err : take_pattern(yaml, value, variable->name, &variable->pattern);
}

static int take_env(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    rule->variables = calloc(GW_MAX_VARIABLES, sizeof *rule->variables);
    return rule->variables ? gw_yaml_pairs(yaml, value, "env", take_variable, rule) : -ENOMEM;
}

static const struct gw_yaml_key match_keys[] = {
#define GW_MATCH_KEY(name, member) {#member, take_##member},
    GW_RULE_TEXT_LIST(GW_MATCH_KEY)
#undef GW_MATCH_KEY
        {"env", take_env},
    {"python", take_python},
    {"min_age", take_min_age},
};

static int take_match(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    return gw_yaml_mapping(yaml, value, "match", match_keys, LENGTH(match_keys), context);
}

/* --- what follows ----------------------------------------------------------------------------- */

static int take_name(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    return copy_text(yaml, value, "name", &rule->name);
}

static int take_action(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    const char *text = gw_yaml_text(yaml, value, "action");
    if (!text)
        return -GW_E_BAD_DATA;
    rule->ignore = strcmp(text, "ignore") == 0;
    if (!rule->ignore && strcmp(text, "profile") != 0)
        return gw_yaml_refuse(yaml, value, "action: '%s' is neither profile nor ignore", text);
    return 0;
}

static int take_rate(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    return gw_yaml_number(yaml, value, "rate", GW_MIN_RATE_HZ, GW_MAX_AGENT_RATE_HZ,
                          &rule->rate_hz);
}

static int take_service(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    const char *text = gw_yaml_text(yaml, value, "service");
    if (text && strlen(text) >= GW_MAX_SERVICE)
        return gw_yaml_refuse(yaml, value, "service: longer than %u bytes", GW_MAX_SERVICE - 1);
    return copy_text(yaml, value, "service", &rule->service);
}

/* Names of labels as Prometheus has them; those that begin with "__" are its own. */
static bool is_label_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    return strspn(name, letters) > 0 && strncmp(name, "__", 2) != 0 &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")] ==
               '\0';
}

/* The agent's own labels, and those that Prometheus puts on whatever it scrapes. */
static bool is_taken(const char *name)
{
    static const char *const taken[] = {"service", "state", "function", "file", "job", "instance"};
    for (size_t i = 0; i < LENGTH(taken); i++)
        if (strcmp(name, taken[i]) == 0)
            return true;
    return false;
}

static int take_label(struct gw_yaml *yaml, yaml_node_t *key, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    const char *name = (const char *)key->data.scalar.value;
    if (!is_label_name(name))
        return gw_yaml_refuse(yaml, key, "'%s' is no name of a label: letters, digits and _", name);
    if (is_taken(name))
        return gw_yaml_refuse(yaml, key, "the label '%s' is set by gilwait or Prometheus", name);
    if (rule->n_labels == GW_MAX_LABELS)
        return gw_yaml_refuse(yaml, key, "more than %u labels in one rule", GW_MAX_LABELS);
    struct gw_label *label = &rule->labels[rule->n_labels++];
    int err = copy_text(yaml, key, "a label", &label->name);
    return err ? err : copy_text(yaml, value, name, &label->value);
}

static int take_labels(struct gw_yaml *yaml, yaml_node_t *value, void *context)
{
    struct gw_rule *rule = context;
    rule->labels = calloc(GW_MAX_LABELS, sizeof *rule->labels);
    return rule->labels ? gw_yaml_pairs(yaml, value, "labels", take_label, rule) : -ENOMEM;
}

static const struct gw_yaml_key rule_keys[] = {
    {"name", take_name}, {"match", take_match},     {"action", take_action},
    {"rate", take_rate}, {"service", take_service}, {"labels", take_labels},
};

int gw_config_read_rule(struct gw_yaml *yaml, yaml_node_t *node, struct gw_rule *rule)
{
    return gw_yaml_mapping(yaml, node, "a rule", rule_keys, LENGTH(rule_keys), rule);
}
