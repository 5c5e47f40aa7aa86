/* SPDX-License-Identifier: Apache-2.0 */
#include "xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cell.h"

static void assert_text(const char *text, const char *expected)
{
    struct gw_cell cell;

    assert_non_null(gw_cell_begin(&cell));
    gw_xml_text(cell.file, text);
    assert_string_equal(gw_cell_text(&cell), expected);
    gw_cell_end(&cell);
}

static void markup_is_text(void **state)
{
    (void)state;
    assert_text("a<b>&\"c\" 'd' ]]>", "a&lt;b&gt;&amp;&quot;c&quot; 'd' ]]&gt;");
    assert_text("작업자 é ±", "작업자 é ±");
}

static void what_xml_has_no_way_to_say(void **state)
{
    (void)state;
    assert_text("\x1b[31m\x7f\t\n", "\\x1b[31m\\x7f\\t\\n");
    assert_text("a\xc2\x85z\xc2\xa0", "a\\u0085z\xc2\xa0");
    assert_text("a\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbdz", "a\\ufffe\\uffff\xef\xbf\xbdz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_text),
        cmocka_unit_test(what_xml_has_no_way_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
