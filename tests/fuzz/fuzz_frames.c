/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads, frames and code in hostile memory: {u8 version, u16 word at which the runtime starts}
 * and the memory's words.
 */
#include <elf.h>
#include <stdint.h>

#include "support/image_builder.h"
#include "support/walk_all.h"

#define BASE 0x10000u
#define BYTES 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_python python = {.machine = EM_X86_64};
    struct gw_span input = gw_span_of(data, size);
    struct fake_rmem fake;
    uint8_t version;
    uint16_t runtime;
    if (!gw_span_u8(&input, &version) || !gw_span_copy(&input, &runtime, sizeof runtime))
        return 0;
    image_layout(GW_PYTHON_MINOR_FIRST + version % 8, python.machine, &python.layout);
    python.runtime = BASE + runtime * 8u % BYTES;
    fake_rmem_init(&fake);
    fake_rmem_map_words(&fake, BASE, BYTES, input.at, input.len);
    walk_all(&fake, &python);
    fake_rmem_fini(&fake);
    return 0;
}
