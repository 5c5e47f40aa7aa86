/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the JSON formats have in common. Names are put into values of jansson and written by it, so
 * nothing that the target calls itself can end a string. Times are whole nanoseconds: no number is
 * rounded.
 */
#ifndef GW_EXPORT_JSON_VALUE_H
#define GW_EXPORT_JSON_VALUE_H

#include <jansson.h>
#include <stdio.h>

#include "model/model.h"

/* Each gives a new reference, or NULL when memory ran out. */
json_t *gw_json_ns(uint64_t ns);
json_t *gw_json_text(const struct gw_model *model, uint32_t string);

/* The name that people see: of a thread ("thread TID" if it has none), of a function
 * ("zlib.compress [C]", "(no Python frame)"), of the innermost frame of a stack with file, line and
 * the C function that it has called. */
json_t *gw_json_thread_label(const struct gw_model *model, uint32_t thread);
json_t *gw_json_function_label(const struct gw_model *model, uint32_t function);
json_t *gw_json_place_label(const struct gw_model *model, uint32_t stack);

/* The time on the wall at which the recording began, in nanoseconds since 1970. */
json_t *gw_json_start(const struct gw_model *model);

/* Write a value, which is released, without a line end. NULL is what is left of one for which
 * memory ran out. Returns 0, -ENOMEM or the error of the write. */
int gw_json_write(FILE *out, json_t *value);

#endif
