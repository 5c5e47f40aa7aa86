/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The results of a check as JUnit's XML, which CI systems show: one test case for each limit and
 * group of threads, and one for each limit on single waits and holds. Not enough data is a test
 * that was skipped. Names of test cases are the same from run to run.
 */
#ifndef GW_CHECK_JUNIT_H
#define GW_CHECK_JUNIT_H

#include "check_words.h"

/* Whether `out` took it is for the caller to ask. */
void gw_check_junit(const struct gw_check *check, const struct gw_check_words *words, FILE *out);

#endif
