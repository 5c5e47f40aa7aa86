/* SPDX-License-Identifier: Apache-2.0 */
/* Line tables: {u8 family, u8 first line, u16 offset in the bytecode} and the table. */
#include <stdint.h>

#include "cpython/linetable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum gw_line_family families[] = {GW_LINES_LNOTAB, GW_LINES_LINETABLE,
                                                   GW_LINES_LOCATIONS};
    struct gw_span input = gw_span_of(data, size);
    uint8_t family, first_line;
    uint16_t at;
    if (!gw_span_u8(&input, &family) || !gw_span_u8(&input, &first_line) ||
        !gw_span_copy(&input, &at, sizeof at))
        return 0;
    for (int64_t offset = -1; offset <= 64; offset++)
        gw_linetable_line(families[family % 3], input, first_line, offset);
    gw_linetable_line(families[family % 3], input, first_line, at);
    return 0;
}
