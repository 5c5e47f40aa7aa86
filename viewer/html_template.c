/* SPDX-License-Identifier: Apache-2.0 */
/* The build says in GW_HTML_TEMPLATE_FILE where the page lies; the assembler takes it in whole,
 * which costs a compiler nothing. */
#include "html_template.h"

__asm__(".pushsection .rodata\n"
        ".globl gw_html_template\n"
        ".hidden gw_html_template\n"
        "gw_html_template:\n"
        ".incbin \"" GW_HTML_TEMPLATE_FILE "\"\n"
        ".globl gw_html_template_end\n"
        ".hidden gw_html_template_end\n"
        "gw_html_template_end:\n"
        ".byte 0\n"
        ".popsection\n");
