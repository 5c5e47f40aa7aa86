/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"

/* --- document --------------------------------------------------------------------------------- */

static int refuse_text(const yaml_parser_t *parser, const char *path, struct gw_diag *diag)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return gw_diag_what(diag, -ENOMEM, "cannot read %s", path);
    size_t line = parser->problem_mark.line + 1;
    gw_diag_why(diag, "%s%s%s", parser->problem ? parser->problem : "it is no YAML",
                parser->context ? ", " : "", parser->context ? parser->context : "");
    return gw_diag_what(diag, -GW_E_BAD_DATA, "%s:%zu", path, line);
}

/* A second document would be silently without effect. */
static int check_single(yaml_parser_t *parser, const char *path, struct gw_diag *diag)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second))
        return refuse_text(parser, path, diag);
    yaml_node_t *root = yaml_document_get_root_node(&second);
    size_t line = root ? root->start_mark.line + 1 : 0;
    yaml_document_delete(&second);
    if (!root)
        return 0;
    gw_diag_why(diag, "a second document; there may be one only");
    return gw_diag_what(diag, -GW_E_BAD_DATA, "%s:%zu", path, line);
}

int gw_yaml_parse(struct gw_span text, const char *path, struct gw_diag *diag, struct gw_yaml *out)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return gw_diag_what(diag, -ENOMEM, "cannot read %s", path);
    yaml_parser_set_input_string(&parser, text.at, text.len);
    *out = (struct gw_yaml){.path = path, .diag = diag};
    int err = 0;
    if (!yaml_parser_load(&parser, &out->document)) {
        err = refuse_text(&parser, path, diag);
    } else {
        err = yaml_document_get_root_node(&out->document) ? check_single(&parser, path, diag) : 0;
        if (err)
            yaml_document_delete(&out->document);
    }
    yaml_parser_delete(&parser);
    return err;
}

void gw_yaml_fini(struct gw_yaml *yaml)
{
    yaml_document_delete(&yaml->document);
}

yaml_node_t *gw_yaml_root(struct gw_yaml *yaml)
{
    return yaml_document_get_root_node(&yaml->document);
}

int gw_yaml_refuse(struct gw_yaml *yaml, const yaml_node_t *node, const char *format, ...)
{
    char why[GW_DIAG_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    gw_diag_why(yaml->diag, "%s", why);
    return gw_diag_what(yaml->diag, -GW_E_BAD_DATA, "%s:%zu", yaml->path,
                        node->start_mark.line + 1);
}

/* --- collections ------------------------------------------------------------------------------ */

static yaml_node_t *node_of(struct gw_yaml *yaml, int index)
{
    return yaml_document_get_node(&yaml->document, index);
}

int gw_yaml_pairs(struct gw_yaml *yaml, yaml_node_t *node, const char *what,
                  int (*take)(struct gw_yaml *yaml, yaml_node_t *key, yaml_node_t *value,
                              void *context),
                  void *context)
{
    if (node->type != YAML_MAPPING_NODE)
        return gw_yaml_refuse(yaml, node, "%s has to be a mapping (KEY: VALUE)", what);
    const yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
    for (const yaml_node_pair_t *pair = pairs; pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = node_of(yaml, pair->key);
        const char *name = gw_yaml_text(yaml, key, "a key");
        if (!name)
            return -GW_E_BAD_DATA;
        for (const yaml_node_pair_t *before = pairs; before < pair; before++)
            if (strcmp((const char *)node_of(yaml, before->key)->data.scalar.value, name) == 0)
                return gw_yaml_refuse(yaml, key, "'%s' is there twice in %s", name, what);
        int err = take(yaml, key, node_of(yaml, pair->value), context);
        if (err)
            return err;
    }
    return 0;
}

struct keys {
    const struct gw_yaml_key *keys;
    size_t n;
    const char *what;
    void *context;
};

static int take_known(struct gw_yaml *yaml, yaml_node_t *key, yaml_node_t *value, void *context)
{
    const struct keys *known = context;
    const char *name = (const char *)key->data.scalar.value;
    char names[GW_DIAG_TEXT] = "";
    for (size_t i = 0; i < known->n; i++) {
        if (strcmp(known->keys[i].name, name) == 0)
            return known->keys[i].take(yaml, value, known->context);
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "", known->keys[i].name);
    }
    return gw_yaml_refuse(yaml, key, "%s has no key '%s'; it has: %s", known->what, name, names);
}

int gw_yaml_mapping(struct gw_yaml *yaml, yaml_node_t *node, const char *what,
                    const struct gw_yaml_key *keys, size_t n, void *context)
{
    struct keys known = {.keys = keys, .n = n, .what = what, .context = context};
    return gw_yaml_pairs(yaml, node, what, take_known, &known);
}

int gw_yaml_sequence(struct gw_yaml *yaml, yaml_node_t *node, const char *what,
                     int (*take)(struct gw_yaml *yaml, yaml_node_t *item, void *context),
                     void *context)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return gw_yaml_refuse(yaml, node, "%s has to be a list", what);
    int err = 0;
    const yaml_node_item_t *end = node->data.sequence.items.top;
    for (const yaml_node_item_t *item = node->data.sequence.items.start; !err && item < end; item++)
        err = take(yaml, node_of(yaml, *item), context);
    return err;
}

/* --- scalars ---------------------------------------------------------------------------------- */

const char *gw_yaml_text(struct gw_yaml *yaml, yaml_node_t *node, const char *what)
{
    if (node->type != YAML_SCALAR_NODE) {
        gw_yaml_refuse(yaml, node, "%s has to be a single value", what);
        return NULL;
    }
    const char *text = (const char *)node->data.scalar.value;
    if (node->data.scalar.length == 0 || strlen(text) != node->data.scalar.length) {
        gw_yaml_refuse(yaml, node, "%s is empty or holds a NUL", what);
        return NULL;
    }
    return text;
}

int gw_yaml_duration(struct gw_yaml *yaml, yaml_node_t *node, const char *what, uint64_t *out_ns)
{
    const char *text = gw_yaml_text(yaml, node, what);
    if (!text)
        return -GW_E_BAD_DATA;
    if (!gw_duration_parse(text, out_ns))
        return gw_yaml_refuse(yaml, node, "%s: '%s' is no length of time: give 10s, 5m or 1h", what,
                              text);
    return 0;
}

/* The number that a single value begins with, and in *rest what follows it; *rest is NULL after a
 * refusal, and the value's begin if there is no number. */
static double begin_number(struct gw_yaml *yaml, yaml_node_t *node, const char *what,
                           const char **text, const char **rest)
{
    char *end;
    *rest = NULL;
    *text = gw_yaml_text(yaml, node, what);
    if (!*text)
        return 0;
    errno = 0;
    double value = strtod(*text, &end);
    *rest = errno ? *text : end;
    return value;
}

int gw_yaml_number(struct gw_yaml *yaml, yaml_node_t *node, const char *what, double low,
                   double high, double *out)
{
    const char *text, *rest;
    double value = begin_number(yaml, node, what, &text, &rest);
    if (!rest)
        return -GW_E_BAD_DATA;
    if (rest == text || *rest || !(value >= low && value <= high))
        return gw_yaml_refuse(yaml, node, "%s: '%s' is no number from %g to %g", what, text, low,
                              high);
    *out = value;
    return 0;
}

int gw_yaml_percent(struct gw_yaml *yaml, yaml_node_t *node, const char *what, double *out)
{
    const char *text, *rest;
    double value = begin_number(yaml, node, what, &text, &rest);
    if (!rest)
        return -GW_E_BAD_DATA;
    if (rest == text || (*rest && strcmp(rest, "%") != 0) || !(value > 0 && value <= 100))
        return gw_yaml_refuse(yaml, node, "%s: '%s' is no share: give percent of one CPU, as 2%%",
                              what, text);
    *out = value / 100;
    return 0;
}

int gw_yaml_size(struct gw_yaml *yaml, yaml_node_t *node, const char *what, uint64_t *out_bytes)
{
    const char *text, *rest;
    double value = begin_number(yaml, node, what, &text, &rest);
    if (!rest)
        return -GW_E_BAD_DATA;
    bool gibi = strcmp(rest, "GiB") == 0;
    if (rest == text || (!gibi && strcmp(rest, "MiB") != 0) || !(value > 0 && value < 1e6))
        return gw_yaml_refuse(yaml, node, "%s: '%s' is no size: give 128MiB or 1GiB", what, text);
    *out_bytes = (uint64_t)(value * (double)(1u << (gibi ? 30 : 20)));
    return 0;
}
