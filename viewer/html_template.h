/* SPDX-License-Identifier: Apache-2.0 */
/* The pages without data, as viewer/web makes them, inside the program. */
#ifndef GW_HTML_TEMPLATE_H
#define GW_HTML_TEMPLATE_H

/* The bytes of a page; no NUL behind them. They hold each of the three slots once, in this order.
 */
struct gw_html_template {
    const char *begin, *end;
};

extern const struct gw_html_template gw_html_report;
extern const struct gw_html_template gw_html_diff;

#define GW_HTML_SLOT_TITLE "@GW_TITLE@"
#define GW_HTML_SLOT_SUMMARY "@GW_SUMMARY@"
#define GW_HTML_SLOT_DATA "@GW_DATA@"

#endif
