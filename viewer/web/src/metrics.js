// SPDX-License-Identifier: Apache-2.0
// What a graph can be of. `takes` says which sums of profile.js are in it, and `sides` whose code
// stands in it from the top: that of who waits ("wait") or of who holds the GIL meanwhile ("hold").

const waits = (sum) => sum.kind !== "";

export const METRICS = {
    wait: {
        heading: "Victims: who waits, and for whom",
        all: "all GIL wait",
        none: "No GIL wait",
        of: "of all waiting",
        sides: ["wait", "hold"],
        link: "waits for",
        takes: waits,
    },
    blame: {
        heading: "Culprits: who makes whom wait",
        all: "all GIL wait",
        none: "No GIL wait",
        of: "of all waiting",
        sides: ["hold", "wait"],
        link: "makes wait",
        takes: waits,
    },
};

// The thread and the stack of a sum on a side; where nobody held the GIL, only the kind says more.
export function half(sum, side, metric) {
    return side === "hold" && metric.link
        ? { kind: sum.kind, thread: sum.holder, stack: sum.holderStack }
        : { kind: sum.kind, thread: sum.thread, stack: sum.stack };
}

export function total(sums) {
    return sums.reduce((all, { s }) => all + s, 0);
}
