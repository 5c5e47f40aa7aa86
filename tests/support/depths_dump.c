/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytecode to the greatest depth of its value stack, for check_depths.py. usage: depths_dump MINOR
 * Reads lines "GENERATOR CODE EXCEPTIONS": 0 or 1, then hex, "-" for nothing; prints the depth.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cpython/bytecode.h"

/* In place. */
static struct gw_span parse_hex(char *text)
{
    size_t n = 0;
    for (char pair[3] = {0}; text[2 * n] && text[2 * n + 1]; n++) {
        memcpy(pair, text + 2 * n, 2);
        text[n] = (char)strtoul(pair, NULL, 16);
    }
    return gw_span_of(text, n);
}

int main(int argc, char **argv)
{
    GW_AUTO_FREE char *text = NULL;
    size_t room = 0;
    struct gw_depths *depths = gw_depths_new();
    if (argc != 2 || !depths) {
        fprintf(stderr, "usage: %s MINOR\n", argv[0]);
        return 2;
    }
    while (getline(&text, &room, stdin) > 0) {
        char *rest = text;
        const char *generator = strsep(&rest, " ");
        char *code = strsep(&rest, " "), *exceptions = strsep(&rest, "\n");
        if (!exceptions)
            return 1;
        struct gw_bytecode bytecode = {.minor = (unsigned)atoi(argv[1]),
                                       .code = parse_hex(code),
                                       .exceptions = parse_hex(exceptions),
                                       .is_generator = generator[0] == '1'};
        printf("%d\n", gw_depths_find(depths, &bytecode));
    }
    gw_depths_free(depths);
    return 0;
}
