/* SPDX-License-Identifier: Apache-2.0 */
/* The page without data, as viewer/web makes it, inside the program. */
#ifndef GW_HTML_TEMPLATE_H
#define GW_HTML_TEMPLATE_H

/* Its bytes; no NUL behind them. They hold each of these three once, in this order. */
extern const char gw_html_template[];
extern const char gw_html_template_end[];

#define GW_HTML_SLOT_TITLE "@GW_TITLE@"
#define GW_HTML_SLOT_SUMMARY "@GW_SUMMARY@"
#define GW_HTML_SLOT_DATA "@GW_DATA@"

#endif
