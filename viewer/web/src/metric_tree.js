// SPDX-License-Identifier: Apache-2.0
// The tree of a flame graph, made from sums: each is a path, of a pair from the one side to the
// other. Nodes are those of flame_tree.js; they sum to the whole of the sums, also after folding.
import { LINK } from "./layout.js";
import { half, total } from "./metrics.js";

// Children of a node below this share of all are one "(small)".
const FOLD_SHARE = 0.0005;

function child(node, { key, node: what }) {
    let found = node.by?.get(key);
    if (!found) {
        found = { ...what, key, v: 0, by: null };
        node.by ??= new Map();
        node.by.set(key, found);
    }
    return found;
}

// The node of a half below another one, where they meet for the second time at once.
class Leaves {
    constructor(layout) {
        this.layout = layout;
        this.known = new Map();
    }

    of(node, each) {
        let leaves = this.known.get(node);
        if (!leaves)
            this.known.set(node, (leaves = new Map()));
        const key = each.thread < 0 ? each.kind : each.thread * this.layout.profile.stacks + each.stack;
        let leaf = leaves.get(key);
        if (!leaf) {
            leaf = this.layout.steps(each).reduce(child, node);
            leaves.set(key, leaf);
        }
        return leaf;
    }
}

// Adds to each node what lies below it.
function sum(node) {
    for (const below of node.by?.values() ?? [])
        node.v += sum(below);
    return node.v;
}

// Gives nodes their children as lists, the light ones folded.
function close(node, least) {
    if (!node.by)
        return node;
    const kept = [];
    let small = 0;
    for (const below of node.by.values()) {
        if (below.k !== "small" && below.v >= least)
            kept.push(close(below, least));
        else
            small += below.v;
    }
    node.by = null;
    if (small > 0)
        kept.push({ k: "small", v: small });
    node.c = kept;
    return node;
}

export function severalProcesses(profile) {
    return new Set(profile.threads.map((thread) => thread.process)).size > 1;
}

// The other side of pairs, below the link. What is folded anyway is not taken apart: there can be
// far more of it than is drawn.
function addSecond(link, own, leaves, side, least) {
    const whole = total(own);
    if (whole < least)
        link.v += whole;
    else
        own.forEach((each) => (leaves.of(link, half(each, side)).v += each.s));
}

export function metricTree(layout, sums, metric) {
    const { threads } = layout.profile;
    const several = severalProcesses(layout.profile);
    const leaves = new Leaves(layout);
    const root = { k: "all", v: 0, by: null };
    const top = ({ pid, process }) =>
        several ? child(root, { key: `p${process}`, node: { k: "process", n: pid, t: pid } }) : root;
    const least = FOLD_SHARE * total(sums);
    const [first, second] = metric.sides;
    const ends = new Map();
    for (const each of sums) {
        const node = leaves.of(top(threads[each.thread]), half(each, first));
        if (ends.has(node))
            ends.get(node).push(each);
        else
            ends.set(node, [each]);
    }
    for (const [node, own] of ends) {
        if (second)
            addSecond(child(node, LINK), own, leaves, second, least);
        else
            node.v += total(own);
    }
    sum(root);
    return close(root, least);
}
