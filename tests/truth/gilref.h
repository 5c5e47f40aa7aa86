/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of the exact reference: what gilref.so writes inside a target and gilref_sum reads.
 *
 * It lives in a memfd named "gilref" of the target (/proc/PID/fd): a struct gwr_log, then blocks of
 * GWR_BLOCK_BYTES, each a struct gwr_block and the events of one thread. A thread goes on in a new
 * block when one is full; blocks stand in the order in which they were begun.
 */
#ifndef GILREF_H
#define GILREF_H

#include <stdint.h>

#define GWR_MAGIC 0x3165726c69677767ull
#define GWR_BLOCK_BYTES 16384u
#define GWR_MAX_BLOCKS (1u << 20)
#define GWR_NO_GIL UINT32_MAX

struct gwr_log {
    uint64_t magic;
    uint32_t n_blocks; /* begun so far; the first is block 1, in front of it is this header */
    uint32_t lost;     /* events for which there was no room */
};

enum gwr_kind {
    GWR_ACQUIRED = 1, /* from_ns: wanted it; cpu_ns: CPU time then; more_ns: CPU time at at_ns */
    GWR_RELEASED,     /* cpu_ns: CPU time at at_ns */
    GWR_DROPPED,      /* drop_gil goes on until at_ns, from_ns is the release before; cpu_ns */
    GWR_CALL,         /* cpu_ns: on a CPU in it; more_ns: runnable without a CPU in it */
    GWR_ENDED,        /* the thread is gone; cpu_ns: all its CPU time */
    GWR_BEGUN,        /* first seen; cpu_ns: its CPU time so far */
};

/* What a call sleeps for. */
enum gwr_class { GWR_IO, GWR_LOCK, GWR_SLEEP, GWR_N_CLASSES };

/* All times are of CLOCK_MONOTONIC, all CPU times of CLOCK_THREAD_CPUTIME_ID. */
struct gwr_event {
    uint64_t at_ns, from_ns, cpu_ns, more_ns;
    uint16_t kind;  /* enum gwr_kind */
    uint16_t class; /* of GWR_CALL: enum gwr_class */
    uint32_t gil;   /* number of the GIL it speaks of */
};

struct gwr_block {
    uint32_t tid;
    uint32_t n; /* events written; stored after them */
    /* Under way in the thread's last block: */
    uint64_t wants_ns;                      /* in take_gil since then, 0: not */
    uint64_t calls_ns;                      /* in a call since then, 0: not */
    uint64_t calls_cpu_ns, calls_queued_ns; /* the thread's totals at its beginning */
    uint32_t wants_gil;
    uint32_t calls_class;
    struct gwr_event events[];
};

#define GWR_BLOCK_EVENTS ((GWR_BLOCK_BYTES - sizeof(struct gwr_block)) / sizeof(struct gwr_event))

#endif
