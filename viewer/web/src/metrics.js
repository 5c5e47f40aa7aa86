// SPDX-License-Identifier: Apache-2.0
// What a graph can be of. `takes` says which sums of profile.js are in it, `sides` whose code stands
// in it from the top: that of who waits ("wait"), of who holds the GIL ("hold"), or of whoever it is
// ("own"); and `known` which sides its sums have, so that they can be filtered by them.

const HOLDS = new Set(["gil-running", "gil-queued", "gil-blocked"]);
const RUNS = new Set(["gil-running", "native", "python-running"]);

export const isWait = (sum) => sum.kind !== "";

const WAIT = {
    all: "all GIL wait",
    none: "No GIL wait",
    of: "of all waiting",
    width: "time spent waiting for the GIL",
    known: ["wait", "hold"],
};

// What the metric switch offers: {name, title, graphs: keys of metricsOf}.
export const VIEWS = {
    pairs: { name: "pairs", title: "Who waits for whom: two graphs, linked", graphs: ["victims", "culprits"] },
    wait: { name: "wait", title: "GIL wait by the code that waits", graphs: ["wait"] },
    blame: { name: "blame", title: "GIL wait by the code that holds the GIL meanwhile", graphs: ["blame"] },
    holding: { name: "holding", title: "Time with the GIL held: gil-running, gil-queued and gil-blocked", graphs: ["holding"] },
    cpu: { name: "CPU", title: "Time on a CPU as sampled: gil-running, native and python-running", graphs: ["cpu"] },
    wall: { name: "wall", title: "All time in which threads were observed", graphs: ["wall"] },
};

// Of threads that are not shown, there are the waits for those that are.
export function metricsOf({ threads }) {
    const all = threads.every(({ hidden }) => !hidden);
    const shown = (thread) => (thread < 0 ? all : !threads[thread].hidden);
    return {
        victims: {
            ...WAIT,
            heading: "Victims: who waits, and for whom",
            sides: ["wait", "hold"],
            link: "waits for",
            takes: isWait,
        },
        culprits: {
            ...WAIT,
            heading: "Culprits: who makes whom wait",
            sides: ["hold", "wait"],
            link: "makes wait",
            takes: isWait,
        },
        wait: {
            ...WAIT,
            heading: VIEWS.wait.title,
            sides: ["wait"],
            takes: (sum) => isWait(sum) && shown(sum.thread),
        },
        blame: {
            ...WAIT,
            heading: VIEWS.blame.title,
            sides: ["hold"],
            takes: (sum) => isWait(sum) && shown(sum.holder),
        },
        holding: {
            heading: VIEWS.holding.title,
            all: "all holding",
            none: "No hold of the GIL",
            of: "of all holding",
            width: "time with the GIL held",
            sides: ["hold"],
            known: ["hold"],
            takes: ({ state, thread }) => HOLDS.has(state) && shown(thread),
        },
        cpu: {
            heading: VIEWS.cpu.title,
            all: "all CPU time",
            none: "No CPU time",
            of: "of all CPU time",
            width: "time on a CPU",
            sides: ["own"],
            known: [],
            takes: ({ state, thread }) => RUNS.has(state) && shown(thread),
        },
        wall: {
            heading: VIEWS.wall.title,
            all: "all time",
            none: "No time",
            of: "of all time",
            width: "time in which threads were observed",
            sides: ["own"],
            known: [],
            takes: ({ thread }) => shown(thread),
        },
    };
}

// The thread and the stack of a sum on a side. While one waits, somebody else holds the GIL, or
// nobody, of which only the kind says more.
export function half(sum, side) {
    return side === "hold" && isWait(sum)
        ? { kind: sum.kind, thread: sum.holder, stack: sum.holderStack }
        : { kind: sum.kind, thread: sum.thread, stack: sum.stack };
}

export function total(sums) {
    return sums.reduce((all, { s }) => all + s, 0);
}
