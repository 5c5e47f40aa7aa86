// SPDX-License-Identifier: Apache-2.0
// The two trees of the flame graphs, made from sums of waits: every pair of waiter and holder as a
// path, from the waiter to the holder or the other way round. Nodes are those of flame_tree.js;
// both trees sum to the whole of the wait, also after folding.

// Children of a node below this share of all are one "(small)".
const FOLD_SHARE = 0.0005;

function child(node, key, make) {
    node.by ??= new Map();
    let found = node.by.get(key);
    if (!found) {
        found = { ...make(), v: 0 };
        node.by.set(key, found);
    }
    return found;
}

function frameNode({ name, file, line, kind }) {
    if (kind === "small")
        return { k: "small" };
    return { n: name, f: file, l: line, ...(kind === "c" ? { k: "c" } : {}) };
}

// Leads a path on through one half of a pair: the thread and its frames, or why there is none.
function addSide(path, profile, { kind, thread, stack }) {
    if (kind !== "thread") {
        path.push(child(path.at(-1), kind, () => ({ k: kind })));
        return;
    }
    const { name, tid } = profile.threads[thread];
    path.push(child(path.at(-1), thread, () => ({ k: "thread", n: name, t: tid })));
    for (const frame of profile.frames(stack))
        path.push(child(path.at(-1), frame.id, () => frameNode(frame)));
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
    delete node.by;
    if (small > 0)
        kept.push({ k: "small", v: small });
    return Object.assign(node, { c: kept });
}

// order: ["wait", "hold"] for the victims' tree, ["hold", "wait"] for the culprits'.
export function waitTree(profile, waits, order) {
    const several = new Set(profile.threads.map((thread) => thread.pid)).size > 1;
    const root = { k: "all", v: 0 };
    for (const wait of waits) {
        const halves = sides(wait);
        const path = [root];
        if (several) {
            const { pid } = profile.threads[wait.thread];
            path.push(child(root, `process ${pid}`, () => ({ k: "process", n: pid, t: pid })));
        }
        addSide(path, profile, halves[order[0]]);
        path.push(child(path.at(-1), "link", () => ({ k: "link" })));
        addSide(path, profile, halves[order[1]]);
        for (const node of path)
            node.v += wait.s;
    }
    return close(root, FOLD_SHARE * root.v);
}
