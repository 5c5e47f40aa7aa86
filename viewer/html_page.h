/* SPDX-License-Identifier: Apache-2.0 */
/* A page of viewer/web with its data put in. */
#ifndef GW_HTML_PAGE_H
#define GW_HTML_PAGE_H

#include <jansson.h>
#include <stdio.h>

#include "html_template.h"

/*
 * Write the page. Title, summary and all texts of the data may be anything; nothing in them becomes
 * markup. Returns 0, -ENOMEM, -GW_E_LIMIT (more data than a page can hold), -GW_E_BAD_DATA (a
 * prebuilt page without its slots was built in) or the error of the write. `out` is neither flushed
 * nor closed.
 */
int gw_html_page_write(const struct gw_html_template *page, const char *title, const char *summary,
                       json_t *data, FILE *out);

#endif
