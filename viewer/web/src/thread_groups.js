// SPDX-License-Identifier: Apache-2.0
// Threads that do the same work, as viewer/thread_groups.h has it: those of one process whose names
// differ in their last number only.
import { store } from "./store.js";

// With more threads than this, groups are folded until one asks for their threads.
const FOLD_FROM = 16;

function patternOf(name) {
    if (name === "")
        return "threads without a name";
    const [, head, number, tail] = /^([^]*?)(\d+)(\D*)$/.exec(name) ?? [];
    return number === undefined ? name : `${head}*${tail}`;
}

// Whether "worker-*" is such a name itself, or stands for numbers.
function keyOf({ pid, name }) {
    return `${pid} ${/\d/.test(name)} ${name === ""} ${patternOf(name)}`;
}

// Gives each thread of the whole recording its `group` {id, name, folded: unless asked for}.
export function assignGroups(threads) {
    const groups = new Map();
    for (const thread of threads) {
        const key = keyOf(thread);
        if (!groups.has(key))
            groups.set(key, { id: String(groups.size), name: patternOf(thread.name), folded: threads.length > FOLD_FROM });
        thread.group = groups.get(key);
    }
}

function sum(members, key) {
    return members.every((member) => member[key] !== null) ? members.reduce((all, member) => all + member[key], 0) : null;
}

function rowOf(group, members) {
    const states = {};
    for (const member of members)
        for (const [state, s] of Object.entries(member.states))
            states[state] = (states[state] ?? 0) + s;
    const sums = Object.fromEntries(["wall_s", "gil_wait_s", "cpu_s", "run_queue_s"].map((key) => [key, sum(members, key)]));
    return { ...sums, group, members, name: group.name, pid: members[0].pid, states, gil_wait_ci95_s: null };
}

// Rows of a table: of each group with several threads one, with its `members`, and the other threads.
export function groupedRows(threads) {
    const groups = new Map();
    for (const thread of threads)
        groups.set(thread.group, [...(groups.get(thread.group) ?? []), thread]);
    const rows = [...groups].map(([group, members]) => (members.length > 1 ? rowOf(group, members) : members[0]));
    return rows.sort((a, b) => b.gil_wait_s - a.gil_wait_s);
}

function turned() {
    return store.get("groups") === "" ? [] : store.get("groups").split(".");
}

export function isFolded(group) {
    return group.folded !== turned().includes(group.id);
}

export function toggleGroup({ id }) {
    const others = turned().filter((other) => other !== id);
    store.set({ groups: (others.length < turned().length ? others : [...others, id]).join(".") });
}
