// SPDX-License-Identifier: Apache-2.0
// Prepares a tree of the data for drawing. A node is {n: name, f: file, l: line, k: kind, t: tid,
// key: see layout.js, v: seconds, c: [children]}; kinds are "all", "process", "thread", "frame"
// (when left out), "c" (a C function), "link", "handoff", "unknown" and "small". Below a link stands
// the other side of the pair.
import { fullPlace, moduleName, percent, place, seconds, share } from "./format.js";

const WAITING = { all: "all GIL wait", of: "of all waiting" };

export function label(node, kind, link, all) {
    switch (kind) {
    case "all":
        return all;
    case "process":
        return `process ${node.n}`;
    case "thread":
        return node.n || `thread ${node.t}`;
    case "link":
        return `\u25bc ${link}`;
    case "handoff":
        return "no holder (handoff)";
    case "unknown":
        return "unknown";
    case "small":
        return "(small)";
    case "c":
        return `${node.n} [C]`;
    default:
        return place(node.n, node.f, node.l);
    }
}

function detail(node, kind, total, of) {
    const where =
        kind === "thread" ? `thread ${node.t}` : kind === "c" ? "C function" : fullPlace(node.f, node.l);
    const amount = `${seconds(node.v)}, ${percent(share(node.v, total))} ${of}`;
    return [node.label, where, amount].filter(Boolean).join(" \u2014 ");
}

// What a search looks through; kept, for one letter after the other is typed.
export function searchText(node) {
    const named = ["frame", "c", "thread"].includes(node.k ?? "frame");
    node.text ??= named ? [node.n, node.f ?? "", moduleName(node.f ?? "")].join("\n").toLowerCase() : "";
    return node.text;
}

// Adds label, detail and side ("wait", "hold" or a kind that
// has a colour of its own) to each node, and puts wide children first, "(small)" last. `all` and
// `of` say what shares are of, which is `whole` (what the tree sums to, when left out).
export function prepare(root, sides, link, { all, of, whole = root.v } = WAITING) {
    const pending = [[root, 0]];
    while (pending.length > 0) {
        const [node, depth] = pending.pop();
        const kind = node.k ?? "frame";
        node.label = label(node, kind, link, all);
        node.detail = detail(node, kind, whole, of);
        const named = kind === "frame" || kind === "c" || kind === "thread";
        node.side = named ? sides[depth] : kind;
        node.head = kind === "thread" || kind === "process";
        const below = kind === "link" ? 1 : depth;
        node.c?.sort((a, b) => (a.k === "small") - (b.k === "small") || b.v - a.v);
        node.c?.forEach((child) => pending.push([child, below]));
    }
    return root;
}
