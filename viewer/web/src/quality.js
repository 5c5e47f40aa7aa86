// SPDX-License-Identifier: Apache-2.0
// How far the recording can be trusted, and what it cost.
import { allWall } from "./data.js";
import { el, section } from "./dom.js";
import { count, mebibytes, percent, seconds, share } from "./format.js";

function rates(quality) {
    return `${count(quality.asked_rate_hz)} a second asked for, ${count(quality.last_rate_hz)} at the end`;
}

function rows(data) {
    const quality = data.quality;
    const all = [
        ["Samples", count(quality.ticks), `instants at which all threads were looked at; ${rates(quality)}`],
        [
            "Late",
            `${count(quality.late)} (${percent(share(quality.late, quality.ticks))})`,
            "samples taken after their period was over",
        ],
        ["Torn", count(quality.torn), "stacks lost because the thread moved while it was read"],
        [
            "Unknown",
            `${seconds(quality.unknown_s)} (${percent(share(quality.unknown_s, allWall(data)))})`,
            "thread time whose state could not be told",
        ],
        [
            "Profiler\u2019s CPU",
            `${seconds(quality.cpu_s)} (${percent(share(quality.cpu_s, data.duration_s))} of one core)`,
            "spent beside the target, not inside it",
        ],
        ["Profiler\u2019s memory", mebibytes(quality.max_rss_bytes), "at its peak"],
    ];
    if (data.part?.counts_shared)
        all.push([
            "Part",
            "shared out",
            "the capture counts late and torn samples and GIL switches about once a second; at the ends of this part they go by samples",
        ]);
    if (quality.dropped > 0)
        all.push(["Dropped", count(quality.dropped), "samples that could not be taken"]);
    if (quality.stops > 0)
        all.push([
            "Stops",
            `${count(quality.stops)}, ${seconds(quality.stopped_s)} in all`,
            "of single threads, to see whether they wanted the GIL (--stop)",
        ]);
    if (quality.disturbed)
        all.push([
            "Shared CPU",
            percent(share(quality.displacing, quality.ticks)),
            "of the samples took the CPU from the target, which changes who waits: another CPU or a lower rate would help",
        ]);
    if (quality.gap_s > 0)
        all.push(["Gaps", seconds(quality.gap_s), "nobody was looking: in no figure of this page"]);
    if (quality.pair_grain_s > 0)
        all.push(["Grain", seconds(quality.pair_grain_s), "lighter pairs were drawn by lot; sums are exact"]);
    return all;
}

export function qualitySection(data) {
    return section(
        "quality",
        "Quality of the recording",
        data.end.complete ? null : "The recording was not closed properly: this is what could be read of it.",
        el(
            "dl",
            { class: "facts" },
            ...rows(data).map(([label, value, note]) =>
                el("div", {}, el("dt", {}, label), el("dd", {}, value, el("span", { class: "note" }, note))),
            ),
        ),
    );
}
