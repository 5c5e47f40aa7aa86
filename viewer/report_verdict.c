/* SPDX-License-Identifier: Apache-2.0 */
#include "report_parts.h"

#include "base/columns.h"
#include "verdict.h"
#include "verdict_words.h"

#define INDENT 4u

static void put_lines(const struct gw_report *report, const struct gw_verdict_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        fputs("  - ", report->out);
        gw_columns_wrap(report->out, lines->text[i], INDENT, INDENT, GW_REPORT_COLUMNS);
    }
}

bool gw_report_verdict(const struct gw_report *report)
{
    struct gw_verdict verdict;
    struct gw_verdict_words words = {0};
    int rc = gw_verdict_find(report->model, report->losses, &verdict);

    if (rc == 0)
        rc = gw_verdict_words_init(&words, report->model, report->losses, &verdict);
    if (rc == 0) {
        gw_report_heading(report,
                          gw_model_filtered(report->model) ? "Verdict on all threads" : "Verdict");
        gw_columns_wrap(report->out, words.sentence, 0, 0, GW_REPORT_COLUMNS);
        put_lines(report, &words.evidence);
        if (words.remedies.n > 0)
            fputs("What would change it:\n", report->out);
        put_lines(report, &words.remedies);
    }
    gw_verdict_words_fini(&words);
    return rc == 0;
}
