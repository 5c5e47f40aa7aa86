// SPDX-License-Identifier: Apache-2.0
// Sums as collapsed stacks, as `gilwait export --format collapsed` writes them: one line each, with
// whole microseconds.
import { label } from "./flame_tree.js";
import { place } from "./format.js";
import { half } from "./metrics.js";

const LINKS = { "waits for": "waiting for GIL", "makes wait": "makes wait for GIL" };

// What would end a frame or a line, and what a terminal would take for more than text.
function escape(text) {
    return text.replace(/[\0-\x1f;\x7f-\x9f]/g, (char) => {
        if (char === "\n" || char === "\t")
            return char === "\n" ? "\\n" : "\\t";
        const code = char.charCodeAt(0).toString(16);
        return char >= "\x80" ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
    });
}

function frameText({ name, file, line, kind }) {
    return kind === "c" ? `${name} [C]` : kind === "small" ? label({}, "small") : place(name, file, line);
}

function side({ profile, inverted }, { thread, stack, kind }) {
    if (thread < 0)
        return [label({}, kind)];
    const { pid, tid, name } = profile.threads[thread];
    const own = `process ${pid}/${name || `thread ${tid}`}`;
    const frames = profile.frames(stack).map(frameText);
    const all = frames.length > 0 ? frames : ["(no Python frame)"];
    return inverted ? [...all.reverse(), own] : [own, ...all];
}

export function collapsed(layout, sums, metric) {
    const lines = new Map();
    for (const sum of sums) {
        const halves = metric.sides.map((name) => side(layout, half(sum, name)));
        const frames = halves.flatMap((frames, i) => (i > 0 ? [LINKS[metric.link], ...frames] : frames));
        const line = frames.map(escape).join(";");
        lines.set(line, (lines.get(line) ?? 0) + sum.s);
    }
    return [...lines]
        .map(([line, s]) => [line, Math.round(1e6 * s)])
        .filter(([, us]) => us > 0)
        .map(([line, us]) => `${line} ${us}\n`)
        .join("");
}
