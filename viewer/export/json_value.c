/* SPDX-License-Identifier: Apache-2.0 */
#include "export/json_value.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/label.h"

/* As many digits as a rate needs. */
#define DIGITS 15

json_t *gw_json_ns(uint64_t ns)
{
    return json_integer((json_int_t)ns);
}

json_t *gw_json_text(const struct gw_model *model, uint32_t string)
{
    return json_string(gw_model_text(model, string));
}

/* The text that a function of model/label.h prints. */
static json_t *label(const struct gw_model *model, uint32_t row,
                     void (*print)(FILE *, const struct gw_model *, uint32_t))
{
    GW_AUTO_FREE char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    print(out, model, row);
    return fclose(out) == 0 ? json_string(text) : NULL;
}

static void print_thread(FILE *out, const struct gw_model *model, uint32_t thread)
{
    gw_label_thread(out, model, thread, NULL);
}

static void print_function(FILE *out, const struct gw_model *model, uint32_t function)
{
    gw_label_function(out, model, function, NULL);
}

static void print_place(FILE *out, const struct gw_model *model, uint32_t stack)
{
    gw_label_leaf(out, model, stack, NULL);
}

json_t *gw_json_thread_label(const struct gw_model *model, uint32_t thread)
{
    return label(model, thread, print_thread);
}

json_t *gw_json_function_label(const struct gw_model *model, uint32_t function)
{
    return label(model, function, print_function);
}

json_t *gw_json_place_label(const struct gw_model *model, uint32_t stack)
{
    return label(model, stack, print_place);
}

json_t *gw_json_start(const struct gw_model *model)
{
    return gw_json_ns(model->realtime_ns + (model->start_ns - model->monotonic_ns));
}

int gw_json_write(FILE *out, json_t *value)
{
    if (!value)
        return -ENOMEM;
    errno = 0;
    int rc = json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS));
    int error = errno ? errno : EIO;
    json_decref(value);
    return rc == 0 ? 0 : -error;
}
