/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One of our layouts, for check_layouts.py. usage: layout_dump MINOR   the table row of 3.MINOR
 *                                                  layout_dump table   from _Py_DebugOffsets on
 *                                                                      standard input
 * Prints lines "STRUCT.FIELD OFFSET", "sizeof STRUCT BYTES" and "boundary OPCODE".
 */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/layout.h"

#ifdef __aarch64__
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_X86_64
#endif

static int read_layout(const char *source, struct gw_layout *out)
{
    if (strcmp(source, "table") != 0)
        return gw_layout_from_table(0x03000000u | (uint32_t)strtoul(source, NULL, 10) << 16,
                                    MACHINE, out);
    uint8_t table[GW_DEBUG_OFFSETS_BYTES];
    size_t n = fread(table, 1, sizeof table, stdin);
    return gw_layout_from_debug_offsets(gw_span_of(table, n), MACHINE, out);
}

int main(int argc, char **argv)
{
    static const char *const structs[] = {
#define STRUCT_NAME(name) [GW_S_##name] = #name,
        GW_STRUCT_LIST(STRUCT_NAME)
#undef STRUCT_NAME
    };
    struct gw_layout layout;
    int err = argc == 2 ? read_layout(argv[1], &layout) : -GW_E_NOT_FOUND;
    if (err) {
        fprintf(stderr, "%s: %s\n", argv[0], gw_error_sentence(err));
        return 2;
    }
    for (unsigned field = 0; field < GW_N_FIELDS; field++)
        if (gw_layout_has(&layout, field))
            printf("%s %" PRIu32 "\n", gw_field_name(field), gw_layout_at(&layout, field));
    for (unsigned i = 0; i < GW_N_STRUCTS; i++)
        if (layout.size[i])
            printf("sizeof %s %" PRIu32 "\n", structs[i], layout.size[i]);
    for (unsigned opcode = 0; opcode < GW_N_OPCODES; opcode++)
        if (gw_layout_is_boundary(&layout, (uint8_t)opcode))
            printf("boundary %u\n", opcode);
    return 0;
}
