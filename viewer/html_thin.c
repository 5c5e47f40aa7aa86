/* SPDX-License-Identifier: Apache-2.0 */
#include "html_thin.h"

/* Of the golden ratio: multiples of it spread evenly over the circle of 2^32, so that the lots of
 * neighbouring groups are no alike. */
#define TURN 0x9e3779b9u

static bool same_group(const struct gw_html_record *a, const struct gw_html_record *b)
{
    return a->bucket == b->bucket && a->thread == b->thread && a->state == b->state;
}

/* n of m equal parts of ns; no product here exceeds 128 bits. */
static uint64_t part(uint64_t ns, uint64_t n, uint64_t m)
{
    return (uint64_t)((unsigned __int128)ns * n / m);
}

/*
 * The light records of a group laid end to end are `light_ns` long. So many marks are set on that
 * line at equal distances, the first at a `phase` of 2^32 of the distance, and a record gets a
 * mark's share of the whole for each mark that falls on it. Returns where the kept ones end.
 */
static size_t draw(struct gw_html_record *records, size_t begin, size_t end, size_t out,
                   uint64_t light_ns, uint64_t n_marks, uint64_t grain_ns, uint32_t phase)
{
    uint64_t at = 0, mark = 0;
    uint64_t first = part(part(light_ns, 1, n_marks), phase, (uint64_t)1 << 32);

    for (size_t i = begin; i < end; i++) {
        struct gw_html_record record = records[i];
        if (record.ns < grain_ns) {
            uint64_t drawn = mark;
            at += record.ns;
            while (mark < n_marks && first + part(light_ns, mark, n_marks) < at)
                mark++;
            record.ns = part(light_ns, mark, n_marks) - part(light_ns, drawn, n_marks);
        }
        if (record.ns > 0)
            records[out++] = record;
    }
    return out;
}

size_t gw_html_thin(struct gw_html_record *records, size_t n, uint64_t grain_ns)
{
    size_t out = 0, end;
    uint32_t phase = 0;

    for (size_t begin = 0; begin < n; begin = end) {
        uint64_t light_ns = 0, n_light = 0;
        for (end = begin; end < n && same_group(&records[begin], &records[end]); end++) {
            bool light = records[end].ns < grain_ns;
            light_ns += light ? records[end].ns : 0;
            n_light += light;
        }
        uint64_t n_marks = light_ns / grain_ns > 0 ? light_ns / grain_ns : 1;
        uint64_t keep_below = n_marks < n_light ? grain_ns : 0; /* 0: all of them stay */
        phase += TURN;
        out = draw(records, begin, end, out, light_ns, n_marks, keep_below, phase);
    }
    return out;
}
