/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program in a command line of Python: what a person calls the process by. The rules are those
 * of Python/getopt.c and Modules/main.c (3.8 to 3.15): -c and -m end the options, -W, -X and
 * --check-hash-based-pycs take an argument, single letters may be joined.
 */
#ifndef GW_CPYTHON_COMMAND_H
#define GW_CPYTHON_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* Name of the script or module that argv (each argument ended by a NUL) makes a Python run: without
 * its folder and without ".py"; a package that is run (PATH/NAME/__main__.py, -m NAME.__main__) is
 * called by its name. Made safe by gw_text_from_bytes; cap >= 32. False if none is named: -c, from
 * standard input, interactive, or cut. A command that is not named like a Python is itself the
 * program, as an embedding one (uwsgi) or one that has set its title. */
bool gw_python_program(struct gw_span argv, char *out, size_t cap);

#endif
