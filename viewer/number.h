/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them: with a unit, with as many digits as mean something. */
#ifndef GW_NUMBER_H
#define GW_NUMBER_H

#include <stdint.h>
#include <stdio.h>

/* "41 %", "4.1 %": a share of 0 to 1, with a decimal below 10 %. */
void gw_number_percent(FILE *out, double share);

/* "41 % ±2", "0.2 % ±0.1": a share with half the width of its interval. */
void gw_number_percent_margin(FILE *out, double share, double margin);

/* "4.123 s" below 10 s, "41.23 s" below 100 s, then "412.3 s". */
void gw_number_seconds(FILE *out, uint64_t ns);

/* A length of one wait or hold: "0.4 ms", "31.2 ms", "312 ms", then as gw_number_seconds. */
void gw_number_length(FILE *out, uint64_t ns);

/* "1,234,567" */
void gw_number_count(FILE *out, uint64_t count);

/* "24.3 MiB" */
void gw_number_bytes(FILE *out, uint64_t bytes);

/* Share of a whole that may be 0. */
static inline double gw_share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

#endif
