/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording: one or many targets sampled by one clock into one capture. Children are found, taken
 * up and let go as they come and go.
 */
#ifndef GW_SAMPLE_RECORDER_H
#define GW_SAMPLE_RECORDER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "sample/session.h"

struct gw_recorder_options {
    double rate_hz;
    double max_cpu;       /* share of one core, 0: no budget */
    bool no_realtime;     /* do not ask for SCHED_FIFO, see base/priority.h */
    double max_stop;      /* threads may be stopped for this share of the time, 0: never */
    bool native;          /* follow native stacks, see sample/native_stack.h */
    enum gw_native_mode native_mode;
    uint64_t duration_ns; /* 0: until the target ends */
    bool children;        /* all descendants as well */
};

enum gw_recorder_end {
    GW_RECORDER_DURATION,
    GW_RECORDER_SIGNAL,
    GW_RECORDER_TARGET_ENDED,
    GW_RECORDER_OUTPUT, /* the capture could not be written any further */
};

/* What may be shown while it goes on. */
struct gw_recorder_progress {
    double elapsed_s, duration_s; /* duration 0: open end */
    uint64_t ticks;
    uint64_t bytes;
    size_t n_processes, n_threads;
    double rate_hz;
};

struct gw_recorder;

/* 0 or -ENOMEM. Raises the limit of open files: start a program to be recorded before. */
int gw_recorder_new(const struct gw_recorder_options *options, struct gw_recorder **out)
    __attribute__((warn_unused_result));

/* Take up a process now. Returns what gw_session_open returns. */
int gw_recorder_add(struct gw_recorder *recorder, pid_t pid, struct gw_diag *diag)
    __attribute__((warn_unused_result));

/* Take up a process that may not be a Python yet (just launched, or a shell that starts one): it is
 * tried again for as long as it lives, and with options.children its descendants are. */
void gw_recorder_follow(struct gw_recorder *recorder, pid_t pid);

/* Start the capture on fd (taken over, whether this succeeds or fails). 0, -ENOMEM, or the error of
 * write(2). */
int gw_recorder_open(struct gw_recorder *recorder, int fd) __attribute__((warn_unused_result));

/* Record until the duration is over, *stop becomes non-zero, the last target has ended or the
 * output fails. show (may be NULL) is called a few times a second. The capture is complete when
 * this returns, but for GW_RECORDER_OUTPUT. */
enum gw_recorder_end gw_recorder_run(struct gw_recorder *recorder,
                                     const volatile sig_atomic_t *stop,
                                     void (*show)(const struct gw_recorder_progress *progress));

/* Why options.max_stop could not be had: 0 (it could, or was not asked for), -ENOMEM, -EAGAIN. The
 * recording was made without stops then. */
int gw_recorder_stop_error(const struct gw_recorder *recorder);

/* Ticks made, of all targets. */
uint64_t gw_recorder_ticks(const struct gw_recorder *recorder);

/* Detach, close the output and free. Returns the first error of the output, or 0. */
int gw_recorder_free(struct gw_recorder *recorder);

#endif
