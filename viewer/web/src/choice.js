// SPDX-License-Identifier: Apache-2.0
// What is chosen, as tests of halves of sums: {from, text, clear (what to set in the store to be rid of
// it), of (the graph it was chosen in, which shows it by a zoom), wait, hold (test(half) of each
// side; undefined: all pass), function (a row) and removed (whether stacks with it pass or those
// without)}. A metric that knows none of the sides is not filtered by them.
import { label } from "./flame_tree.js";
import { place } from "./format.js";
import { frameStep } from "./layout.js";
import { half } from "./metrics.js";
import { threadName } from "./threads.js";

// Each half is met in many sums.
function once(profile, test) {
    const known = new Map();
    return (each) => {
        const key = each.thread < 0 ? each.kind : each.thread * profile.stacks + each.stack;
        let passes = known.get(key);
        if (passes === undefined)
            known.set(key, (passes = test(each)));
        return passes;
    };
}

// Whether a half begins with the keys; `whole`: and has no more.
function begins(layout, keys, whole) {
    return (each) => {
        const steps = layout.steps(each);
        return (!whole || steps.length === keys.length) && keys.every((key, i) => steps[i]?.key === key);
    };
}

function ofProcess(profile, row) {
    return (each) => each.thread < 0 || profile.threads[each.thread].process === row;
}

function stepOf(layout, key) {
    const { profile } = layout;
    if (key.startsWith("t"))
        return layout.threads[Number(key.slice(1))];
    const [fn, line] = key.split("-").map(Number);
    return line === undefined ? { node: { k: key } } : frameStep(profile.frame(fn, line));
}

// "handle (app/handlers.py:12) in worker-1"
function words(layout, keys) {
    const name = (key) => {
        const { node } = stepOf(layout, key);
        return label(node, node.k ?? "frame", "");
    };
    const frames = keys.filter((key) => !key.startsWith("t"));
    const called = layout.inverted && frames.length > 1 ? `${name(frames[0])} called from ${name(frames.at(-1))}` : null;
    const code = called ?? (frames.length > 0 ? name(frames.at(-1)) : null);
    const thread = keys.find((key) => key.startsWith("t"));
    return [code, thread && name(thread)].filter(Boolean).join(" in ");
}

// The frame at the end of a path through the graph of a metric.
export function pathChoice(layout, metric, path, graph) {
    const keys = path.split(".");
    const process = keys[0].startsWith("p") ? Number(keys.shift().slice(1)) : -1;
    const link = keys.indexOf("link");
    const halves = link < 0 ? [keys] : [keys.slice(0, link), keys.slice(link + 1)];
    const choice = { of: graph, from: `Chosen in ${graph}`, clear: { [graph]: "" } };
    metric.sides.forEach((side, i) => {
        const tests = [];
        if (process >= 0)
            tests.push(ofProcess(layout.profile, process));
        if (halves[i]?.length > 0)
            tests.push(begins(layout, halves[i], i < halves.length - 1));
        if (tests.length > 0)
            choice[side] = once(layout.profile, (each) => tests.every((test) => test(each)));
    });
    const last = halves.findLast((part) => part.length > 0);
    choice.text = last ? words(layout, last) : `process ${layout.profile.threads.find((thread) => thread.process === process).pid}`;
    return choice;
}

// A cell of the matrix, or a row or a column of it.
export function pairChoice(profile, pair) {
    const [waiter, holder] = pair.split(".");
    const name = (key) => (/^\d/.test(key) ? threadName(profile.threads[Number(key)]) : label({}, key));
    const is = (key) => (each) => (/^\d/.test(key) ? each.thread === Number(key) : each.thread < 0 && each.kind === key);
    return {
        from: "Pairs",
        text: `${waiter ? name(waiter) : "all"} waits for ${holder ? name(holder) : "any"}`,
        clear: { pair: "" },
        wait: waiter && is(waiter),
        hold: holder && is(holder),
    };
}

// Only stacks with a function in them, or only those without it; `clear` is what to set then.
export function functionChoice(profile, fn, removed, clear) {
    const { name, file, kind } = profile.frame(fn, 0);
    return {
        from: removed ? "Without" : "Only with",
        text: kind === "c" ? `${name} [C]` : place(name, file, 0),
        clear,
        function: fn,
        removed,
    };
}

export function concerns(choice, metric) {
    return choice.function !== undefined || metric.known.some((side) => choice[side]);
}

// What a choice asks of a sum: a function may be on any side that is drawn.
function testsOf(choice, metric, profile) {
    if (choice.function === undefined)
        return metric.known.filter((side) => choice[side]).map((side) => (sum) => choice[side](half(sum, side)));
    const has = profile.stacksWith(choice.function);
    return [(sum) => metric.sides.some((side) => has[half(sum, side).stack]) !== choice.removed];
}

// What the frame at a path stands for, where the graph itself is not filtered by it.
export function under(sums, layout, metric, path) {
    if (path === "")
        return sums;
    const choice = pathChoice(layout, metric, path, "");
    return sums.filter((sum) => metric.sides.every((side) => !choice[side] || choice[side](half(sum, side))));
}

// Those of a metric's sums that all choices let pass.
export function chosen(sums, metric, choices, profile) {
    const tests = choices.flatMap((choice) => testsOf(choice, metric, profile));
    return tests.length > 0 ? sums.filter((sum) => tests.every((test) => test(sum))) : sums;
}

// Whether the data of the page has what a path names.
export function knownPath(profile, path) {
    const functions = profile.raw.functions.name.length;
    return path.split(".").every((key) => {
        const row = Number(/^[pt]?(\d+)/.exec(key)?.[1] ?? 0);
        if (key.startsWith("p"))
            return profile.threads.some(({ process }) => process === row);
        return row < (key.startsWith("t") ? profile.threads.length : functions);
    });
}

export function knownPair(profile, pair) {
    return pair.split(".").every((key) => !/^\d/.test(key) || Number(key) < profile.threads.length);
}
