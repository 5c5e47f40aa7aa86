/* SPDX-License-Identifier: Apache-2.0 */
/* The writing of a Firefox profile, shared by the files that do it: what is known meanwhile, and
 * the columns that all of its tables are made of. */
#ifndef GW_EXPORT_FIREFOX_WRITER_H
#define GW_EXPORT_FIREFOX_WRITER_H

#include "export/by_thread.h"
#include "export/firefox_tables.h"
#include "export/json_value.h"

/* The type of the markers, which their schema goes by. */
#define GW_FIREFOX_MARKER "gil-wait"

struct gw_firefox_writer {
    const struct gw_model *model;
    const struct gw_timeline *timeline;
    FILE *out;
    struct gw_by_thread spans;
    struct gw_firefox_tables tables; /* of the thread at hand, as below */
    uint32_t first_span;
    const char *separator; /* "" before the first element of the array at hand */
    int error;             /* the first one */
};

/* Category 0 is that of all code; behind it come the roll-ups of states. */
static inline uint32_t gw_firefox_category(uint32_t state)
{
    return state == GW_FIREFOX_CODE ? 0 : 1 + (uint32_t)gw_state_rollup(state);
}

void gw_firefox_keep_error(struct gw_firefox_writer *w, int64_t rc);

/* The value is released; NULL counts as -ENOMEM. */
void gw_firefox_put_json(struct gw_firefox_writer *w, json_t *value);

/* A time in milliseconds, exactly. */
void gw_firefox_put_ms(struct gw_firefox_writer *w, uint64_t ns);

/* "NAME":[ and, between the elements, commas, and ], at the end. */
void gw_firefox_begin_column(struct gw_firefox_writer *w, const char *name);
void gw_firefox_separate(struct gw_firefox_writer *w);
void gw_firefox_end_column(struct gw_firefox_writer *w);

/* A column of n equal elements: what the format wants to know of others than Python. */
void gw_firefox_put_constant(struct gw_firefox_writer *w, const char *name, uint32_t n,
                             const char *value);

/* stackTable, frameTable, funcTable and stringArray of w->tables, with a comma behind each. */
void gw_firefox_put_tables(struct gw_firefox_writer *w);

/* The string that markers have as their name; known once the tables are made. */
static inline uint32_t gw_firefox_marker_name(const struct gw_firefox_writer *w)
{
    return 2 * w->tables.funcs.n;
}

/* "meta":{...}: categories, the schema of markers, when and where. */
void gw_firefox_put_meta(struct gw_firefox_writer *w);

#endif
