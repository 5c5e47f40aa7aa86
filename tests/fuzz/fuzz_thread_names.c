/* SPDX-License-Identifier: Apache-2.0 */
/* An interpreter's dicts and threads in hostile memory: {u8 version} and the memory's words. */
#include <stdint.h>
#include <stdlib.h>

#include "cpython/thread_names.h"
#include "support/fake_heap.h"

#define BASE 0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned minors[] = {8, 11, 12, 13, 14};
    struct gw_thread_name names[] = {{.ident = 0x7f0000001000}, {.ident = 1}};
    struct gw_layout layout;
    struct fake_rmem fake;
    if (size < 1)
        return 0;
    unsigned minor = minors[data[0] % 5];
    fake_layout(minor, minor >= 13 && data[0] >= 0x80, &layout);
    fake_rmem_init(&fake);
    fake_rmem_map_words(&fake, BASE, 32768, data + 1, size - 1);
    int found = gw_thread_names_read(&fake.memory, &layout, BASE, names, 2);
    if (found < 0 || found > 2)
        abort();
    fake_rmem_fini(&fake);
    return 0;
}
