/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool gw_pattern_compile(const char *text, struct gw_pattern *out, char *why, size_t cap)
{
    int error;
    size_t at;
    if (strlen(text) > GW_MAX_PATTERN) {
        snprintf(why, cap, "longer than %u bytes", GW_MAX_PATTERN);
        return false;
    }
    out->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                              PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL, &error, &at, NULL);
    if (!out->code)
        pcre2_get_error_message(error, (PCRE2_UCHAR *)why, cap);
    return out->code != NULL;
}

/* A text for which the limits do not reach counts as one that does not match. */
static bool pattern_matches(const struct gw_pattern *pattern, const char *text)
{
    if (!pattern->code)
        return true;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    bool matches = false;
    if (data && limits) {
        pcre2_set_match_limit(limits, GW_MAX_PATTERN_STEPS);
        pcre2_set_heap_limit(limits, GW_MAX_PATTERN_KIB);
        matches = pcre2_match(pattern->code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, data,
                              limits) >= 0;
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    return matches;
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
        pcre2_code_free(rule->texts[i].code);
    for (size_t i = 0; i < rule->n_variables; i++) {
        pcre2_code_free(rule->variables[i].pattern.code);
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
