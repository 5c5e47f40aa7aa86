/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as JSON, schema_version 1: what scripts, the HTML page and the tests read. Times are
 * in seconds.
 */
#ifndef GW_REPORT_JSON_H
#define GW_REPORT_JSON_H

#include <jansson.h>

#include "model/model.h"

#define GW_REPORT_SCHEMA_VERSION 1

/*
 * Build the report. `top` limits the rows of `blame`, `functions_suffered`, `functions_caused`,
 * `libraries` and `native.functions` (largest first; 0: all).
 *
 *   schema_version     1
 *   summary            the sentence (summary.h)
 *   verdict            {finding (verdict.h), gil (is it the GIL), sentence, evidence [sentences],
 *                      remedies [sentences], bound (bound.h; null where there is none) {speed_up
 *                      [1, at most], cpus, cpu_s, demand_s, window_s, assumptions},
 *                      switch_interval (latency.h; null without waits) {effect, waits,
 *                      mean_wait_s, interval_s, smaller {interval_s, mean_wait_s, loss_share,
 *                      switches_hz} or null}}
 *   target             {pid, python, free_threaded} of the first process sampled, or null
 *   recorded           {writer, kernel, cpus, start_unix_s, start_monotonic_s (CLOCK_MONOTONIC)}
 *   part               {from_s, to_s, recording_s (of all of it), counts_shared (switches and the
 *                      counts of quality are shared out by ticks at its ends)}, since the
 *                      recording began; null: the report is of all of it
 *   shown              {match ("worker-*, hog"), threads, of (all), all_wall_s, all_gil_wait_s}:
 *                      `threads`, `waits` and `holds` are those of these threads only, `blame` has
 *                      the pairs with one of them on either side, `functions_suffered` is where
 *                      they wait, `functions_caused` where they make others wait, and `summary`
 *                      speaks of them; all else is of all threads. null: all are shown
 *   duration_s         from the first instant looked at to the last
 *   quality            {ticks, late, torn, dropped, displacing (ticks that took a CPU from the
 *                      target), disturbed (nearly all did), stops and stopped_s (threads
 *                      of the target that --stop halted, and for how long in all), unknown_s,
 *                      gap_s, cpu_s, max_rss_bytes, asked_rate_hz, last_rate_hz, pair_grain_s (0:
 * all pairs are exact)} end                {complete, reason, error (a sentence or null),
 * good_bytes} processes          [{pid, parent_pid, python, exe, free_threaded, ticks, skipped
 * (why, or null), ns_pid where it differs}] gil, gils          {pid, interpreter, busy_share,
 * switches, switch_interval_s, wait_s} of the GIL most waited for (null without a GIL), and of each
 *   threads            [{pid, tid, name, main, wall_s, states {STATE: s}, cpu_s, run_queue_s (both
 *                      null where not known), gil_wait_s, gil_wait_ci95_s [low, high], ns_tid
 *                      where it differs}], most GIL wait first
 *   blame              [{waiter {pid, tid, name, function, file, line}, holder {the same} or null,
 *                      kind, seconds}] by leaf frame
 *   blame_omitted_s    what the rows beyond `top` sum to
 *   functions_suffered, functions_caused
 *                      [{function, file, line (its first), self_s, total_s}]
 *   libraries          [{library ("" for the program itself), kind (libraries.h), held_s (the GIL,
 *                      by its threads), waited_s (by others meanwhile)}], most waited for first
 *   native             null, or of what record --native saw of who holds the GIL: {stops (that found
 *                      a thread holding it), held_s (by all), unseen_s (of that, in calls that no
 *                      stop found), functions [{function, object, call (of Python code), held_s,
 *                      margin_s (half of the 95 % interval of what stops tell), waited_s (by
 *                      others meanwhile), stops}], largest first}
 *   waits, holds       single waits for a GIL and single holds of one, as model/episode.h counts
 *                      them: {count, cut (at least as long as they say), resolution_s (shorter
 *                      ones are seen only in part), median_s, p99_s, max_s (null if there are
 *                      none), longest (at most GW_LONGEST_EPISODES, longest first)}
 *   waits.longest      [{start_s (since the recording began), seconds, uncertainty_s, cut,
 *                      interpreter, waiter {as in blame}, waiter_stack [{function, file, line}]
 *                      leaf first, kind, holder {as in blame} (the one that had it for the largest
 *                      part) or null, holder_stack, holder_s (that part), holders (how many
 *                      different ones; GW_MAX_EPISODE_HOLDERS: or more)}]
 *   holds.longest      [{the same to interpreter, holder, holder_stack, ended, waiter (the one
 *                      that waited longest during it) or null, waiter_stack, waiter_s, waiters
 *                      (how many different ones), waited_s (all of them together)}]
 *   holds.ended, holds.ended_mean_s
 *                      {forced, released, unknown}: how many holds ended so (model/hold_end.h),
 *                      and how long they were on average (null if there are none)
 *   holds.threads      [{pid, tid, name, ended, ended_mean_s}] of threads with a hold that ended
 *
 * Returns a new reference (json_decref), or NULL when memory ran out.
 */
json_t *gw_report_json(const struct gw_model *model, size_t top);

#endif
