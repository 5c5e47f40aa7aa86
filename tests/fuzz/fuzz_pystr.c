/* SPDX-License-Identifier: Apache-2.0 */
/* str and bytes objects in hostile memory: {u8 version} and the memory's words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cpython/pystr.h"
#include "support/fake_heap.h"

#define BASE 0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned minors[] = {8, 12, 13, 14};
    struct gw_layout layout;
    struct fake_rmem fake;
    if (size < 1)
        return 0;
    unsigned minor = minors[data[0] % 4];
    fake_layout(minor, minor >= 13 && data[0] >= 0x80, &layout);
    fake_rmem_init(&fake);
    fake_rmem_map_words(&fake, BASE, 16384, data + 1, size - 1);
    char text[GW_TEXT_ROOM];
    if (gw_pystr_read(&fake.memory, &layout, BASE, text, sizeof text) == 0 &&
        strnlen(text, sizeof text) == sizeof text)
        abort();
    uint8_t bytes[8192];
    size_t len;
    if (gw_pybytes_read(&fake.memory, &layout, BASE, bytes, sizeof bytes, &len) == 0 &&
        len > sizeof bytes)
        abort();
    fake_rmem_fini(&fake);
    return 0;
}
