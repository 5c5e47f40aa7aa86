/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the text report, and what they share. */
#ifndef GW_REPORT_PARTS_H
#define GW_REPORT_PARTS_H

#include "cell.h"
#include "losses.h"
#include "ranking.h"
#include "report_text.h"

#define GW_REPORT_BOLD "\033[1m"
#define GW_REPORT_DIM "\033[2m"
#define GW_REPORT_PLAIN "\033[0m"

struct gw_report {
    const struct gw_model *model;
    const struct gw_ranking *ranking;
    const struct gw_losses *losses;
    const struct gw_report_options *options;
    FILE *out;
    bool many_processes; /* more than one was sampled: say which */
};

/* An escape sequence, if the report is to have any. */
void gw_report_style(const struct gw_report *report, const char *style);

/* An empty line and a title. */
void gw_report_heading(const struct gw_report *report, const char *text);

/* Rows of a table of n that are shown. */
size_t gw_report_shown(const struct gw_report *report, size_t n);

/* "... and 12 more with 1.234 s together": the rows that are not shown, if there are any; without the
 * time if it is 0. */
void gw_report_more(const struct gw_report *report, size_t n, uint64_t ns);

/* The text of a cell to the end of the line, whose first `at` columns are written, wrapped. Ends the
 * cell. */
void gw_report_line(const struct gw_report *report, struct gw_cell *cell, size_t at);

/* The verdict, its evidence, and what would change it. False when memory ran out. */
bool gw_report_verdict(const struct gw_report *report);

/* Columns of a thread's name and number. */
#define GW_REPORT_THREAD_COLUMNS 35u

/* A thread's name and its tid ("pid/tid" if there are many processes) in these columns. */
void gw_report_thread_name(const struct gw_report *report, uint32_t row);

/* The libraries that hold the GIL, where others wait for it. False when memory ran out. */
bool gw_report_libraries(const struct gw_report *report);

/* The C functions that hold the GIL, where native stacks were recorded. False when memory ran out. */
bool gw_report_native(const struct gw_report *report);

/* Single waits and single holds; why holds ended. */
void gw_report_episodes(const struct gw_report *report);
void gw_report_hold_ends(const struct gw_report *report);

/* Every thread: its wait with the interval, exact times, all its states. */
void gw_report_threads(const struct gw_report *report);

/* Who waits for whom; functions that suffer, functions that cause. */
void gw_report_tables(const struct gw_report *report);

#endif
