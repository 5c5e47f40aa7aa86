/* SPDX-License-Identifier: Apache-2.0 */
/* Where a command writes its page to: a file, whole or not at all, or standard output. */
#ifndef GW_PAGE_OUTPUT_H
#define GW_PAGE_OUTPUT_H

#include <stdio.h>

/* Writes the page; 0 or a negative code. */
typedef int gw_page_writer(const void *context, FILE *out);

/* Have `path` written ("-": standard output), and say on standard error that it was. Returns an
 * exit code, after telling what went wrong. */
int gw_page_output(const char *verb, const char *path, gw_page_writer *writer, const void *context);

#endif
