/* SPDX-License-Identifier: Apache-2.0 */
#include "xml.h"

#include <stdbool.h>
#include <string.h>

#include "model/label.h"

static const char *entity(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* U+FFFE and U+FFFF in UTF-8. */
static bool is_no_character(const char *at)
{
    return strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0;
}

void gw_xml_text(FILE *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (entity(*at)) {
            fputs(entity(*at), out);
        } else if (is_no_character(at)) {
            fputs(at[2] == '\xbe' ? "\\ufffe" : "\\uffff", out);
            at += 2;
        } else {
            /* One character by itself: of controls there are some that take two bytes. */
            char one[3] = {*at, *at == '\xc2' ? at[1] : '\0', '\0'};
            gw_label_text(out, one, NULL);
            at += one[1] != 0;
        }
    }
}
