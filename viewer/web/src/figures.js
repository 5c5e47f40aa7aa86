// SPDX-License-Identifier: Apache-2.0
// The line under the name of the tool, and the four figures.
import { el } from "./dom.js";
import { allWall, sampledProcesses, totalWait, totalWall } from "./data.js";
import { count, milliseconds, percent, seconds, share } from "./format.js";

// In UTC, for a page travels between time zones.
function date(unixSeconds) {
    return `${new Date(1000 * unixSeconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function targetLine(data) {
    const parts = [];
    if (data.target) {
        const others = sampledProcesses(data).length - 1;
        parts.push(`Python ${data.target.python}${data.target.free_threaded ? ", free-threaded" : ""}`);
        parts.push(`process ${data.target.pid}${others > 0 ? ` and ${others} more` : ""}`);
    }
    if (data.part)
        parts.push(
            `${seconds(data.part.from_s)} to ${seconds(data.part.to_s)} of ${seconds(data.part.recording_s)} recorded`,
        );
    else
        parts.push(`${seconds(data.duration_s)} recorded`);
    if (data.shown)
        parts.push(`only threads that match ${data.shown.match}`);
    if (data.recorded.start_unix_s > 0)
        parts.push(date(data.recorded.start_unix_s));
    return parts.join(" \u00b7 ");
}

function figure(label, value, note) {
    return el(
        "div",
        { class: "figure" },
        el("dt", {}, label),
        el("dd", {}, el("span", { class: "value" }, value), el("span", { class: "note" }, note)),
    );
}

function quality(data) {
    const { ticks, late, torn, disturbed, unknown_s: unknown } = data.quality;
    const doubt = share(unknown, allWall(data));
    const lateShare = share(late, ticks);
    const poor = ticks === 0 || !data.end.complete || doubt > 0.1;
    const word = poor ? "poor" : disturbed || doubt > 0.02 || lateShare > 0.2 ? "fair" : "good";
    return figure(
        "Recording quality",
        word,
        `${count(ticks)} samples, ${percent(lateShare)} late, ${count(torn)} torn, ${percent(doubt)} unknown${disturbed ? ", on the target\u2019s CPU" : ""}`,
    );
}

// Of a report that may be of a part of the time, and of the whole data, whose quality counts.
export function figures(data, whole) {
    const wait = totalWait(data);
    const wall = totalWall(data);
    const gil = data.gil;
    const interval = gil?.switch_interval_s;
    return el(
        "dl",
        { class: "figures", id: "figures" },
        figure(
            "GIL busy",
            gil ? percent(gil.busy_share) : "\u2013",
            gil ? "of the time some thread held it" : "no GIL was seen",
        ),
        figure(
            "Lost to waiting",
            seconds(wait),
            `${percent(share(wait, wall))} of ${seconds(wall)} of ${data.shown ? "these" : "all"} threads together`,
        ),
        figure(
            "GIL switches",
            gil && gil.switches !== null ? `${count(share(gil.switches, data.duration_s))}\u00a0/s` : "\u2013",
            data.range ? "known for the whole recording only" : interval > 0 ? `switch interval ${milliseconds(interval)}` : "from thread to thread",
        ),
        quality(whole),
    );
}
