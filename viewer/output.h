/* SPDX-License-Identifier: Apache-2.0 */
/* Where a command writes what it makes of captures. */
#ifndef GW_OUTPUT_H
#define GW_OUTPUT_H

#include <stdio.h>

/* Writes the whole of it; 0 or a negative code. The stream is flushed and closed for it. */
typedef int gw_output_writer(const void *context, FILE *out);

/* Have a file written at once or not at all: whoever reads it never meets half of it, and what
 * stood there stays if writing fails. A link is followed to the file behind it; a device or a pipe
 * is written to as it is. Returns 0, the writer's error or that of the file. */
int gw_output_file(const char *path, gw_output_writer *writer, const void *context);

/* Have standard output written. Returns 0, the writer's error or that of the stream. */
int gw_output_stdout(gw_output_writer *writer, const void *context);

/* Have a page written to `path` ("-": standard output), and say on standard error that it was.
 * Returns an exit code, after telling what went wrong. */
int gw_output_page(const char *verb, const char *path, gw_output_writer *writer,
                   const void *context);

#endif
