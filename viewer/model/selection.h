/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of a part of a recording: of the ticks between two instants. It is what the model would
 * be of a capture that holds these ticks only: a single wait or hold that goes beyond them is cut,
 * and blame is charged as ever, so that the law of blame holds in each part. A tick belongs to the
 * part that its instant is in, so the parts of a recording sum to all of it.
 *
 * What the capture knows block by block (about a second each) and not tick by tick is shared out by
 * ticks where a part cuts a block: switches of the GIL, the counts of quality. The exact times of a
 * thread are those between two blocks' ends, so they are not known (`exact` is false) if the thread
 * ran in a block that is cut.
 *
 * And a model of some threads: all others are in it, and in all its sums, but marked as `hidden`,
 * and it has no single waits and holds of theirs.
 */
#ifndef GW_MODEL_SELECTION_H
#define GW_MODEL_SELECTION_H

#include "model/model.h"

/* An instant of a recording. */
struct gw_instant {
    bool given;
    bool from_end; /* so long before its end, else so long after its start */
    uint64_t ns;
};

/* Zero-initialised is everything. */
struct gw_selection {
    struct gw_instant from; /* ticks after this one: not given, all from the start on ... */
    struct gw_instant to;   /* ... up to this one: not given, all up to the end */
    const char *threads[GW_MAX_THREAD_PATTERNS]; /* names, as the shell matches them, or tids */
    size_t n_threads;                            /* 0: all threads */
    /* Taken down as well (model/timeline.h), of all threads; NULL: not wanted. It is as good as the
     * model, and has yet to be finished. */
    struct gw_timeline *timeline;
};

/* As gw_model_read, for what is asked for. The capture is read twice, so one from a pipe is copied
 * into memory first. Also -GW_E_NOT_FOUND, with *diag filled: no tick lies in the part, or a
 * pattern matches no thread. */
int gw_selection_read(int fd, const char *path, const struct gw_selection *selection,
                      struct gw_model **out, struct gw_diag *diag);

/* As gw_model_open, likewise. */
int gw_selection_open(const char *path, const struct gw_selection *selection, struct gw_model **out,
                      struct gw_diag *diag);

#endif
