/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums by service, from when the agent was started: they only grow, and go on when a process of the
 * service ends. How many services and functions there may be is bounded; what is beyond that is
 * counted as "(other)".
 */
#ifndef GW_AGENT_SERVICES_H
#define GW_AGENT_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/limits.h"
#include "format/vocabulary.h"
#include "model/model.h"
#include "rules.h"

/* GIL wait that a function has caused while it held the GIL, as the innermost Python frame. */
struct gw_blamed {
    char *function, *file; /* owned; escaped for people, file "" if not known */
    uint64_t ns;
    uint64_t grown_ns; /* CLOCK_MONOTONIC when it last grew */
};

struct gw_service {
    char *name;   /* owned */
    char *labels; /* owned: service="NAME",LABEL="VALUE" as in Prometheus' text format */
    uint64_t wait_ns;
    uint64_t state_ns[GW_N_STATES];
    uint64_t observed_ns; /* of all threads, in any state but stopped */
    uint64_t switches;
    uint64_t ticks;
    struct gw_blamed blamed[GW_MAX_BLAMED];
    size_t n_blamed;
    uint64_t other_blamed_ns, handoff_ns, unknown_ns;
};

struct gw_services {
    struct gw_service **items; /* owned; each stays where it is until fini */
    size_t n;
};

/* The service of a name with labels (may be NULL if there are none); made if it is not there. NULL
 * when memory ran out. */
struct gw_service *gw_services_get(struct gw_services *all, const char *name,
                                   const struct gw_label *labels, size_t n_labels);

/* Add what a model says to a service. 0 or -ENOMEM (some of the blame is "(other)" then). */
int gw_service_add(struct gw_service *service, const struct gw_model *model, uint64_t now_ns)
    __attribute__((warn_unused_result));

/* A zeroed one is empty. */
void gw_services_fini(struct gw_services *all);

/* Write a value of a label as Prometheus' text format has it: \, " and line ends escaped. */
void gw_label_value(FILE *out, const char *text);

#endif
