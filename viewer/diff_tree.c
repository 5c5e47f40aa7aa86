/* SPDX-License-Identifier: Apache-2.0 */
#include "diff_tree.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "diff_labels.h"
#include "model/rows.h"

enum kind { ALL, THREAD, FRAME, HANDOFF, UNKNOWN, SMALL };

static const char *const kind_names[] = {
    [ALL] = "all",         [THREAD] = "thread",   [FRAME] = "frame",
    [HANDOFF] = "handoff", [UNKNOWN] = "unknown", [SMALL] = "small",
};

/* Parents have smaller rows than their children. */
struct node {
    uint32_t parent, kind, label;
    uint64_t ns[GW_N_DIFF_SIDES];
    uint64_t small_ns[GW_N_DIFF_SIDES]; /* of it, in children that are folded */
};
#define NODE_KEY_BYTES (3 * sizeof(uint32_t))

struct builder {
    const struct gw_diff *diff;
    enum gw_diff_tree tree;
    struct gw_strtab *texts;
    struct gw_rows nodes; /* of struct node */
    double fold_share;

    /* The side under way. */
    unsigned side;
    const struct gw_model *model;
    struct gw_diff_labels labels;
    uint32_t *path; /* rows of stacks, from the leaf to the root */
    size_t cap_path;
};

static struct node *node_at(const struct builder *b, uint32_t row)
{
    return gw_rows_at(&b->nodes, row);
}

/* --- two recordings into one tree --------------------------------------------------------------
 */

/* Add to a child, which is made if it is not there. Returns its row. */
static int64_t add_step(struct builder *b, int64_t parent, enum kind kind, uint32_t label,
                        uint64_t ns)
{
    const uint32_t key[] = {(uint32_t)parent, kind, label};
    int64_t row = gw_rows_put(&b->nodes, key);

    if (row >= 0)
        node_at(b, (uint32_t)row)->ns[b->side] += ns;
    return row;
}

static int grow_path(struct builder *b)
{
    size_t cap = b->cap_path ? 2 * b->cap_path : 64;
    uint32_t *larger = reallocarray(b->path, cap, sizeof *larger);

    if (!larger)
        return -ENOMEM;
    b->path = larger;
    b->cap_path = cap;
    return 0;
}

static int64_t add_stack(struct builder *b, int64_t node, uint32_t stack, uint64_t ns)
{
    const struct gw_model_stack *stacks = b->model->stacks;
    size_t n = 0;

    for (uint32_t at = stack; at; at = stacks[at].parent) {
        if (n == b->cap_path && grow_path(b) < 0)
            return -ENOMEM;
        b->path[n++] = at;
    }
    while (node >= 0 && n > 0)
        node = add_step(b, node, FRAME, b->labels.functions[stacks[b->path[--n]].function], ns);
    return node;
}

static int64_t add_pair(struct builder *b, const struct gw_model_pair *pair)
{
    bool waits = b->tree == GW_DIFF_WAITERS;
    int64_t root = add_step(b, 0, ALL, 0, pair->ns);

    if (root < 0)
        return root;
    if (!waits && pair->kind != GW_BLAME_HELD)
        return add_step(b, root, pair->kind == GW_BLAME_HANDOFF ? HANDOFF : UNKNOWN, 0, pair->ns);
    uint32_t thread = waits ? pair->waiter : pair->holder;
    int64_t node = add_step(b, root, THREAD, b->labels.threads[thread], pair->ns);
    return node < 0 ? node
                    : add_stack(b, node, waits ? pair->waiter_stack : pair->holder_stack, pair->ns);
}

static int add_side(struct builder *b, const struct gw_model *model, unsigned side)
{
    b->model = model;
    b->side = side;
    int64_t rc = gw_diff_labels_init(&b->labels, b->texts, model);

    for (size_t i = 0; rc >= 0 && i < model->n_pairs; i++)
        rc = add_pair(b, &model->pairs[i]);
    gw_diff_labels_fini(&b->labels);
    return rc < 0 ? (int)rc : 0;
}

/* --- folding -----------------------------------------------------------------------------------
 */

/* What is kept has kept parents only: no node exceeds its parent on either side. */
static bool is_kept(const struct builder *b, const struct node *node)
{
    const struct node *root = node_at(b, 0);

    for (unsigned side = 0; side < GW_N_DIFF_SIDES; side++)
        if (node->ns[side] > 0 && (double)node->ns[side] >= b->fold_share * (double)root->ns[side])
            return true;
    return node->kind == ALL;
}

static size_t count_kept(const struct builder *b)
{
    size_t n = 0;

    for (uint32_t i = 0; i < b->nodes.n; i++)
        n += is_kept(b, node_at(b, i));
    return n;
}

static void fold(struct builder *b, size_t max_nodes, double *fold_share)
{
    b->fold_share = *fold_share;
    while (b->fold_share < 1.0 && count_kept(b) > max_nodes)
        b->fold_share *= 2;
    *fold_share = b->fold_share;
}

/* --- the tree as JSON --------------------------------------------------------------------------
 */

static json_t *weight(const struct builder *b, const uint64_t ns[GW_N_DIFF_SIDES], unsigned side)
{
    uint64_t looked_ns = b->diff->looked_ns[side];

    return json_real(looked_ns ? (double)ns[side] / (double)looked_ns : 0);
}

static json_t *node_json(const struct builder *b, enum kind kind, uint32_t label,
                         const uint64_t ns[GW_N_DIFF_SIDES])
{
    json_t *object = json_object();
    bool made = json_object_set_new(object, "b", weight(b, ns, GW_DIFF_BEFORE)) == 0;

    made = json_object_set_new(object, "v", weight(b, ns, GW_DIFF_AFTER)) == 0 && made;
    if (kind != FRAME)
        made = json_object_set_new(object, "k", json_string(kind_names[kind])) == 0 && made;
    if (kind == FRAME || kind == THREAD)
        made =
            json_object_set_new(object, "n", json_string(gw_strtab_text(b->texts, label))) == 0 &&
            made;
    if (made)
        return object;
    json_decref(object);
    return NULL;
}

/* Append to the children of `parent`, which takes the object over. */
static bool add_child(json_t *parent, json_t *child)
{
    json_t *children = json_object_get(parent, "c");

    if (!children) {
        children = json_array();
        if (json_object_set_new(parent, "c", children) != 0) {
            json_decref(child);
            return false;
        }
    }
    return json_array_append_new(children, child) == 0;
}

/* The kept nodes as objects, each in its parent; what is folded is added to its parent. */
static bool add_kept(struct builder *b, json_t **objects)
{
    for (uint32_t i = 0; i < b->nodes.n; i++) {
        const struct node *node = node_at(b, i);
        struct node *parent = node_at(b, node->parent);
        if (is_kept(b, node)) {
            json_t *object = node_json(b, (enum kind)node->kind, node->label, node->ns);
            if (!object || (i > 0 && !add_child(objects[node->parent], object)))
                return false;
            objects[i] = object;
        } else if (objects[node->parent]) {
            for (unsigned side = 0; side < GW_N_DIFF_SIDES; side++)
                parent->small_ns[side] += node->ns[side];
        }
    }
    return true;
}

static bool add_small(const struct builder *b, json_t *const *objects)
{
    for (uint32_t i = 0; i < b->nodes.n; i++) {
        const uint64_t *ns = node_at(b, i)->small_ns;
        if ((ns[GW_DIFF_BEFORE] || ns[GW_DIFF_AFTER]) &&
            !add_child(objects[i], node_json(b, SMALL, 0, ns)))
            return false;
    }
    return true;
}

static json_t *nodes_json(struct builder *b)
{
    GW_AUTO_FREE json_t **objects = calloc(b->nodes.n, sizeof(json_t *));

    if (!objects)
        return NULL;
    if (add_kept(b, objects) && add_small(b, objects))
        return objects[0];
    json_decref(objects[0]);
    return NULL;
}

json_t *gw_diff_tree_json(const struct gw_diff *diff,
                          const struct gw_model *const models[GW_N_DIFF_SIDES],
                          enum gw_diff_tree tree, size_t max_nodes, double *fold_share)
{
    struct builder builder = {
        .diff = diff,
        .tree = tree,
        .texts = gw_strtab_new(),
        .nodes = {.row_bytes = sizeof(struct node), .key_bytes = NODE_KEY_BYTES},
    };
    json_t *json = NULL;
    /* There is a root even if nobody waited. */
    int64_t rc = builder.texts ? add_step(&builder, 0, ALL, 0, 0) : -ENOMEM;

    for (unsigned side = 0; rc >= 0 && side < GW_N_DIFF_SIDES; side++)
        rc = add_side(&builder, models[side], side);
    if (rc >= 0) {
        fold(&builder, max_nodes, fold_share);
        json = nodes_json(&builder);
    }
    gw_strtab_free(builder.texts);
    gw_rows_fini(&builder.nodes);
    free(builder.path);
    return json;
}
