/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the page's data that it makes its timeline, its tables for a range of time and its
 * graphs from: records of html_records.h with all that their numbers stand for.
 */
#ifndef GW_HTML_PROFILE_H
#define GW_HTML_PROFILE_H

#include <jansson.h>

#include "model/timeline.h"
#include "ranking.h"

/*
 * Times are in seconds since the recording began, weights in whole microseconds. Tables are objects
 * of columns; `bucket` is the difference to the row before.
 *
 *   begin_s, bucket_s, buckets
 *              so many equal parts of the time shown
 *   files      [path]
 *   functions  {name, file (row of files, or -1), line (its first), kind ("c", "small": folded
 *              frames, or "")}
 *   stacks     {parent, function, line}; row 0 is the empty stack, parents come before children
 *   threads    [{tid, pid, name, process (row of the report's), hidden}]: first those of the report
 *              in its order, then those that are not shown
 *   states     [name]
 *   kinds      [name of the kind of a holder; the last one, "", is of no wait]
 *   gils       [{pid, interpreter}] in the report's order
 *   folded     {share (of each whole, below which stacks are "small"), grain_s (lighter records
 *              were drawn by lot; 0: all are exact)}
 *   wait_us    [of all threads, shown or not], by bucket
 *   records    {bucket, thread, state, stack, kind, holder (or -1), holder_stack, us}
 *   holding    {bucket, gil, kind, holder (or -1), us}: who held each GIL
 *
 * Of a thread that is not shown, there are only its waits for those that are. Returns a new
 * reference, or NULL when memory ran out.
 */
json_t *gw_html_profile_json(const struct gw_model *model, const struct gw_timeline *timeline,
                             const struct gw_ranking *ranking, size_t max_records);

#endif
