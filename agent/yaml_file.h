/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file against a table of what may be in it. libyaml does the parsing; here every error gets
 * the file and the line, and a key that is not known is one.
 */
#ifndef GW_AGENT_YAML_FILE_H
#define GW_AGENT_YAML_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <yaml.h>

#include "base/error.h"
#include "base/span.h"

/* One document while it is read. */
struct gw_yaml {
    yaml_document_t document;
    const char *path;     /* for messages; borrowed */
    struct gw_diag *diag; /* borrowed, may be NULL */
};

/* Parse the text of a file that is called `path`. Returns 0; -GW_E_BAD_DATA (no YAML, or more than
 * one document) or -ENOMEM, with *diag filled. Call gw_yaml_fini after 0 only. */
int gw_yaml_parse(struct gw_span text, const char *path, struct gw_diag *diag, struct gw_yaml *out)
    __attribute__((warn_unused_result));
void gw_yaml_fini(struct gw_yaml *yaml);

/* The top of the document; NULL if it is empty. Nodes live as long as the document. */
yaml_node_t *gw_yaml_root(struct gw_yaml *yaml);

/* Say what is wrong with a node, as "PATH:LINE: ..."; returns -GW_E_BAD_DATA. */
int gw_yaml_refuse(struct gw_yaml *yaml, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A key that a mapping may have; take() reads its value. */
struct gw_yaml_key {
    const char *name;
    int (*take)(struct gw_yaml *yaml, yaml_node_t *value, void *context);
};

/* Hand each value of a mapping to its key's function. -GW_E_BAD_DATA for a node that is no mapping,
 * a key that is not among the n or comes twice, or what take() returns; `what` names the mapping in
 * the message. */
int gw_yaml_mapping(struct gw_yaml *yaml, yaml_node_t *node, const char *what,
                    const struct gw_yaml_key *keys, size_t n, void *context)
    __attribute__((warn_unused_result));

/* Hand each key and value of a mapping to take(), in order; for keys that are the user's own. */
int gw_yaml_pairs(struct gw_yaml *yaml, yaml_node_t *node, const char *what,
                  int (*take)(struct gw_yaml *yaml, yaml_node_t *key, yaml_node_t *value,
                              void *context),
                  void *context) __attribute__((warn_unused_result));

/* Hand each item of a sequence to take(). */
int gw_yaml_sequence(struct gw_yaml *yaml, yaml_node_t *node, const char *what,
                     int (*take)(struct gw_yaml *yaml, yaml_node_t *item, void *context),
                     void *context) __attribute__((warn_unused_result));

/* Text of a scalar, valid as long as the document; NULL, with the error told, for anything else, an
 * empty one, or one with a NUL in it. */
const char *gw_yaml_text(struct gw_yaml *yaml, yaml_node_t *node, const char *what);

/* A length of time, as base/duration.h has it; a number from `low` to `high`; a share of one CPU in
 * percent ("2%" or "2"), as 0.02; a size ("128MiB", "1GiB"). 0 or -GW_E_BAD_DATA, told. */
int gw_yaml_duration(struct gw_yaml *yaml, yaml_node_t *node, const char *what, uint64_t *out_ns);
int gw_yaml_number(struct gw_yaml *yaml, yaml_node_t *node, const char *what, double low,
                   double high, double *out);
int gw_yaml_percent(struct gw_yaml *yaml, yaml_node_t *node, const char *what, double *out);
int gw_yaml_size(struct gw_yaml *yaml, yaml_node_t *node, const char *what, uint64_t *out_bytes);

#endif
