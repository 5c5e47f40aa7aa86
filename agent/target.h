/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process under observation: a session of profiler/sample, its clock, and its last minute as a
 * model that viewer/model follows. What a target owns goes when it is closed; the sums of its
 * service stay.
 */
#ifndef GW_AGENT_TARGET_H
#define GW_AGENT_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "model/live.h"
#include "sample/definitions.h"
#include "sample/schedule.h"
#include "sample/session.h"
#include "services.h"

struct gw_target {
    pid_t pid;
    uint64_t start_ticks;
    struct gw_service *service; /* borrowed: it outlives the target */
    struct gw_definitions definitions;
    struct gw_session *session;
    struct gw_live *live;
    struct gw_schedule schedule;
    double tick_ns;      /* CPU time of a tick, a moving average */
    uint64_t cpu_ns;     /* of all its ticks */
    uint64_t ticks;      /* of all its sessions; they and those below are not yet in the totals */
    uint64_t late, torn; /* likewise */
    uint64_t write_ns;   /* when to write next */
    uint64_t settled_ns; /* newest block that is in the service's sums */
    uint32_t waiters;    /* threads that waited for the GIL at the newest tick summed up */
};

/* Id of a target in the agent's answers: "PID-STARTTICKS". */
#define GW_TARGET_ID 48u
void gw_target_id(const struct gw_target *target, char out[GW_TARGET_ID]);

/* Take up a process. Returns 0 and *out, or what gw_session_open returns, with *diag filled. */
int gw_target_open(pid_t pid, double rate_hz, struct gw_service *service, struct gw_target **out,
                   struct gw_diag *diag) __attribute__((warn_unused_result));

/* Look at it at now_ns, which is at or after schedule.due_ns. After any other fate than
 * GW_SESSION_GOES_ON it can only be settled and closed. */
enum gw_session_fate gw_target_tick(struct gw_target *target, uint64_t now_ns);

/* It is time to hand its ticks on, or the session has no more room for them. */
bool gw_target_wants_write(const struct gw_target *target, uint64_t now_ns);

/* Hand the ticks that are beyond doubt (or all of them, at the end) on to the model. 0, -ENOMEM,
 * -GW_E_LIMIT or -GW_E_BAD_DATA. */
int gw_target_write(struct gw_target *target, bool everything, uint64_t now_ns)
    __attribute__((warn_unused_result));

/* Add what the model holds and has not been added yet to the service; at least twice in
 * GW_MAX_RECENT_S, for the model forgets. As gw_target_write. */
int gw_target_settle(struct gw_target *target, uint64_t now_ns) __attribute__((warn_unused_result));

/* Its definitions have grown so large that it is to be closed and opened again. */
bool gw_target_is_large(const struct gw_target *target);

/* The model of its last window_ns, as gw_live_window. */
int gw_target_recent(struct gw_target *target, uint64_t window_ns, const struct gw_model **out)
    __attribute__((warn_unused_result));

/* NULL is fine. */
void gw_target_close(struct gw_target *target);

#endif
