/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines of processes that call themselves what they like. */
#include <stdlib.h>
#include <string.h>

#include "cpython/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[64];
    memset(name, 'x', sizeof name);
    if (gw_python_program(gw_span_of(data, size), name, sizeof name) &&
        (!memchr(name, 0, sizeof name) || name[0] == '\0'))
        abort();
    return 0;
}
