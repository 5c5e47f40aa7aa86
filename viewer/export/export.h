/* SPDX-License-Identifier: Apache-2.0 */
/* A model in formats that other programs read: one const struct gw_exporter per format. */
#ifndef GW_EXPORT_EXPORT_H
#define GW_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"
#include "model/timeline.h"

/* Whose stacks carry the weight, for a format that has room for one only. */
enum gw_export_view {
    GW_EXPORT_VICTIMS, /* of the threads that wait */
    GW_EXPORT_BLAME,   /* of the threads that hold the GIL meanwhile */
    GW_EXPORT_PAIRS,   /* of the waiter, and below it of the holder */
};

/* Zero-initialised is the default. */
struct gw_export_options {
    enum gw_export_view view;           /* GW_EXPORT_VICTIMS unless the exporter has_views */
    const char *value;                  /* one of the exporter's values: only this; NULL: all */
    const struct gw_timeline *timeline; /* finished, and of the same capture, if it wants one */
};

struct gw_exporter {
    const char *name;
    const char *summary;   /* one line for a person */
    const char *extension; /* of its files, with the dot */
    bool binary;           /* nothing to put on a terminal */
    bool has_views;
    bool timeline;             /* needs options->timeline */
    const char *const *values; /* what options->value may be, ended by NULL; NULL: nothing */

    /* Write the model, which is right as gw_model_check says. `out` is neither flushed nor closed.
     * Returns 0, -ENOMEM, -GW_E_LIMIT or the error of the write. */
    int (*write)(const struct gw_model *model, const struct gw_export_options *options, FILE *out);
};

/* NULL if there is no such format. */
const struct gw_exporter *gw_exporter_find(const char *name);

/* All of them; *n is set to their number. */
const struct gw_exporter *const *gw_exporter_list(size_t *n);

#endif
