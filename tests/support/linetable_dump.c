/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line tables to lines, for check_linetables.py. usage: linetable_dump lnotab|linetable|locations
 * Reads lines "FIRST_LINE CODE_BYTES HEX" ("-" for an empty table); prints for each the line of
 * every two-byte unit of the code, as "LINExUNITS" for each run of equal ones; 0 is no line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cpython/linetable.h"

static int find_family(const char *name, enum gw_line_family *out)
{
    static const char *const names[] = {
        [GW_LINES_LNOTAB] = "lnotab",
        [GW_LINES_LINETABLE] = "linetable",
        [GW_LINES_LOCATIONS] = "locations",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum gw_line_family)i;
            return 0;
        }
    }
    return -1;
}

/* In place; returns the number of bytes. */
static size_t parse_hex(char *text)
{
    size_t n = 0;
    for (char pair[3] = {0}; text[2 * n] && text[2 * n + 1]; n++) {
        memcpy(pair, text + 2 * n, 2);
        text[n] = (char)strtoul(pair, NULL, 16);
    }
    return n;
}

static void print_lines(enum gw_line_family family, struct gw_span table, uint32_t first_line,
                        int64_t code_bytes)
{
    uint32_t line = 0;
    size_t units = 0;
    for (int64_t at = 0; at <= code_bytes; at += 2) {
        uint32_t next = gw_linetable_line(family, table, first_line, at);
        if (units && (next != line || at == code_bytes)) {
            printf("%" PRIu32 "x%zu ", line, units);
            units = 0;
        }
        line = next;
        units++;
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    enum gw_line_family family;
    if (argc != 2 || find_family(argv[1], &family) != 0) {
        fprintf(stderr, "usage: %s lnotab|linetable|locations\n", argv[0]);
        return 2;
    }
    GW_AUTO_FREE char *text = NULL;
    size_t room = 0;
    while (getline(&text, &room, stdin) > 0) {
        uint32_t first_line;
        int64_t code_bytes;
        int hex_at = 0;
        if (sscanf(text, "%" SCNu32 " %" SCNd64 " %n", &first_line, &code_bytes, &hex_at) != 2)
            return 1;
        char *hex = text + hex_at;
        hex[strcspn(hex, "\n")] = '\0';
        size_t len = hex[0] == '-' ? 0 : parse_hex(hex);
        print_lines(family, gw_span_of(hex, len), first_line, code_bytes);
    }
    return 0;
}
