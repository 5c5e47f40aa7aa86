/* SPDX-License-Identifier: Apache-2.0 */
#include "check_junit.h"

#include "cell.h"
#include "xml.h"

/* Ends the cell. */
static void put_cell(FILE *out, struct gw_cell *cell)
{
    gw_xml_text(out, gw_cell_text(cell));
    gw_cell_end(cell);
}

/* "GIL wait of worker-*, against the baseline" */
static void put_name(FILE *out, const struct gw_check_words *words,
                     const struct gw_check_result *result)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell)) {
        fputs(gw_check_limit_name(result->limit), cell.file);
        if (result->group) {
            fputs(" of ", cell.file);
            gw_thread_groups_pattern(cell.file, words->model, result->group, words->also);
        }
        if (gw_check_limit_relative(result->limit))
            fputs(", against the baseline", cell.file);
    }
    put_cell(out, &cell);
}

/* "25 % ±1, limit 10 %: http-* (2 threads)" */
static void put_message(FILE *out, const struct gw_check_words *words,
                        const struct gw_check_result *result)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell)) {
        gw_check_put_value(cell.file, result);
        fputs(result->group || result->longest ? ", limit " : "limit ", cell.file);
        gw_check_put_limit(cell.file, words, result);
        fputs(": ", cell.file);
        gw_check_put_place(cell.file, words, result);
    }
    put_cell(out, &cell);
}

static void put_case(FILE *out, const struct gw_check_words *words,
                     const struct gw_check_result *result)
{
    /* What passes is told its figures too, where a reader finds them. */
    static const char *const begins[GW_N_CHECK_ANSWERS] = {
        [GW_CHECK_PASS] = "<system-out>",
        [GW_CHECK_UNSURE] = "<skipped message=\"not enough data: ",
        [GW_CHECK_FAIL] = "<failure message=\"",
    };

    fputs("    <testcase classname=\"gilwait.check\" name=\"", out);
    put_name(out, words, result);
    fprintf(out, "\">%s", begins[result->answer]);
    put_message(out, words, result);
    fputs(result->answer == GW_CHECK_PASS ? "</system-out>" : "\"/>", out);
    fputs("</testcase>\n", out);
}

void gw_check_junit(const struct gw_check *check, const struct gw_check_words *words, FILE *out)
{
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"gilwait check\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
            "skipped=\"%zu\">\n",
            check->n, check->count[GW_CHECK_FAIL], check->count[GW_CHECK_UNSURE]);
    for (size_t i = 0; i < check->n; i++)
        put_case(out, words, &check->results[i]);
    fputs("  </testsuite>\n</testsuites>\n", out);
}
