/* SPDX-License-Identifier: Apache-2.0 */
#include "number.h"

#include <inttypes.h>
#include <math.h>

#define PERCENT 100.0

void gw_number_percent(FILE *out, double share)
{
    double percent = share * PERCENT;

    fprintf(out, "%.*f %%", percent < 9.95 ? 1 : 0, percent);
}

void gw_number_percent_margin(FILE *out, double share, double margin)
{
    double percent = share * PERCENT;
    int decimals = percent < 9.95 || margin * PERCENT < 0.5 ? 1 : 0;
    /* A margin that rounds to nothing is printed as the least there is. */
    double least = decimals ? 0.1 : 1;

    fprintf(out, "%.*f %% ±%.*f", decimals, percent, decimals, fmax(margin * PERCENT, least));
}

void gw_number_seconds(FILE *out, uint64_t ns)
{
    double seconds = (double)ns / 1e9;

    fprintf(out, "%.*f s", seconds < 9.9995 ? 3 : seconds < 99.995 ? 2 : 1, seconds);
}

void gw_number_length(FILE *out, uint64_t ns)
{
    double ms = (double)ns / 1e6;

    if (ms < 999.5)
        fprintf(out, "%.*f ms", ms < 99.95 ? 1 : 0, ms);
    else
        gw_number_seconds(out, ns);
}

void gw_number_count(FILE *out, uint64_t count)
{
    if (count >= 1000) {
        gw_number_count(out, count / 1000);
        fprintf(out, ",%03" PRIu64, count % 1000);
    } else {
        fprintf(out, "%" PRIu64, count);
    }
}

void gw_number_bytes(FILE *out, uint64_t bytes)
{
    fprintf(out, "%.1f MiB", (double)bytes / (1 << 20));
}
