/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a recording that people see: the output file, the progress line, the end. */
#ifndef GW_RECORDING_H
#define GW_RECORDING_H

#include <signal.h>
#include <stdbool.h>

#include "options.h"

struct gw_output {
    char path[4096]; /* "-" for standard output */
    int fd;
    bool created; /* the file was not there before */
};

/* Open the output for writing without touching what is in it yet; pid makes the default name.
 * Prints the error; returns an exit code. */
int gw_output_open(const char *verb, const char *path, pid_t pid, struct gw_output *out);

/* The target could not be had: leave no trace of the output. */
void gw_output_abandon(struct gw_output *output);

/* Set once a signal has asked for the end (SIGINT, SIGTERM, SIGHUP). */
extern volatile sig_atomic_t gw_stop_requested;

/* Catch those signals; SIGPIPE is ignored, a closed pipe shows as an error of write(2). */
void gw_catch_signals(void);

/* Record into the output, with progress on a terminal, until it ends; then say what was written,
 * or `nothing` if not one sample was made. Returns an exit code. Frees the recorder. */
int gw_record_to(struct gw_recorder *recorder, struct gw_output *output, bool quiet,
                 const char *nothing);

#endif
