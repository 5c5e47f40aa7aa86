// SPDX-License-Identifier: Apache-2.0
// Who waits for whom, as tables: pairs, and functions that suffer or cause the wait.
import { allWait } from "./data.js";
import { el, section, table } from "./dom.js";
import { fullPlace, percent, seconds, secondsLike, share, shownFile } from "./format.js";

function frameTitle(row) {
    const where = row.kind === "c" ? "C function" : fullPlace(row.file, row.line);
    return `${row.function} (${where})${row.c_function ? `, in ${row.c_function}` : ""}`;
}

export function frame(row) {
    if (!row.function)
        return "no Python frame";
    return el(
        "span",
        { class: "place", title: frameTitle(row) },
        el("span", { class: "function" }, row.kind === "c" ? `${row.function} [C]` : row.function),
        row.file ? el("span", { class: "file" }, `(${shownFile(row.file)}`) : null,
        row.file ? el("span", { class: "line" }, row.line ? `:${row.line})` : ")") : null,
        row.c_function ? el("span", { class: "called" }, `\u2192 ${row.c_function}`) : null,
    );
}

function meter(value, whole, side) {
    const fill = el("span", { class: `fill ${side}` });
    fill.style.width = `${100 * share(value, whole)}%`;
    return el("span", { class: "meter" }, el("span", { class: "track" }, fill), percent(share(value, whole)));
}

const NO_HOLDER = {
    handoff: "no holder (handoff)",
    unknown: "unknown",
};

export function threadLabel(side) {
    return el("span", { class: "name", title: `thread ${side.tid}` }, side.name || `thread ${side.tid}`);
}

// Two columns: the seconds under `key`, and their share of all the waiting.
function amountColumns(rows, key, total, side, head, widths) {
    const format = secondsLike(rows.map((row) => row[key]));
    return [
        { head, width: widths[0], number: true, cell: (row) => format(row[key]) },
        {
            head: "of all waiting",
            width: widths[1],
            number: true,
            cell: (row) => meter(row[key], total, side),
        },
    ];
}

function nothing(text) {
    return el("p", { class: "nothing" }, text);
}

export function blameSection(data) {
    const total = allWait(data);
    const columns = [
        { head: "Waiting thread", width: 13, cell: (row) => threadLabel(row.waiter) },
        { head: "in", width: 28.5, cell: (row) => frame(row.waiter) },
        {
            head: "GIL held by",
            width: 13,
            cell: (row) => (row.holder ? threadLabel(row.holder) : NO_HOLDER[row.kind]),
        },
        { head: "in", width: 28.5, cell: (row) => (row.holder ? frame(row.holder) : "\u2013") },
        ...amountColumns(data.blame, "seconds", total, "wait", "time", [7, 10]),
    ];
    const of = data.shown ? " Only pairs with one of these threads are listed." : "";
    const omitted = data.blame_omitted_s > 0 ? ` Smaller pairs, together ${seconds(data.blame_omitted_s)}, are left out.` : "";
    return section(
        "blame",
        "Who waits for whom",
        `Each moment of waiting is charged to the thread that held the GIL at that moment.${of}${omitted}`,
        data.blame.length > 0 ? table("Pairs of waiter and holder", columns, data.blame) : nothing("No thread was seen waiting for the GIL."),
    );
}

// What matters is where time is lost itself; a caller's sum tells how much lies below it.
function functionTable(data, rows, label, side) {
    const sorted = [...rows].sort((a, b) => b.self_s - a.self_s || b.total_s - a.total_s);
    const format = secondsLike(rows.map((row) => row.total_s));
    const columns = [
        { head: "Function", width: 52, cell: frame },
        ...amountColumns(rows, "self_s", allWait(data), side, "in itself", [12, 22]),
        {
            head: "with callees",
            title: "Time with this function anywhere on the stack",
            width: 14,
            number: true,
            cell: (row) => format(row.total_s),
        },
    ];
    return rows.length > 0 ? table(label, columns, sorted) : nothing("None.");
}

export function functionSections(data) {
    return el(
        "div",
        { class: "columns" },
        section(
            "suffered",
            "Functions that wait",
            "Time lost while the waiting thread was in this function.",
            functionTable(data, data.functions_suffered, "Functions by wait suffered", "wait"),
        ),
        section(
            "caused",
            "Functions that make others wait",
            "Time others lost while the holder was in this function.",
            functionTable(data, data.functions_caused, "Functions by wait caused", "hold"),
        ),
    );
}
