/* SPDX-License-Identifier: Apache-2.0 */
/* What is left out of a capture while it is read; model/selection.h makes it from what people ask
 * for. */
#ifndef GW_MODEL_CUT_H
#define GW_MODEL_CUT_H

#include "model/model.h"

/* Ticks whose instant is after after_ns, up to until_ns, and some threads. Zero-initialised leaves
 * nothing out. */
struct gw_cut {
    bool after, until; /* there is such a limit */
    uint64_t after_ns, until_ns;
    const bool *hidden; /* by row of threads, which is the same in each reading; NULL: none is */
    size_t n_hidden;    /* threads from this row on are hidden: they came after the first reading */
    const char *shown;  /* what the others were asked for by, or NULL */
    struct gw_timeline *timeline; /* taken down as well (model/timeline.h); NULL: not wanted */
};

/* As gw_model_read, without what is cut off; NULL: nothing is. model->part is that of a whole
 * recording. */
int gw_model_read_cut(int fd, const char *path, const struct gw_cut *cut, struct gw_model **out,
                      struct gw_diag *diag);

#endif
