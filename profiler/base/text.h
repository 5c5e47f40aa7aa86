/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making foreign text safe, once, at the border: everything kept inside gilwait is valid UTF-8 of
 * at most GW_MAX_STRING bytes. What cannot be UTF-8 (lone surrogates, bytes of a thread name) is
 * written backslash-escaped: \xNN for a byte, also for NUL, \uNNNN for a surrogate, \UNNNNNNNN for
 * a number beyond Unicode. Everything else stays as it is, newlines and backslashes too.
 */
#ifndef GW_BASE_TEXT_H
#define GW_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Room that holds any result below: the text, the mark of a cut and the final NUL. */
#define GW_TEXT_ROOM (4096u + 16u)

/* Raw bytes, supposed to be UTF-8. Writes a NUL-terminated string into out (cap >= 32); too long
 * a text is cut at a character and marked with "…". Returns its length without the NUL. */
size_t gw_text_from_bytes(const uint8_t *bytes, size_t len, char *out, size_t cap);

/* Code units of width 1 (Latin-1), 2 (UCS-2) or 4 (UCS-4) bytes in native order: CPython's
 * compact string kinds (PEP 393). n_units units at `units`; same result as above. */
size_t gw_text_from_units(const uint8_t *units, size_t n_units, unsigned width, char *out,
                          size_t cap);

#endif
