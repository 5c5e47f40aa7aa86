/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The most that removing the GIL could gain: by a free-threaded Python, or by processes in the
 * place of threads.
 *
 * Of thread i is known, over the time w_i that it was observed: c_i, its CPU time, and g_i, its GIL
 * wait. Without a GIL the g_i are gone and all else takes as long as it did: its I/O, its locks,
 * its CPU time, its queueing for a CPU. So the soonest that it could do the same work in is
 *
 *     t_i = max(w_i - g_i, c_i)
 *
 * and if it went on working like that for all of w_i, it would ask for the CPU time
 *
 *     d_i = c_i * w_i / t_i
 *
 * All threads together get no more CPU time than the machine has: cpus * W in the window W. CPU
 * time is the measure of the work done, for the same piece of work takes the same CPU time, so
 *
 *     gain <= min(sum d_i, cpus * W) / sum c_i
 *
 * That is more than the number of CPUs where the threads leave even one of them idle, as when the
 * GIL is handed from one to the next.
 *
 * Threads that ended early or came late count with their own w_i; threads that wait for others all
 * the time (a main thread in join) have c_i = 0 and count for nothing; one thread alone gains
 * nothing. The limit by CPUs holds for the window as a whole and is weaker than that for each
 * instant of it: the bound stays a bound. g_i is the upper end of its 95 % interval.
 *
 * Where a thread waits for another one that waits for the GIL, its wait for a lock would shrink as
 * well, which the bound does not see: that is one of the assumptions, which are to be told with the
 * figure. The other way round nothing at all may be gained: the lower end is always 1.
 */
#ifndef GW_BOUND_H
#define GW_BOUND_H

#include "model/model.h"

#define GW_BOUND_ASSUMPTIONS                                                                       \
    "if the threads need nothing from each other, all else that they wait for takes as long as "   \
    "it "                                                                                          \
    "did, the process may use all these CPUs, and neither memory nor the cost of doing without a " \
    "GIL (slower code, copies between processes) is a limit"

struct gw_bound {
    uint32_t cpus;      /* of the machine; 0: not known, and so is the rest */
    uint64_t window_ns; /* W */
    uint64_t cpu_ns;    /* sum of c_i */
    double demand_ns;   /* sum of d_i */
    double speed_up;    /* of all work together: at least 1 */
};

struct gw_bound gw_bound_find(const struct gw_model *model);

/* CPU time of a thread: exact where it is known, else from its samples; at most its wall_ns. */
uint64_t gw_bound_cpu_ns(const struct gw_model_thread *thread);

/* The time for which a process was looked at: the longest of all processes. */
uint64_t gw_bound_window_ns(const struct gw_model *model);

#endif
