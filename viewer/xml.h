/* SPDX-License-Identifier: Apache-2.0 */
/* Text in XML 1.0. */
#ifndef GW_XML_H
#define GW_XML_H

#include <stdio.h>

/* Write valid UTF-8 as content or as the value of an attribute in double quotes. What XML 1.0 does
 * not allow in any form (control characters, U+FFFE, U+FFFF) is written backslash-escaped, as are
 * tabs and newlines, which a reader may take for spaces: \xNN, \uNNNN, \t, \n. */
void gw_xml_text(FILE *out, const char *text);

#endif
