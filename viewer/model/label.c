/* SPDX-License-Identifier: Apache-2.0 */
#include "model/label.h"

#include <string.h>

#define NS_PER_S 1e9

void gw_label_text(FILE *out, const char *text, const char *also)
{
    for (const char *at = text; *at; at++) {
        unsigned byte = (unsigned char)*at;
        unsigned next = (unsigned char)at[1];
        if (byte == '\n' || byte == '\t') {
            fputs(byte == '\n' ? "\\n" : "\\t", out);
        } else if (byte < 0x20 || byte == 0x7f || (also && strchr(also, *at))) {
            fprintf(out, "\\x%02x", byte);
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
            /* U+0080 to U+009F: controls that take two bytes in UTF-8 */
            fprintf(out, "\\u%04x", next);
            at++;
        } else {
            putc(*at, out);
        }
    }
}

const char *gw_label_short_path(const char *path)
{
    const char *at = path + strlen(path);

    for (int components = 0; at > path; at--)
        if (at[-1] == '/' && ++components == 2)
            break;
    return at;
}

void gw_label_function(FILE *out, const struct gw_model *model, uint32_t function, const char *also)
{
    const struct gw_model_function *row = &model->functions[function];

    if (function == 0) {
        fputs("(no Python frame)", out);
        return;
    }
    gw_label_text(out, gw_model_text(model, row->name), also);
    if (row->kind == GW_FUNCTION_C) {
        fputs(" [C]", out);
    } else if (row->kind == GW_FUNCTION_NATIVE && *gw_model_text(model, row->file)) {
        fputs(" [", out);
        gw_label_text(out, gw_model_text(model, row->file), also);
        putc(']', out);
    }
}

void gw_label_place(FILE *out, const struct gw_model *model, uint32_t function, uint32_t line,
                    const char *also)
{
    const char *file = gw_model_text(model, model->functions[function].file);

    gw_label_function(out, model, function, also);
    if (!*file || model->functions[function].kind == GW_FUNCTION_NATIVE)
        return;
    fputs(" (", out);
    gw_label_text(out, gw_label_short_path(file), also);
    if (line)
        fprintf(out, ":%u", line);
    putc(')', out);
}

void gw_label_c_function(FILE *out, const struct gw_model *model, uint32_t function,
                         const char *also)
{
    if (function == 0)
        return;
    fputs(" → ", out);
    gw_label_text(out, gw_model_text(model, model->functions[function].name), also);
}

void gw_label_leaf(FILE *out, const struct gw_model *model, uint32_t stack, const char *also)
{
    const struct gw_model_stack *leaf = gw_model_leaf(model, stack);

    gw_label_place(out, model, leaf->function, leaf->line, also);
    gw_label_c_function(out, model, gw_model_c_function(model, stack), also);
}

void gw_label_thread(FILE *out, const struct gw_model *model, uint32_t thread, const char *also)
{
    const char *name = gw_model_text(model, model->threads[thread].name);

    if (*name)
        gw_label_text(out, name, also);
    else
        fprintf(out, "thread %u", model->threads[thread].tid);
}

void gw_label_part(FILE *out, const struct gw_model *model)
{
    const struct gw_model_part *part = &model->part;

    fprintf(out, "%.3f s to %.3f s of %.3f s", (double)(model->start_ns - part->from_ns) / NS_PER_S,
            (double)(model->end_ns - part->from_ns) / NS_PER_S,
            (double)(part->to_ns - part->from_ns) / NS_PER_S);
}
