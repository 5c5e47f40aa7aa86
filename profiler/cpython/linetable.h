/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instruction to line: decoders of CPython's line tables, on bytes that may be anything.
 * Sources: Objects/lnotab_notes.txt (3.8 to 3.10), Objects/locations.md (3.11), later
 * InternalDocs/code_objects.md.
 */
#ifndef GW_CPYTHON_LINETABLE_H
#define GW_CPYTHON_LINETABLE_H

#include <stdint.h>

#include "base/span.h"
#include "cpython/layout.h"

/*
 * The line of the instruction at byte offset `at` of the bytecode; `at` < 0 (not started yet) gives
 * first_line. 0 if the table gives it no line or `at` lies behind its end or the table is broken.
 */
uint32_t gw_linetable_line(enum gw_line_family family, struct gw_span table, uint32_t first_line,
                           int64_t at);

#endif
