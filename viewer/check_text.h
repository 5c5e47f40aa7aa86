/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a check as lines for people, or as a table in Markdown. */
#ifndef GW_CHECK_TEXT_H
#define GW_CHECK_TEXT_H

#include "check_words.h"

/* For each limit the worst group of threads, and all others that do not pass. Fits 80 columns, 100
 * against a baseline. */
void gw_check_text(const struct gw_check *check, const struct gw_check_words *words, FILE *out);

/* The same for the summary of a CI job. words->also has to be "|". */
void gw_check_markdown(const struct gw_check *check, const struct gw_check_words *words, FILE *out);

#endif
