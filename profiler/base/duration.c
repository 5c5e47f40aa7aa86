/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

bool gw_duration_parse(const char *text, uint64_t *out_ns)
{
    char *unit;

    errno = 0;
    double value = strtod(text, &unit);
    if (unit == text || errno)
        return false;
    if (strcmp(unit, "m") == 0)
        value *= 60;
    else if (strcmp(unit, "h") == 0)
        value *= 3600;
    else if (*unit && strcmp(unit, "s") != 0)
        return false;
    if (!(value >= 0 && value <= GW_MAX_DURATION_S)) /* nor is it no number */
        return false;
    *out_ns = (uint64_t)(value * (double)GW_NS_PER_S);
    return true;
}
