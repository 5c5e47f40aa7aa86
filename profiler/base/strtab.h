/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interned strings: each distinct text once, with a small stable id. Id 0 is "". Room is made
 * outside of the tick by gw_strtab_reserve; an intern allocates nothing. Pointers stay valid until
 * the table is freed.
 */
#ifndef GW_BASE_STRTAB_H
#define GW_BASE_STRTAB_H

#include <stddef.h>
#include <stdint.h>

struct gw_strtab;

/* NULL when there is no memory. */
struct gw_strtab *gw_strtab_new(void);
void gw_strtab_free(struct gw_strtab *table);

/* Make room for n more strings of `bytes` more bytes in all. 0 or -ENOMEM. */
int gw_strtab_reserve(struct gw_strtab *table, size_t n, size_t bytes)
    __attribute__((warn_unused_result));

/* Id of a NUL-terminated text (copied). -GW_E_LIMIT when the room is used up. */
int64_t gw_strtab_intern(struct gw_strtab *table, const char *text);

/* Number of strings; ids are 0 .. n-1. */
uint32_t gw_strtab_count(const struct gw_strtab *table);

/* Text of an id below the count. */
const char *gw_strtab_text(const struct gw_strtab *table, uint32_t id);

#endif
