/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the text of a capture (capture_text.h) from standard input, writes it to standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "support/capture_text.h"

#define MAX_TEXT ((size_t)4 << 20)

int main(void)
{
    GW_AUTO_FREE char *text = malloc(MAX_TEXT);

    if (!text)
        return 1;
    size_t len = fread(text, 1, MAX_TEXT - 1, stdin);
    text[len] = 0;
    return capture_text_write(text, dup(STDOUT_FILENO)) < 0;
}
