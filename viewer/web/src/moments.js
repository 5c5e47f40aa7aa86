// SPDX-License-Identifier: Apache-2.0
// The longest single waits and holds, each linked to its place in the timeline.
import { frame, threadLabel } from "./blame.js";
import { el, section, table } from "./dom.js";
import { seconds } from "./format.js";
import { store } from "./store.js";

// So much of its length is shown before and behind a moment.
const AROUND = 0.5;

function showButton({ start_s: start, seconds: length }) {
    const around = AROUND * length;
    const button = el("button", { type: "button", class: "show" }, seconds(start));
    button.title = "Show this part of the time in the whole page";
    button.addEventListener("click", () => {
        store.set({ range: [Math.max(start - around, 0), start + length + around] });
        document.getElementById("when").scrollIntoView();
    });
    return button;
}

// "171 ms ±38", at least so long where it was cut by an end of the recording.
function lasted({ seconds: length, uncertainty_s: uncertainty, cut }) {
    const ms = 1000 * length;
    const digits = ms < 10 ? 1 : 0;
    return `${cut ? "\u2265\u2009" : ""}${ms.toFixed(digits)}\u00a0ms \u00b1${(1000 * uncertainty).toFixed(digits)}`;
}

// Columns of a thread and its code; nobody is a dash.
function party(head, key) {
    return [
        { head, width: 14, cell: (row) => (row[key] ? threadLabel(row[key]) : "\u2013") },
        { head: "in", width: 26, cell: (row) => (row[key] ? frame(row[key]) : "\u2013") },
    ];
}

function moments(label, rows, columns) {
    return table(label, [
        { head: "at", width: 9, cell: showButton, sort: (row) => row.start_s },
        { head: "lasted", width: 11, number: true, cell: lasted, sort: (row) => row.seconds },
        ...columns,
    ], rows);
}

// null where there are none.
export function momentSection(data) {
    const waits = data.waits?.longest ?? [];
    const holds = data.holds?.longest ?? [];
    if (waits.length + holds.length === 0)
        return null;
    const lists = [
        ["longest-waits", waits, "Longest waits", "Single waits for the GIL, and who held it most of that time.", [...party("Waiting thread", "waiter"), ...party("GIL held by", "holder")]],
        ["longest-holds", holds, "Longest holds", "Single holds of the GIL, and who waited most of that time.", [...party("Holding thread", "holder"), ...party("makes wait", "waiter")]],
    ];
    return el(
        "div",
        { class: "columns" },
        ...lists.filter(([, rows]) => rows.length > 0).map(([id, rows, heading, lead, columns]) =>
            section(id, heading, `${lead} Choose one to see its place.`, moments(heading, rows, columns))),
    );
}
