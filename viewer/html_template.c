/* SPDX-License-Identifier: Apache-2.0 */
/* The build says in GW_HTML_TEMPLATES which folder has the pages; the assembler takes them in
 * whole, which costs a compiler nothing. */
#include "html_template.h"

#define TAKE_IN(name)                                                                              \
    __asm__(".pushsection .rodata\n"                                                               \
            ".globl gw_html_bytes_" name "\n"                                                      \
            ".hidden gw_html_bytes_" name "\n"                                                     \
            "gw_html_bytes_" name ":\n"                                                            \
            ".incbin \"" GW_HTML_TEMPLATES "/" name ".html\"\n"                                    \
            ".globl gw_html_bytes_" name "_end\n"                                                  \
            ".hidden gw_html_bytes_" name "_end\n"                                                 \
            "gw_html_bytes_" name "_end:\n"                                                        \
            ".byte 0\n"                                                                            \
            ".popsection\n")

TAKE_IN("page");
TAKE_IN("diff");

extern const char gw_html_bytes_page[], gw_html_bytes_page_end[];
extern const char gw_html_bytes_diff[], gw_html_bytes_diff_end[];

const struct gw_html_template gw_html_report = {gw_html_bytes_page, gw_html_bytes_page_end};
const struct gw_html_template gw_html_diff = {gw_html_bytes_diff, gw_html_bytes_diff_end};
