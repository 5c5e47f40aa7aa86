/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every process of the host and what is to become of it. A process is known by its pid and start
 * time, and anew after an exec. What is found out of one is kept: a scan costs one small file per
 * process, and looks closer only at those that are new, were not ready, or may have changed.
 */
#ifndef GW_AGENT_PROCESSES_H
#define GW_AGENT_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"

/* What is to become of a process: name, printed word. */
#define GW_VERDICT_LIST(X)                                                                         \
    X(NOT_PYTHON, "not python") /* as far as is known */                                           \
    X(PROFILE, "profile")                                                                          \
    X(IGNORE, "ignore") /* by a rule */                                                            \
    X(WAIT, "wait")     /* too young, or its interpreter is still starting */                      \
    X(UNABLE, "unable") /* it cannot be read: `why` says why */

enum gw_verdict {
#define GW_VERDICT_ENUM(name, text) GW_VERDICT_##name,
    GW_VERDICT_LIST(GW_VERDICT_ENUM)
#undef GW_VERDICT_ENUM
        GW_N_VERDICTS
};

/* The printed word. */
const char *gw_verdict_name(enum gw_verdict verdict);

#define GW_NO_RULE SIZE_MAX
#define GW_MAX_WHY 256u

struct gw_process {
    pid_t pid, parent_pid;
    uint64_t start_ticks, start_stack; /* as in gw_proc_stat */
    uint64_t look_ns;                  /* when to look closer again; UINT64_MAX: not at all */
    uint32_t looks;
    uint64_t
        code; /* of one that is no Python: what code it had mapped, see consider.c; 0: unknown */
    enum gw_verdict verdict;
    bool is_python;
    bool service_told; /* by a rule, a variable or a unit: else its parent's name goes before */
    uid_t uid;
    char version[16]; /* of its Python, "" if not known */
    size_t rule;      /* that decided, or GW_NO_RULE */
    char *exe;        /* owned, NULL for one that is no Python, as are: */
    char *service;
    char *why; /* one sentence for a person: the rule, or what is missing */
    /* The process that leads its group: the uppermost of its Python ancestors of the same
     * executable and service, as the master of prefork workers; itself if it has none. */
    pid_t leader;
};

struct gw_processes {
    struct gw_process *items; /* owned, by pid */
    size_t n;
    pid_t *pids; /* owned: room for the list of a scan */
    bool cut;    /* there were more than GW_MAX_HOST_PROCESSES */
};

/* Bring the table into line with the host at now_ns (CLOCK_MONOTONIC). config is borrowed for the
 * call. 0, -ENOMEM, or the error of reading /proc; what was known stays known then. */
int gw_processes_scan(struct gw_processes *all, const struct gw_config *config, uint64_t now_ns)
    __attribute__((warn_unused_result));

/* Decide anew about every process with the next scan: the rules have changed. */
void gw_processes_reconsider(struct gw_processes *all);

/* A process that was to be profiled cannot be: it becomes GW_VERDICT_UNABLE, and is tried again
 * some time later. */
void gw_process_refuse(struct gw_process *process, const char *why, uint64_t now_ns);

/* NULL if it is not in the table. */
const struct gw_process *gw_processes_find(const struct gw_processes *all, pid_t pid);

/* A zeroed table is empty. */
void gw_processes_fini(struct gw_processes *all);

#endif
