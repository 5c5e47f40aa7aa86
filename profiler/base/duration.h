/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths of time as people write them: the same on every command line. */
#ifndef GW_BASE_DURATION_H
#define GW_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* Parse seconds ("10", "2.5", "2.5s"), minutes ("5m") or hours ("1h") into nanoseconds: 0 to
 * GW_MAX_DURATION_S. False, with *out_ns as it was, for anything else. */
bool gw_duration_parse(const char *text, uint64_t *out_ns);

#endif
