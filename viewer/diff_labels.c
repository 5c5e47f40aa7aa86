/* SPDX-License-Identifier: Apache-2.0 */
#include "diff_labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "model/label.h"
#include "thread_groups.h"

/* Ends the cell. */
static int intern(struct gw_strtab *texts, struct gw_cell *cell, uint32_t *label)
{
    const char *text = gw_cell_text(cell);
    int rc = gw_strtab_reserve(texts, 1, strlen(text) + 1);
    int64_t id = rc < 0 ? rc : gw_strtab_intern(texts, text);

    gw_cell_end(cell);
    *label = id < 0 ? 0 : (uint32_t)id;
    return id < 0 ? (int)id : 0;
}

static int intern_text(struct gw_strtab *texts, const char *text, uint32_t *label)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        fputs(text, cell.file);
    return intern(texts, &cell, label);
}

static int make_labels(struct gw_diff_labels *labels, struct gw_strtab *texts,
                       const struct gw_model *model)
{
    struct gw_cell cell;
    int rc = intern_text(texts, "nobody (handoff)", &labels->nobody);

    if (rc == 0)
        rc = intern_text(texts, "a holder that could not be told", &labels->not_known);
    for (uint32_t i = 0; rc == 0 && i < model->n_threads; i++) {
        const struct gw_thread_group alone = {.rows = &i, .n = 1};
        if (gw_cell_begin(&cell))
            gw_thread_groups_pattern(cell.file, model, &alone, NULL);
        rc = intern(texts, &cell, &labels->threads[i]);
    }
    for (uint32_t i = 0; rc == 0 && i < model->n_functions; i++) {
        if (gw_cell_begin(&cell))
            gw_label_place(cell.file, model, i, 0, NULL);
        rc = intern(texts, &cell, &labels->functions[i]);
    }
    return rc;
}

int gw_diff_labels_init(struct gw_diff_labels *labels, struct gw_strtab *texts,
                        const struct gw_model *model)
{
    *labels = (struct gw_diff_labels){
        .threads = calloc(model->n_threads + 1, sizeof(uint32_t)),
        .functions = calloc(model->n_functions + 1, sizeof(uint32_t)),
    };
    return labels->threads && labels->functions ? make_labels(labels, texts, model) : -ENOMEM;
}

void gw_diff_labels_fini(struct gw_diff_labels *labels)
{
    free(labels->threads);
    free(labels->functions);
}
