// SPDX-License-Identifier: Apache-2.0
// Sums of functions, and of who calls one and whom it calls. A stack counts once for each function in
// it: of one that calls itself, the outermost call has the caller and the innermost one the callee.
import { half } from "./metrics.js";

// No function: beyond the ends of a stack.
export const NONE = -1;

// Seconds by stack, of what a metric takes, on the side that it draws.
export function byStack(sums, metric) {
    const stacks = new Map();
    for (const sum of sums) {
        if (!metric.takes(sum))
            continue;
        const { stack } = half(sum, metric.sides[0]);
        stacks.set(stack, (stacks.get(stack) ?? 0) + sum.s);
    }
    return stacks;
}

// What was folded is no function, but it is called.
function isFunction({ kind }) {
    return kind !== "small";
}

// [{fn, self, total}], those with the most first.
export function functionSums(profile, stacks) {
    const rows = new Map();
    const row = ({ fn }) => {
        if (!rows.has(fn))
            rows.set(fn, { fn, self: 0, total: 0 });
        return rows.get(fn);
    };
    for (const [stack, s] of stacks) {
        const frames = profile.frames(stack);
        for (const each of new Set(frames.filter(isFunction).map(row)))
            each.total += s;
        if (frames.length > 0 && isFunction(frames.at(-1)))
            row(frames.at(-1)).self += s;
    }
    return [...rows.values()].sort((a, b) => b.total - a.total || b.self - a.self);
}

function add(sums, { fn }, s) {
    sums.set(fn, (sums.get(fn) ?? 0) + s);
}

// {callers, callees: seconds by function, or NONE where it is called by nobody, or was itself what ran}.
export function neighbours(profile, stacks, fn) {
    const has = profile.stacksWith(fn);
    const callers = new Map();
    const callees = new Map();
    const nobody = { fn: NONE };
    for (const [stack, s] of stacks) {
        if (!has[stack])
            continue;
        const frames = profile.frames(stack);
        const first = frames.findIndex((frame) => frame.fn === fn);
        const last = frames.findLastIndex((frame) => frame.fn === fn);
        add(callers, frames[first - 1] ?? nobody, s);
        add(callees, frames[last + 1] ?? nobody, s);
    }
    return { callers, callees };
}
