// SPDX-License-Identifier: Apache-2.0
// The comparison in words, figures and tables.
import { el, section, table } from "./dom.js";
import { UNIT, compared, figure, interval } from "./diff_format.js";
import { count, seconds, shortFile } from "./format.js";

// Which of two recordings is which.
export function sides(data) {
    const line = (side) =>
        [
            side.name,
            side.python ? `Python ${side.python}` : null,
            `${seconds(side.recorded_s)} recorded`,
            `${count(side.threads)} thread${side.threads === 1 ? "" : "s"}`,
            side.complete ? null : "not closed properly, read up to its last good part",
        ]
            .filter(Boolean)
            .join(" \u00b7 ");
    return el(
        "dl",
        { class: "sides", id: "sides" },
        el("dt", {}, "Before"),
        el("dd", {}, line(data.before)),
        el("dt", {}, "After"),
        el("dd", {}, line(data.after)),
    );
}

function box(label, value, note) {
    return el(
        "div",
        { class: "figure" },
        el("dt", {}, label),
        el("dd", {}, el("span", { class: "value" }, value), el("span", { class: "note" }, note)),
    );
}

export function figures(data) {
    const { before, after, change, significant } = data.total_gil_wait;
    return el(
        "dl",
        { class: "figures", id: "figures" },
        box("GIL wait before", figure(before), `${UNIT} of all threads together`),
        box("GIL wait after", figure(after), `${UNIT} of all threads together`),
        box("Change", figure(change, true), `${UNIT}, 95\u00a0% interval ${interval(change)}`),
        box(
            "More than chance",
            significant ? "yes" : "no",
            compared(before.value, after.value),
        ),
    );
}

// The part of the name in the table that the numbers are of: a group that is on one side only has
// no figure on the other.
function sideCell(row, which, at) {
    return row.n_threads?.[at] === 0 ? "\u2013" : figure(row[which]);
}

function changeCell(row) {
    const kind = row.change.value > 0 ? "more" : "less";
    return el("span", { class: row.significant && `change-${kind}` }, figure(row.change, true));
}

function significantCell(row) {
    return row.significant ? "yes" : el("span", { class: "insignificant" }, "no");
}

function threadName(row) {
    const [before, after] = row.n_threads;
    const n = before === after ? count(after) : `${count(before)} \u2192 ${count(after)}`;
    return el(
        "span",
        { class: "identity" },
        el("span", { class: "name", title: row.threads }, row.threads),
        before === after && after <= 1 ? null : el("span", { class: "note" }, `${n} ${after === 1 ? "thread" : "threads"}`),
    );
}

function functionLabel(row) {
    return row.function || "no Python frame";
}

function functionName(row) {
    const c = row.kind === "c";
    const name = functionLabel(row);
    return el(
        "span",
        { class: "place", title: c ? `${name} (C function)` : `${name} (${row.file})` },
        el("span", { class: "function" }, c ? `${name} [C]` : name),
        row.file ? el("span", { class: "file" }, `(${shortFile(row.file)})`) : null,
    );
}

function figureColumns() {
    return [
        {
            head: "before",
            width: 14,
            number: true,
            cell: (row) => sideCell(row, "before", 0),
            sort: (row) => row.before.value,
        },
        {
            head: "after",
            width: 14,
            number: true,
            cell: (row) => sideCell(row, "after", 1),
            sort: (row) => row.after.value,
        },
        { head: "change", width: 13, number: true, cell: changeCell, sort: (row) => row.change.value },
    ];
}

function sampledColumns() {
    return [
        { head: "95\u00a0% interval", width: 14, number: true, title: "Of the change", cell: (row) => interval(row.change) },
        {
            head: "significant",
            width: 9,
            title: "Whether it is more than the 95\u00a0% intervals of both explain",
            cell: significantCell,
        },
    ];
}

// In the place of an interval, which an exact figure has not.
function exactColumns() {
    return [
        {
            head: "compared",
            width: 23,
            number: true,
            cell: (row) => (row.n_threads.includes(0) ? "\u2013" : compared(row.before.value, row.after.value)),
        },
    ];
}

function tableSection(data, key, heading, lead, columns) {
    const rows = data[key];
    const omitted = data.omitted[key];
    const more = omitted > 0 ? ` ${count(omitted)} more with a smaller change are left out.` : "";
    return section(
        key,
        heading,
        `${lead}${more}`,
        rows.length > 0 ? table(heading, columns, rows) : el("p", { class: "nothing" }, "Nothing on either side."),
    );
}

export function tableSections(data) {
    const unit = `In ${UNIT}: milliseconds per second of recording`;
    const threads = { head: "Threads", width: 36, cell: threadName, sort: (row) => row.threads };
    const code = { head: "Function", width: 36, cell: functionName, sort: functionLabel };
    const groups = (key, heading, lead, last = sampledColumns()) =>
        tableSection(data, key, heading, lead, [threads, ...figureColumns(), ...last]);
    const functions = (key, heading, lead) =>
        tableSection(data, key, heading, lead, [code, ...figureColumns(), ...sampledColumns()]);
    return {
        threads: [
            groups("gil_wait", "GIL wait of threads", `${unit}, all threads of a name together. Significant changes first.`),
            groups("caused", "GIL wait caused by threads", `${unit} that others waited while they held the GIL.`),
            groups("cpu", "CPU time of threads", `${unit}. Exact, from the kernel: no interval, no test.`, exactColumns()),
        ],
        functions: [
            functions("functions_suffered", "Functions that suffer GIL wait", `${unit}, by the innermost function.`),
            functions("functions_caused", "Functions that cause GIL wait", `${unit}, by the innermost function of the holder.`),
        ],
    };
}
