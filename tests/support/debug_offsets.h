/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The _Py_DebugOffsets of real interpreters (x86-64, with a GIL): what 3.13+ says of itself at the
 * start of _PyRuntime. 64-bit words: the cookie, the version, then offsets and sizes.
 */
#ifndef GW_TESTS_DEBUG_OFFSETS_H
#define GW_TESTS_DEBUG_OFFSETS_H

#include <stddef.h>
#include <stdint.h>

/* The most words a table has: that of 3.15. */
#define DEBUG_OFFSETS_WORDS 111

/* Copies the table of 3.minor (13 to 15), aborts for any other. Returns the number of its words. */
size_t debug_offsets_of(unsigned minor, uint64_t words[DEBUG_OFFSETS_WORDS]);

#endif
