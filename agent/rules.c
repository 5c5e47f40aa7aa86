/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool gw_pattern_compile(const char *text, struct gw_pattern *out, char *why, size_t cap)
{
    char anchored[GW_MAX_PATTERN + 8];
    if (strlen(text) > GW_MAX_PATTERN) {
        snprintf(why, cap, "longer than %u bytes", GW_MAX_PATTERN);
        return false;
    }
    snprintf(anchored, sizeof anchored, "^(%s)$", text);
    int err = regcomp(&out->regex, anchored, REG_EXTENDED | REG_NOSUB);
    if (err)
        regerror(err, &out->regex, why, cap);
    out->given = err == 0;
    return out->given;
}

static bool pattern_matches(const struct gw_pattern *pattern, const char *text)
{
    return !pattern->given || regexec(&pattern->regex, text, 0, NULL, 0) == 0;
}

static bool texts_match(const struct gw_rule *rule, const struct gw_rule_subject *subject)
{
#define GW_RULE_TEXT_MATCH(name, member)                                                           \
    if (!pattern_matches(&rule->texts[GW_RULE_##name], subject->member))                           \
        return false;
    GW_RULE_TEXT_LIST(GW_RULE_TEXT_MATCH)
#undef GW_RULE_TEXT_MATCH
    return true;
}

/* "3.1" is not the beginning of "3.12". */
static bool version_matches(const char *wanted, const char *version)
{
    size_t len = strlen(wanted);
    return strncmp(version, wanted, len) == 0 && (version[len] == '\0' || version[len] == '.');
}

static bool variables_match(const struct gw_rule *rule, const struct gw_rule_subject *subject)
{
    char value[GW_MAX_STRING];
    for (size_t i = 0; i < rule->n_variables; i++)
        if (!subject->variable ||
            !subject->variable(subject->context, rule->variables[i].name, value, sizeof value) ||
            !pattern_matches(&rule->variables[i].pattern, value))
            return false;
    return true;
}

static bool rule_matches(const struct gw_rule *rule, const struct gw_rule_subject *subject)
{
    return subject->age_ns >= rule->min_age_ns &&
           (!rule->python || version_matches(rule->python, subject->python)) &&
           texts_match(rule, subject) && variables_match(rule, subject);
}

size_t gw_rules_find(const struct gw_rule *rules, size_t n, const struct gw_rule_subject *subject)
{
    size_t i = 0;
    while (i < n && !rule_matches(&rules[i], subject))
        i++;
    return i;
}

void gw_rule_fini(struct gw_rule *rule)
{
    for (size_t i = 0; i < GW_N_RULE_TEXTS; i++)
        if (rule->texts[i].given)
            regfree(&rule->texts[i].regex);
    for (size_t i = 0; i < rule->n_variables; i++) {
        if (rule->variables[i].pattern.given)
            regfree(&rule->variables[i].pattern.regex);
        free(rule->variables[i].name);
    }
    for (size_t i = 0; i < rule->n_labels; i++) {
        free(rule->labels[i].name);
        free(rule->labels[i].value);
    }
    free(rule->variables);
    free(rule->labels);
    free(rule->name);
    free(rule->python);
    free(rule->service);
    *rule = (struct gw_rule){0};
}
