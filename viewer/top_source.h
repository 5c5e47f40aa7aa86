/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder that `top` looks at: `gilwait record` as a child, which writes into a pipe. */
#ifndef GW_TOP_SOURCE_H
#define GW_TOP_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

#define GW_TOP_SOURCE_MAX_OPTIONS 16u

/* Options of `gilwait record`. Zero-initialised has none. */
struct gw_top_source_options {
    char *at[GW_TOP_SOURCE_MAX_OPTIONS];
    size_t n;
};

/* Add --NAME, or --NAME=VALUE if value is not NULL. 0, -E2BIG or -ENOMEM. */
int gw_top_source_option(struct gw_top_source_options *options, const char *name,
                         const char *value);

void gw_top_source_options_fini(struct gw_top_source_options *options);

struct gw_top_source {
    pid_t pid;     /* 0: it has ended */
    int fd;        /* where the capture comes from: whoever reads it takes it over */
    int errors_fd; /* what it writes to standard error, in memory */
};

/* Start it. 0, or the error of pipe2(2), memfd_create(2) or fork(2). */
int gw_top_source_start(const struct gw_top_source_options *options, struct gw_top_source *out);

/* Ask it to end. Safe in a signal handler. */
void gw_top_source_stop(const struct gw_top_source *source);

/* Wait for its end. Returns its exit code (GW_EXIT_FAILURE if a signal ended it). */
int gw_top_source_wait(struct gw_top_source *source);

/* What it wrote to standard error, as much as fits; "" if nothing. */
void gw_top_source_errors(const struct gw_top_source *source, char *out, size_t cap);

/* Its end is waited for. */
void gw_top_source_fini(struct gw_top_source *source);

#endif
