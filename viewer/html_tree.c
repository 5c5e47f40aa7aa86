/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pairs are sorted so that those with a common beginning of their paths lie together. Then one
 * pass over them makes the tree in pre-order: what two neighbours share stays open, the rest is
 * closed and opened. A node's weight is known when it is closed; if it is too small, it is cut off
 * the end of the array, with all that is below it. So memory grows with what is kept.
 */
#include "html_tree.h"

#include <stdlib.h>

#include "base/cleanup.h"

enum kind { ALL, PROCESS, THREAD, FRAME, LINK, HANDOFF, UNKNOWN, SMALL };

static const char *const kind_names[] = {
    [ALL] = "all",   [PROCESS] = "process", [THREAD] = "thread",   [FRAME] = "frame",
    [LINK] = "link", [HANDOFF] = "handoff", [UNKNOWN] = "unknown", [SMALL] = "small",
};

/* One step of a path; `row` is a process, thread or stack of the model, or 0. */
struct step {
    enum kind kind;
    uint32_t row;
};

/* One half of a pair. */
struct side {
    enum kind kind; /* THREAD, HANDOFF or UNKNOWN */
    uint32_t thread;
    uint32_t stack;
    uint32_t rank; /* of the stack */
};

struct entry {
    uint32_t process;
    struct side first, second;
    uint64_t ns;
};

struct node {
    struct step step;
    uint32_t depth;
    uint64_t ns;
};

/* A node that is still open while the pairs go by. */
struct open {
    struct step step;
    size_t node;       /* index in nodes */
    uint64_t ns;       /* so far */
    uint64_t small_ns; /* of it, in children that were cut off */
};

struct builder {
    const struct gw_model *model;
    uint32_t *rank; /* per stack: see stack_ranks() */
    struct entry *entries;
    size_t n_entries;
    struct step *path; /* of one entry; room for n_path */
    struct open *open; /* room for n_path */
    size_t n_path;
    size_t n_open;
    struct node *nodes;
    size_t n_nodes, cap_nodes;
    bool several_processes;
    uint64_t total_ns;
    uint64_t fold_ns;
};

static void fini(struct builder *b)
{
    free(b->rank);
    free(b->entries);
    free(b->path);
    free(b->open);
    free(b->nodes);
}

/*
 * Number the stacks so that each is followed by all the stacks that begin with it. Parents have
 * smaller rows than their children, so sizes are summed downward from the end and places handed
 * out upward from the start.
 */
static bool stack_ranks(struct builder *b)
{
    const struct gw_model *model = b->model;
    size_t n = model->n_stacks;
    GW_AUTO_FREE uint32_t *size = calloc(n, sizeof *size);
    GW_AUTO_FREE uint32_t *next = calloc(n, sizeof *next);
    if (!size || !next)
        return false;

    for (size_t i = n - 1; i > 0; i--) {
        size[i] += 1;
        size[model->stacks[i].parent] += size[i];
    }
    next[0] = 1;
    for (size_t i = 1; i < n; i++) {
        uint32_t parent = model->stacks[i].parent;
        b->rank[i] = next[parent];
        next[parent] += size[i];
        next[i] = b->rank[i] + 1;
    }
    return true;
}

static struct side side_of(const struct builder *b, uint32_t thread, uint32_t stack)
{
    return (struct side){.kind = THREAD, .thread = thread, .stack = stack, .rank = b->rank[stack]};
}

static struct side holder_of(const struct builder *b, const struct gw_model_pair *pair)
{
    if (pair->kind == GW_BLAME_HELD)
        return side_of(b, pair->holder, pair->holder_stack);
    return (struct side){.kind = pair->kind == GW_BLAME_HANDOFF ? HANDOFF : UNKNOWN};
}

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare_sides(const struct side *a, const struct side *b)
{
    int order = compare_u32(a->kind, b->kind);
    if (order == 0)
        order = compare_u32(a->thread, b->thread);
    return order != 0 ? order : compare_u32(a->rank, b->rank);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_u32(a->process, b->process);
    if (order == 0)
        order = compare_sides(&a->first, &b->first);
    return order != 0 ? order : compare_sides(&a->second, &b->second);
}

static void fill_entries(struct builder *b, enum gw_html_view view)
{
    const struct gw_model *model = b->model;
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (!gw_model_pair_shown(model, pair))
            continue;
        struct side waiter = side_of(b, pair->waiter, pair->waiter_stack);
        struct side holder = holder_of(b, pair);
        b->entries[b->n_entries++] = (struct entry){
            .process = model->threads[pair->waiter].process,
            .first = view == GW_HTML_VICTIMS ? waiter : holder,
            .second = view == GW_HTML_VICTIMS ? holder : waiter,
            .ns = pair->ns,
        };
        b->total_ns += pair->ns;
    }
    qsort(b->entries, b->n_entries, sizeof *b->entries, compare_entries);
}

/* Children that are no Python are listed in the capture, but nothing in them waits. */
static bool several_sampled(const struct gw_model *model)
{
    size_t n = 0;
    for (size_t i = 0; i < model->n_processes; i++)
        n += !model->processes[i].skipped;
    return n > 1;
}

static bool init(struct builder *b, const struct gw_model *model, enum gw_html_view view)
{
    *b = (struct builder){.model = model, .several_processes = several_sampled(model)};
    b->n_path = 2u * (GW_MODEL_MAX_DEPTH + 1u) + 3u; /* two threads, root, process and link */
    b->rank = calloc(model->n_stacks, sizeof *b->rank);
    b->entries = calloc(model->n_pairs + 1, sizeof *b->entries);
    b->path = calloc(b->n_path, sizeof *b->path);
    b->open = calloc(b->n_path, sizeof *b->open);
    if (!b->rank || !b->entries || !b->path || !b->open)
        return false;
    if (!stack_ranks(b))
        return false;
    fill_entries(b, view);
    return true;
}

/* Write the steps of one half behind `at`; returns where the next one goes. */
static size_t write_side(struct builder *b, size_t at, const struct side *side)
{
    b->path[at++] = (struct step){.kind = side->kind, .row = side->thread};
    if (side->kind != THREAD)
        return at;
    size_t end = at + b->model->stacks[side->stack].depth;
    size_t place = end;
    for (uint32_t stack = side->stack; stack != 0; stack = b->model->stacks[stack].parent)
        b->path[--place] = (struct step){.kind = FRAME, .row = stack};
    return end;
}

static size_t write_path(struct builder *b, const struct entry *entry)
{
    size_t at = 0;
    b->path[at++] = (struct step){.kind = ALL};
    if (b->several_processes)
        b->path[at++] = (struct step){.kind = PROCESS, .row = entry->process};
    at = write_side(b, at, &entry->first);
    b->path[at++] = (struct step){.kind = LINK};
    return write_side(b, at, &entry->second);
}

static bool push_node(struct builder *b, struct step step, uint64_t ns)
{
    if (b->n_nodes == b->cap_nodes) {
        size_t cap = b->cap_nodes ? 2 * b->cap_nodes : 1024;
        struct node *nodes = reallocarray(b->nodes, cap, sizeof *nodes);
        if (!nodes)
            return false;
        b->nodes = nodes;
        b->cap_nodes = cap;
    }
    b->nodes[b->n_nodes++] = (struct node){.step = step, .depth = (uint32_t)b->n_open, .ns = ns};
    return true;
}

/* Close the innermost open node: keep it with its weight, or cut it off. */
static bool close_node(struct builder *b)
{
    struct open *closed = &b->open[b->n_open - 1];
    struct open *parent = b->n_open > 1 ? closed - 1 : NULL;
    if (parent)
        parent->ns += closed->ns;
    if (parent && closed->ns < b->fold_ns) {
        parent->small_ns += closed->ns;
        b->n_nodes = closed->node;
        b->n_open--;
        return true;
    }
    b->nodes[closed->node].ns = closed->ns;
    if (closed->small_ns > 0 && !push_node(b, (struct step){.kind = SMALL}, closed->small_ns))
        return false;
    b->n_open--;
    return true;
}

static bool open_node(struct builder *b, struct step step)
{
    size_t node = b->n_nodes;
    if (!push_node(b, step, 0))
        return false;
    b->open[b->n_open++] = (struct open){.step = step, .node = node};
    return true;
}

static size_t common_steps(const struct builder *b, size_t n_path)
{
    size_t n = 0;
    while (n < n_path && n < b->n_open && b->path[n].kind == b->open[n].step.kind &&
           b->path[n].row == b->open[n].step.row)
        n++;
    return n;
}

static bool build_nodes(struct builder *b)
{
    b->n_nodes = 0;
    b->n_open = 0;
    if (!open_node(b, (struct step){.kind = ALL}))
        return false;
    for (size_t i = 0; i < b->n_entries; i++) {
        size_t n_path = write_path(b, &b->entries[i]);
        size_t shared = common_steps(b, n_path);
        while (b->n_open > shared) {
            if (!close_node(b))
                return false;
        }
        for (size_t step = shared; step < n_path; step++) {
            if (!open_node(b, b->path[step]))
                return false;
        }
        b->open[b->n_open - 1].ns += b->entries[i].ns;
    }
    while (b->n_open > 0) {
        if (!close_node(b))
            return false;
    }
    return true;
}

/* Fold a tree further, in place: each "small" that is written follows at least one node that was
 * left out, so writing never overtakes reading. */
static void fold_nodes(struct builder *b)
{
    size_t kept = 0;
    b->n_open = 0;
    for (size_t i = 0; i <= b->n_nodes; i++) {
        size_t depth = i < b->n_nodes ? b->nodes[i].depth : 0;
        while (b->n_open > depth) {
            struct node small = {.step = {.kind = SMALL}, .depth = (uint32_t)b->n_open};
            small.ns = b->open[--b->n_open].small_ns;
            if (small.ns > 0)
                b->nodes[kept++] = small;
        }
        if (i == b->n_nodes || depth > b->n_open)
            continue; /* the end, or below a node that was left out */
        struct node node = b->nodes[i];
        if (depth > 0 && (node.step.kind == SMALL || node.ns < b->fold_ns)) {
            b->open[depth - 1].small_ns += node.ns;
        } else {
            b->nodes[kept++] = node;
            b->open[b->n_open++] = (struct open){.step = node.step};
        }
    }
    b->n_nodes = kept;
}

/* Fold harder until the page can draw it. */
static bool build_folded(struct builder *b, size_t max_nodes, double *fold_share)
{
    b->fold_ns = (uint64_t)((double)b->total_ns * *fold_share);
    if (!build_nodes(b))
        return false;
    while (b->n_nodes > max_nodes && *fold_share < 1.0) {
        *fold_share *= 2;
        b->fold_ns = (uint64_t)((double)b->total_ns * *fold_share);
        fold_nodes(b);
    }
    return true;
}

static bool set_frame(json_t *object, const struct gw_model *model, uint32_t stack)
{
    const struct gw_model_function *function = &model->functions[model->stacks[stack].function];
    const char *name = gw_model_text(model, function->name);
    const char *file = gw_model_text(model, function->file);
    uint32_t line = model->stacks[stack].line;
    bool is_c = function->kind == GW_FUNCTION_C;
    return json_object_set_new(object, "n", json_string(name)) == 0 &&
           (!is_c || json_object_set_new(object, "k", json_string("c")) == 0) &&
           (*file == '\0' || json_object_set_new(object, "f", json_string(file)) == 0) &&
           (line == 0 || json_object_set_new(object, "l", json_integer(line)) == 0);
}

static bool set_thread(json_t *object, const struct gw_model *model, uint32_t thread)
{
    const char *name = gw_model_text(model, model->threads[thread].name);
    json_int_t tid = model->threads[thread].tid;
    return json_object_set_new(object, "n", json_string(name)) == 0 &&
           json_object_set_new(object, "t", json_integer(tid)) == 0;
}

static bool set_step(json_t *object, const struct gw_model *model, struct step step)
{
    if (step.kind == FRAME)
        return set_frame(object, model, step.row);
    if (json_object_set_new(object, "k", json_string(kind_names[step.kind])) != 0)
        return false;
    if (step.kind == THREAD)
        return set_thread(object, model, step.row);
    if (step.kind == PROCESS)
        return json_object_set_new(object, "t", json_integer(model->processes[step.row].pid)) == 0;
    return true;
}

/* The node as a new object; NULL when memory ran out. */
static json_t *node_object(const struct gw_model *model, const struct node *node)
{
    json_t *object = json_object();
    if (object && set_step(object, model, node->step) &&
        json_object_set_new(object, "v", json_integer((json_int_t)node->ns)) == 0)
        return object;
    json_decref(object);
    return NULL;
}

/* Append to the children of `parent`, which takes the object over. */
static bool add_child(json_t *parent, json_t *child)
{
    json_t *children = json_object_get(parent, "c");
    if (!children) {
        if (json_object_set_new(parent, "c", json_array()) != 0) {
            json_decref(child);
            return false;
        }
        children = json_object_get(parent, "c");
    }
    return json_array_append_new(children, child) == 0;
}

/* From pre-order to nested objects. */
static json_t *nodes_json(const struct builder *b)
{
    GW_AUTO_FREE json_t **at_depth = calloc(b->n_path + 1, sizeof *at_depth);
    if (!at_depth)
        return NULL;
    for (size_t i = 0; i < b->n_nodes; i++) {
        const struct node *node = &b->nodes[i];
        json_t *object = node_object(b->model, node);
        if (!object || (i > 0 && !add_child(at_depth[node->depth - 1], object))) {
            json_decref(at_depth[0]);
            return NULL;
        }
        at_depth[node->depth] = object;
    }
    return at_depth[0];
}

json_t *gw_html_tree_json(const struct gw_model *model, enum gw_html_view view, size_t max_nodes,
                          double *fold_share)
{
    struct builder builder;
    json_t *tree = NULL;
    if (init(&builder, model, view) && build_folded(&builder, max_nodes, fold_share))
        tree = nodes_json(&builder);
    fini(&builder);
    return tree;
}
