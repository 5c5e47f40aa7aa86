// SPDX-License-Identifier: Apache-2.0
// In which order the threads and frames of a side stand in a graph, from the top: the thread, then
// its frames from the outermost on, or, inverted, from the innermost on and the thread at last. Each
// has a key, the same in every graph: "t3" (row of threads), "12-86" (row of functions, line), or
// "handoff" and "unknown" where there is no thread. "p1" is a process (a row of the report's), "link"
// what stands between the sides of a pair.

export const LINK = { key: "link", node: { k: "link" } };

export function frameStep({ id, fn, name, file, line, kind }) {
    if (kind === "small")
        return { key: id, node: { k: "small" } };
    return { key: id, node: kind === "c" ? { n: name, k: "c", fn } : { n: name, f: file, l: line, fn } };
}

export class Layout {
    constructor(profile, inverted = false) {
        this.profile = profile;
        this.inverted = inverted;
        this.threads = profile.threads.map(({ name, tid }, row) => ({
            key: `t${row}`,
            node: { k: "thread", n: name, t: tid },
        }));
        this.known = new Map();
    }

    frames(stack) {
        let steps = this.known.get(stack);
        if (!steps) {
            steps = this.profile.frames(stack).map(frameStep);
            if (this.inverted)
                steps.reverse();
            this.known.set(stack, steps);
        }
        return steps;
    }

    // [{key, node: what flame_tree.js knows of it}]
    steps({ kind, thread, stack }) {
        if (thread < 0)
            return [{ key: kind, node: { k: kind } }];
        const own = this.threads[thread];
        return this.inverted ? [...this.frames(stack), own] : [own, ...this.frames(stack)];
    }
}
