/* SPDX-License-Identifier: Apache-2.0 */
/* The threads of a recording that somebody asks for by name or number. */
#ifndef GW_MODEL_SELECTION_THREADS_H
#define GW_MODEL_SELECTION_THREADS_H

#include "model/selection.h"

/* Mark the threads of a whole recording that none of selection->threads matches: an array by row of
 * threads in *out (free it). Returns 0, -ENOMEM, or -GW_E_NOT_FOUND with *diag filled for a pattern
 * that matches no thread. */
int gw_selection_hide(const struct gw_selection *selection, const struct gw_model *whole,
                      const char *path, bool **out, struct gw_diag *diag);

/* What is asked for, as "worker-*, hog" (free it). NULL when memory ran out. */
char *gw_selection_words(const struct gw_selection *selection);

#endif
