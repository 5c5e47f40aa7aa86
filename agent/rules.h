/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are meant: rules in order, and the first that matches decides. Pure: a rule sees
 * the facts of a process and nothing else.
 */
#ifndef GW_AGENT_RULES_H
#define GW_AGENT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

/* What a rule may look at; texts that are not known are "". */
struct gw_rule_subject {
    const char *exe;       /* path of the executable */
    const char *command;   /* arguments, a space between two */
    const char *user;      /* name of the effective user, or the number if it has none here */
    const char *cgroup;    /* path of the control group */
    const char *unit;      /* systemd's, "gunicorn.service" */
    const char *container; /* 64 hexadecimal digits */
    const char *python;    /* "3.12.1" */
    uint64_t age_ns;
    /* Value of a variable of its environment; false if it is not there. */
    bool (*variable)(const void *context, const char *name, char *out, size_t cap);
    const void *context;
};

/* The texts that a pattern may be held against: key in the file, member of gw_rule_subject. */
#define GW_RULE_TEXT_LIST(X)                                                                       \
    X(EXE, exe)                                                                                    \
    X(COMMAND, command)                                                                            \
    X(USER, user)                                                                                  \
    X(CGROUP, cgroup)                                                                              \
    X(UNIT, unit)                                                                                  \
    X(CONTAINER, container)

enum gw_rule_text {
#define GW_RULE_TEXT_ENUM(name, member) GW_RULE_##name,
    GW_RULE_TEXT_LIST(GW_RULE_TEXT_ENUM)
#undef GW_RULE_TEXT_ENUM
        GW_N_RULE_TEXTS
};

/* A regular expression of PCRE2 that has to match all of a text, as those of Prometheus'
 * relabelling have to. What compiling and matching may cost is bounded: POSIX' regcomp(3) takes
 * gigabytes for twenty plus signs in a row. */
struct gw_pattern {
    struct pcre2_real_code_8 *code; /* owned; NULL: matches everything */
};

/* Compile a pattern. False with the reason in *why (cap >= 32) if it is none. */
bool gw_pattern_compile(const char *text, struct gw_pattern *out, char *why, size_t cap);

struct gw_rule_variable {
    char *name; /* owned */
    struct gw_pattern pattern;
};

struct gw_label {
    char *name, *value; /* owned */
};

/* All that is given has to match; a rule without conditions matches everything. */
struct gw_rule {
    char *name; /* owned; NULL: it is called by its number */
    struct gw_pattern texts[GW_N_RULE_TEXTS];
    struct gw_rule_variable *variables;
    size_t n_variables;
    char *python;        /* owned: "3.12" is each 3.12.x; NULL: any */
    uint64_t min_age_ns; /* younger ones do not match */

    bool ignore;    /* else: profile */
    double rate_hz; /* 0: the configuration's */
    char *service;  /* owned; NULL: it is found */
    struct gw_label *labels;
    size_t n_labels;
};

/* Index of the first of n rules that matches, or n. */
size_t gw_rules_find(const struct gw_rule *rules, size_t n, const struct gw_rule_subject *subject);

/* Free what a rule owns; a zeroed one is fine. */
void gw_rule_fini(struct gw_rule *rule);

#endif
