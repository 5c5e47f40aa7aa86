// SPDX-License-Identifier: Apache-2.0
// The report of a part of the time: the same shape as the data of the page, with what its records
// say about the range in the place of what is known of the whole. What only the whole has (exact
// CPU times, intervals, switches) is null. `sums` are those of profile.js that it is made from.
import { share } from "./format.js";

const PAIRS = 100;
const FUNCTIONS = 100;

// The frame that runs, and the C function that it is in; `key` is the same for the same two.
function top(profile, stack) {
    const frames = profile.frames(stack);
    const last = frames.length - 1;
    const inC = last >= 1 && frames[last].kind === "c" && frames[last - 1].kind === "";
    const frame = frames[inC ? last - 1 : last] ?? null;
    return { frame, called: inC ? frames[last].name : null, key: `${frame?.id} ${inC ? frames[last].id : ""}` };
}

function side(profile, thread, stack) {
    const { pid, tid, name } = profile.threads[thread];
    const { frame, called } = top(profile, stack);
    return {
        pid,
        tid,
        name,
        function: frame?.name ?? "",
        kind: frame?.kind === "c" ? "c" : "python",
        file: frame?.file ?? "",
        line: frame?.line ?? 0,
        c_function: called,
    };
}

function threads(data, profile, sums) {
    const rows = data.threads.map((thread) => ({
        ...thread,
        states: {},
        wall_s: 0,
        gil_wait_s: 0,
        gil_wait_ci95_s: null,
        cpu_s: null,
        run_queue_s: null,
    }));
    for (const { thread, state, kind, s } of sums) {
        const row = rows[thread]; // those that are not shown come behind the others
        if (!row)
            continue;
        row.states[state] = (row.states[state] ?? 0) + s;
        row.wall_s += s;
        if (kind !== "")
            row.gil_wait_s += s;
    }
    return rows.filter((row) => row.wall_s > 0).sort((a, b) => b.gil_wait_s - a.gil_wait_s);
}

function blame(profile, waits) {
    const pairs = new Map();
    for (const { thread, stack, kind, holder, holderStack, s } of waits) {
        const key = `${thread} ${top(profile, stack).key} ${kind} ${holder} ${top(profile, holderStack).key}`;
        const pair = pairs.get(key);
        if (pair)
            pair.seconds += s;
        else
            pairs.set(key, {
                waiter: side(profile, thread, stack),
                holder: holder >= 0 ? side(profile, holder, holderStack) : null,
                kind,
                seconds: s,
            });
    }
    return [...pairs.values()].sort((a, b) => b.seconds - a.seconds);
}

// What lies below a frame that was folded away is in the sums of its callers, and nobody's own.
function functions(profile, waits, stackOf) {
    const byStack = new Map();
    for (const wait of waits)
        byStack.set(stackOf(wait), (byStack.get(stackOf(wait)) ?? 0) + wait.s);
    const rows = new Map();
    const row = (frame) => {
        if (!rows.has(frame.fn))
            rows.set(frame.fn, {
                function: frame.name,
                kind: frame.kind === "c" ? "c" : "python",
                file: frame.file,
                line: frame.first,
                self_s: 0,
                total_s: 0,
            });
        return rows.get(frame.fn);
    };
    for (const [stack, s] of byStack) {
        const frames = profile.frames(stack);
        const named = frames.filter((frame) => frame.kind !== "small");
        for (const each of new Set(named.map(row)))
            each.total_s += s;
        if (named.length > 0 && named.length === frames.length)
            row(named.at(-1)).self_s += s;
    }
    return [...rows.values()].sort((a, b) => b.total_s - a.total_s).slice(0, FUNCTIONS);
}

function gil(data, profile, from, to) {
    if (!data.gil)
        return null;
    const row = profile.gils.findIndex(
        (one) => one.pid === data.gil.pid && one.interpreter === data.gil.interpreter,
    );
    const held = profile.holding(from, to).filter((one) => one.gil === row);
    const sum = (kind) => held.filter((one) => one.kind === kind).reduce((total, one) => total + one.s, 0);
    return {
        ...data.gil,
        busy_share: share(sum("held"), sum("held") + sum("handoff")),
        switches: null,
    };
}

// Buckets of a range in seconds, to the next border: at least one.
export function bucketsOf(profile, range) {
    const [from, to] = range.map((at) => Math.round((at - profile.beginS) / profile.bucketS));
    const first = Math.min(Math.max(from, 0), profile.buckets - 1);
    return [first, Math.max(first + 1, Math.min(profile.buckets, to))];
}

// The data, with what happened in the range of time; without a range all of it.
export function reportOf(data, profile, range) {
    const [from, to] = range ? bucketsOf(profile, range) : [0, profile.buckets];
    const sums = profile.sum(from, to);
    if (!range)
        return { ...data, sums };
    const waits = sums.filter((sum) => sum.kind !== "");
    const pairs = blame(profile, waits);
    return {
        ...data,
        range,
        duration_s: (to - from) * profile.bucketS,
        sums,
        gil: gil(data, profile, from, to),
        threads: threads(data, profile, sums),
        blame: pairs.slice(0, PAIRS),
        blame_omitted_s: pairs.slice(PAIRS).reduce((sum, pair) => sum + pair.seconds, 0),
        functions_suffered: functions(profile, waits, (wait) => wait.stack),
        functions_caused: functions(profile, waits.filter((wait) => wait.holder >= 0), (wait) => wait.holderStack),
        shown: data.shown && { ...data.shown, all_gil_wait_s: profile.allWait(from, to) },
    };
}
