// SPDX-License-Identifier: Apache-2.0
// The two trees of the flame graphs, made from sums of waits: every pair of waiter and holder as a
// path, from the waiter to the holder or the other way round. Nodes are those of flame_tree.js;
// both trees sum to the whole of the wait, also after folding.

// Children of a node below this share of all are one "(small)".
const FOLD_SHARE = 0.0005;

function child(node, key, make) {
    let found = node.by?.get(key);
    if (!found) {
        found = make();
        found.v = 0;
        found.by = null;
        node.by ??= new Map();
        node.by.set(key, found);
    }
    return found;
}

function frameNode({ name, file, line, kind }) {
    if (kind === "small")
        return { k: "small" };
    return kind === "c" ? { n: name, k: "c" } : { n: name, f: file, l: line };
}

function threadNode({ name, tid }) {
    return { k: "thread", n: name, t: tid };
}

// The node of a thread with a stack below another one, where they meet for the second time at once.
class Halves {
    constructor(profile) {
        this.profile = profile;
        this.known = new Map();
    }

    // Without a thread it is the reason why there is none.
    leaf(node, { kind, thread, stack }) {
        if (kind !== "thread")
            return child(node, kind, () => ({ k: kind }));
        let leaves = this.known.get(node);
        if (!leaves)
            this.known.set(node, (leaves = new Map()));
        const key = thread * this.profile.stacks + stack;
        let leaf = leaves.get(key);
        if (!leaf) {
            leaf = child(node, thread, () => threadNode(this.profile.threads[thread]));
            for (const frame of this.profile.frames(stack))
                leaf = child(leaf, frame.id, () => frameNode(frame));
            leaves.set(key, leaf);
        }
        return leaf;
    }
}

function sides(wait) {
    return {
        wait: { kind: "thread", thread: wait.thread, stack: wait.stack },
        hold: {
            kind: wait.holder >= 0 ? "thread" : wait.kind,
            thread: wait.holder,
            stack: wait.holderStack,
        },
    };
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

// order: ["wait", "hold"] for the victims' tree, ["hold", "wait"] for the culprits'.
export function waitTree(profile, waits, order) {
    const several = new Set(profile.threads.map((thread) => thread.pid)).size > 1;
    const halves = new Halves(profile);
    const root = { k: "all", v: 0, by: null };
    const top = (pid) => (several ? child(root, `process ${pid}`, () => ({ k: "process", n: pid, t: pid })) : root);
    for (const wait of waits) {
        const both = sides(wait);
        const first = halves.leaf(top(profile.threads[wait.thread].pid), both[order[0]]);
        const link = child(first, "link", () => ({ k: "link" }));
        halves.leaf(link, both[order[1]]).v += wait.s;
    }
    sum(root);
    return close(root, FOLD_SHARE * root.v);
}
