// SPDX-License-Identifier: Apache-2.0
// Draws the lanes of the timeline: in each bucket the states of a thread by their share of it, what
// runs rising from the bottom, waiting for the GIL hanging from the top, all else between.
import { el } from "./dom.js";

const RISING = ["gil-running", "python-running", "gil-queued", "gil-blocked", "native"];
const HANGING = ["gil-wait", "gil-handoff", "stw-wait", "object-wait"];

// Threads that hold the GIL longest have a colour of their own in its lane.
const HOLDER_COLOURS = 6;

// {rising, hanging}: rows of states, in the order in which they are stacked.
export function stackingOf(states) {
    const rows = (names) => names.map((name) => states.indexOf(name)).filter((row) => row >= 0);
    const others = states.map((_, row) => row).filter((row) => !HANGING.includes(states[row]));
    const rising = rows(RISING);
    return { rising: [...rising, ...others.filter((row) => !rising.includes(row))], hanging: rows(HANGING) };
}

// As the style sheet and the system's setting have it: state rows to colours.
export function stateColours(states) {
    const probe = document.body.appendChild(el("span", { hidden: true }));
    const colours = states.map((state) => {
        probe.className = `state state-${state}`;
        return getComputedStyle(probe).backgroundColor;
    });
    probe.remove();
    return colours;
}

// For each thread the seconds of each state in each bucket: [thread][bucket * states + state].
export function laneSums(profile) {
    const lanes = profile.threads.map(() => new Float32Array(profile.buckets * profile.states.length));
    for (let bucket = 0; bucket < profile.buckets; bucket++)
        profile.eachState(bucket, (thread, state, s) => {
            lanes[thread][bucket * profile.states.length + state] += s;
        });
    return lanes;
}

// For each thread its place among those that hold the GIL longest, or -1.
export function holderRanks(profile) {
    const held = profile.threads.map(() => 0);
    for (const { holder, s } of profile.holding()) {
        if (holder >= 0)
            held[holder] += s;
    }
    const order = held.map((_, thread) => thread).filter((thread) => held[thread] > 0);
    order.sort((a, b) => held[b] - held[a]);
    return held.map((_, thread) => {
        const rank = order.indexOf(thread);
        return rank < HOLDER_COLOURS ? rank : -1;
    });
}

function holderColour(rank) {
    return getComputedStyle(document.documentElement).getPropertyValue(rank < 0 ? "--holder-other" : `--holder-${rank}`);
}

// Calls paint(context, bucket, x, width, height) for each bucket, in pixels of the device.
function eachBucket(canvas, buckets, paint) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * scale);
    canvas.height = Math.round(canvas.clientHeight * scale);
    const context = canvas.getContext("2d");
    for (let bucket = 0; bucket < buckets; bucket++) {
        const x = Math.round((bucket * canvas.width) / buckets);
        const next = Math.round(((bucket + 1) * canvas.width) / buckets);
        paint(context, bucket, x, Math.max(next - x, 1), canvas.height);
    }
}

export function drawLane(canvas, profile, sums, { rising, hanging }, colours) {
    const n = profile.states.length;
    eachBucket(canvas, profile.buckets, (context, bucket, x, width, height) => {
        const part = (row) => (sums[bucket * n + row] / profile.bucketS) * height;
        let bottom = height;
        for (const row of rising) {
            const size = part(row);
            context.fillStyle = colours[row];
            if (size > 0)
                context.fillRect(x, bottom - size, width, size);
            bottom -= size;
        }
        let top = 0;
        for (const row of hanging) {
            const size = part(row);
            context.fillStyle = colours[row];
            if (size > 0)
                context.fillRect(x, top, width, size);
            top += size;
        }
    });
}

// Who held the GIL: the holders of a bucket from the bottom to the top; free is left empty.
export function drawHolders(canvas, profile, gil, ranks) {
    const colours = new Map([...new Set(ranks), -1].map((rank) => [rank, holderColour(rank)]));
    eachBucket(canvas, profile.buckets, (context, bucket, x, width, height) => {
        let bottom = height;
        for (const { gil: of, holder, s } of profile.holding(bucket, bucket + 1)) {
            if (of !== gil || holder < 0)
                continue;
            const size = (s / profile.bucketS) * height;
            context.fillStyle = colours.get(ranks[holder]);
            context.fillRect(x, bottom - size, width, size);
            bottom -= size;
        }
    });
}
