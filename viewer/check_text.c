/* SPDX-License-Identifier: Apache-2.0 */
#include "check_text.h"

#include "base/columns.h"
#include "cell.h"

#define ANSWER_WIDTH 16u
#define LIMIT_NAME_WIDTH 13u
#define VALUE_WIDTH 17u
#define LIMIT_AT (ANSWER_WIDTH + LIMIT_NAME_WIDTH + VALUE_WIDTH)
/* Against a baseline there is more to say. */
#define LIMIT_WIDTH 9u
#define BASELINE_LIMIT_WIDTH 11u
#define COLUMNS 80u
#define BASELINE_COLUMNS 100u

struct line {
    struct gw_cell value, limit, place;
};

static void begin_line(struct line *line, const struct gw_check_words *words,
                       const struct gw_check_result *result)
{
    if (gw_cell_begin(&line->value))
        gw_check_put_value(line->value.file, result);
    if (gw_cell_begin(&line->limit))
        gw_check_put_limit(line->limit.file, words, result);
    if (gw_cell_begin(&line->place))
        gw_check_put_place(line->place.file, words, result);
}

static void end_line(struct line *line)
{
    gw_cell_end(&line->value);
    gw_cell_end(&line->limit);
    gw_cell_end(&line->place);
}

/* Dozens of groups that pass say nothing but that. */
static bool is_shown(const struct gw_check *check, size_t i)
{
    const struct gw_check_result *result = &check->results[i];

    return i == 0 || result[-1].limit != result->limit || result->answer != GW_CHECK_PASS;
}

void gw_check_text(const struct gw_check *check, const struct gw_check_words *words, FILE *out)
{
    unsigned columns = check->there ? BASELINE_COLUMNS : COLUMNS;
    unsigned limit_width = check->there ? BASELINE_LIMIT_WIDTH : LIMIT_WIDTH;
    unsigned place_at = LIMIT_AT + limit_width + 2;

    gw_columns_put_right(out, "measured", LIMIT_AT);
    gw_columns_put_right(out, "limit", limit_width);
    putc('\n', out);
    for (size_t i = 0; i < check->n; i++) {
        const struct gw_check_result *result = &check->results[i];
        struct line line;
        if (!is_shown(check, i))
            continue;
        begin_line(&line, words, result);
        gw_columns_put(out, gw_check_answer_name(result->answer), ANSWER_WIDTH);
        gw_columns_put(out, gw_check_limit_name(result->limit), LIMIT_NAME_WIDTH);
        gw_columns_put_right(out, gw_cell_text(&line.value), VALUE_WIDTH);
        gw_columns_put_right(out, gw_cell_text(&line.limit), limit_width);
        fputs("  ", out);
        gw_columns_wrap(out, gw_cell_text(&line.place), place_at, place_at, columns);
        end_line(&line);
    }
    gw_check_put_counts(out, check);
}

void gw_check_markdown(const struct gw_check *check, const struct gw_check_words *words, FILE *out)
{
    fprintf(out, "**GIL: %s**\n\n| | | measured | limit | |\n| --- | --- | ---: | ---: | --- |\n",
            gw_check_answer_name(check->answer));
    for (size_t i = 0; i < check->n; i++) {
        const struct gw_check_result *result = &check->results[i];
        const char *mark = result->answer == GW_CHECK_FAIL ? "**" : "";
        struct line line;
        if (!is_shown(check, i))
            continue;
        begin_line(&line, words, result);
        fprintf(out, "| %s%s%s | %s | %s | %s | %s |\n", mark, gw_check_answer_name(result->answer),
                mark, gw_check_limit_name(result->limit), gw_cell_text(&line.value),
                gw_cell_text(&line.limit), gw_cell_text(&line.place));
        end_line(&line);
    }
    putc('\n', out);
    gw_check_put_counts(out, check);
}
