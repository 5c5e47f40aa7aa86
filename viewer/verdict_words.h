/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict in plain words: one sentence, the evidence for it, and what would change it. The text
 * report and the JSON say the same. */
#ifndef GW_VERDICT_WORDS_H
#define GW_VERDICT_WORDS_H

#include <stddef.h>

#include "verdict.h"

/* Lines of evidence, and of remedies, at most. */
#define GW_VERDICT_LINES 8u

struct gw_verdict_lines {
    char *text[GW_VERDICT_LINES]; /* each on one line, without a line end */
    size_t n;
};

struct gw_verdict_words {
    char *sentence;
    struct gw_verdict_lines evidence;
    struct gw_verdict_lines remedies; /* what would change it; may be none */
};

/* Returns 0, or -ENOMEM; fini in either case. */
int gw_verdict_words_init(struct gw_verdict_words *words, const struct gw_model *model,
                          const struct gw_losses *losses, const struct gw_verdict *verdict)
    __attribute__((warn_unused_result));

void gw_verdict_words_fini(struct gw_verdict_words *words);

#endif
