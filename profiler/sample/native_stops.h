/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --native --stop: in which C functions a running thread is. Now and then one thread is stopped for
 * an instant: the one that holds the GIL, else one of those that run. All that is needed is read
 * while it stands: registers, C stack, Python frames, GIL; so what is told is of one instant.
 */
#ifndef GW_SAMPLE_NATIVE_STOPS_H
#define GW_SAMPLE_NATIVE_STOPS_H

#include <stdbool.h>
#include <stdint.h>

#include "target/stopper.h"

struct gw_session;
struct gw_native_stops;

/* What a stop has told. */
struct gw_native_sample {
    uint64_t at_ns;  /* CLOCK_MONOTONIC */
    uint32_t thread; /* id in the capture */
    uint32_t stack;  /* id, native frames on top of Python's */
    bool holds;      /* it held a GIL */
};

/* NULL when there is no memory. */
struct gw_native_stops *gw_native_stops_new(void);
void gw_native_stops_free(struct gw_native_stops *stops);

/* At the end of a tick: ask for a stop if one is due and affordable. */
void gw_native_stops_ask(struct gw_session *session);

/* The stop that was asked for is over, and has told something. */
void gw_native_stops_end(struct gw_session *session);
void gw_native_stops_take(struct gw_session *session, uint32_t slot, const struct gw_stop *stop);

/* Between ticks, behind gw_native_stacks_tend: what had to wait for names becomes samples. */
void gw_native_stops_tend(struct gw_session *session);

/* Take the samples until an instant, in order of time; at most cap are stored, how many is
 * returned.
 */
size_t gw_native_stops_drain(struct gw_session *session, uint64_t until_ns,
                             struct gw_native_sample *out, size_t cap);

#endif
