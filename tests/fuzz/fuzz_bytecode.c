/* SPDX-License-Identifier: Apache-2.0 */
/* Bytecode: {u8 version, u8 generator, u16 bytes of code}, the code, and the exception table. */
#include <stdint.h>
#include <stdlib.h>

#include "cpython/bytecode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gw_depths *depths; /* made once: a fuzzer calls thousands of times a second */
    struct gw_span input = gw_span_of(data, size), code;
    uint8_t version, generator;
    uint16_t len;
    if (!depths && !(depths = gw_depths_new()))
        abort();
    if (!gw_span_u8(&input, &version) || !gw_span_u8(&input, &generator) ||
        !gw_span_copy(&input, &len, sizeof len) ||
        !gw_span_take(&input, len < input.len ? len : input.len, &code))
        return 0;
    struct gw_bytecode bytecode = {.minor = GW_PYTHON_MINOR_FIRST + version % 9u,
                                   .code = code,
                                   .exceptions = input,
                                   .is_generator = generator & 1};
    int greatest = gw_depths_find(depths, &bytecode);
    for (uint32_t unit = 0; unit <= len / 2u + 1; unit++) {
        struct gw_instruction instruction;
        int depth = gw_depths_at(depths, unit);
        if (greatest < 0 ? depth != GW_DEPTH_UNREACHED : depth > greatest)
            abort();
        if (gw_instruction_at(depths, &bytecode, unit, &instruction) && instruction.end <= unit)
            abort();
    }
    return 0;
}
