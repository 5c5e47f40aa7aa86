// SPDX-License-Identifier: Apache-2.0
// Threads that wait against threads that hold the GIL meanwhile, as a table of heat: each moment of
// waiting is in one cell, so that rows sum to what a thread waited and columns to what it caused.
import { el, section } from "./dom.js";
import { count, percent, secondsLike, share } from "./format.js";
import { isWait } from "./metrics.js";
import { store } from "./store.js";
import { threadName } from "./threads.js";

// Of each side so many threads have a line of their own, and so many when all are asked for.
const TOP = 12;
const MOST = 64;
// Of the colour, so that the numbers on it can be read.
const HEAT_PERCENT = 60;
// Of a row's head and of a cell, in em: what a name and a number need at least.
const HEAD_EM = 10;
const CELL_EM = 4.6;

const REST = "rest";
const NOBODY = [
    ["handoff", "no holder", "Nobody held the GIL: it was on its way to the next thread"],
    ["unknown", "unknown", "Who held the GIL could not be told"],
];

function add(sums, key, s) {
    sums.set(key, (sums.get(key) ?? 0) + s);
}

// {key, name, title, s}: those with the most, then one for all others.
function lines(profile, sums, most) {
    const sorted = [...sums].filter(([key]) => typeof key === "number").sort((a, b) => b[1] - a[1]);
    const shown = sorted.slice(0, sorted.length > most + 1 ? most : sorted.length);
    const all = shown.map(([key, s]) => {
        const thread = profile.threads[key];
        return { key, name: threadName(thread), title: `${threadName(thread)}, thread ${thread.tid}`, s };
    });
    const others = sorted.slice(shown.length);
    if (others.length > 0) {
        const name = `${count(others.length)} others`;
        all.push({ key: REST, name, title: `${name}, each with less`, s: others.reduce((sum, [, s]) => sum + s, 0) });
    }
    return all;
}

// The rows and columns of the table, and cell(row key, column key).
function tabulate(profile, waits, most) {
    const byWaiter = new Map();
    const byHolder = new Map();
    for (const { thread, holder, kind, s } of waits) {
        add(byWaiter, thread, s);
        add(byHolder, holder < 0 ? kind : holder, s);
    }
    const rows = lines(profile, byWaiter, most);
    const columns = lines(profile, byHolder, most);
    columns.push(...NOBODY.filter(([key]) => byHolder.has(key)).map(([key, name, title]) => ({ key, name, title, s: byHolder.get(key) })));
    const own = [rows, columns].map((list) => new Set(list.map(({ key }) => key)));
    const cells = new Map();
    for (const { thread, holder, kind, s } of waits) {
        const keys = [thread, holder < 0 ? kind : holder].map((key, i) => (own[i].has(key) ? key : REST));
        add(cells, keys.join("."), s);
    }
    return { rows, columns, cell: (row, column) => cells.get(`${row}.${column}`) ?? 0 };
}

// Others are no thread that could be chosen.
function choosable(...keys) {
    return keys.every((key) => key !== REST);
}

function amount(s, total, format) {
    return [el("span", {}, format(s)), el("span", { class: "note" }, percent(share(s, total)))];
}

function head({ key, name, title }, pair, scope) {
    const text = el("span", { class: "name" }, name);
    const inside = choosable(key) ? el("button", { type: "button", "data-pair": pair, "aria-pressed": "false" }, text) : text;
    return el("th", { scope, title }, inside);
}

function heatCell(row, column, s, { total, largest, format }) {
    if (s === 0)
        return el("td", {}, "\u2013");
    const words = `${row.name} waits for ${column.name}: ${format(s)}, ${percent(share(s, total))} of all waiting`;
    const inside = choosable(row.key, column.key)
        ? el("button", { type: "button", "data-pair": `${row.key}.${column.key}`, "aria-pressed": "false", "aria-label": words, title: words }, ...amount(s, total, format))
        : el("span", { title: words }, ...amount(s, total, format));
    const td = el("td", {}, inside);
    td.style.backgroundColor = `color-mix(in srgb, var(--gil-wait) ${(HEAT_PERCENT * s) / largest}%, transparent)`;
    return td;
}

function heatTable(profile, waits, most) {
    const { rows, columns, cell } = tabulate(profile, waits, most);
    const total = rows.reduce((sum, { s }) => sum + s, 0);
    const largest = Math.max(...rows.flatMap((row) => columns.map((column) => cell(row.key, column.key))));
    const look = { total, largest, format: secondsLike([total]) };
    const sum = (s) => el("td", { class: "sum" }, ...amount(s, total, look.format));
    const table = el(
        "table",
        { class: "fixed" },
        el("colgroup", {}, el("col", { class: "head" })),
        el("thead", {}, el("tr", {},
            el("td", { class: "corner" }, "waits \u2193 for \u2192"),
            ...columns.map((column) => head(column, `.${column.key}`, "col")),
            el("th", { scope: "col" }, "all"))),
        el("tbody", {},
            ...rows.map((row) => el("tr", {},
                head(row, `${row.key}.`, "row"),
                ...columns.map((column) => heatCell(row, column, cell(row.key, column.key), look)),
                sum(row.s))),
            el("tr", { class: "sum" },
                el("th", { scope: "row" }, "all"),
                ...columns.map((column) => sum(column.s)),
                sum(total))),
    );
    table.style.minWidth = `${HEAD_EM + CELL_EM * (columns.length + 1)}em`;
    return table;
}

// A second press on what is chosen drops it.
function press(event) {
    const pair = event.target.closest("[data-pair]")?.dataset.pair;
    if (pair !== undefined)
        store.set({ pair: store.get("pair") === pair ? "" : pair });
}

// The element, and update(report).
export function matrixSection(report, profile) {
    const box = el("div", { class: "scroll matrix", tabindex: "0", role: "region", "aria-label": "Waiting threads by holding threads" });
    const all = el("button", { type: "button", "aria-pressed": "false" });
    const element = section(
        "matrix",
        "Thread by thread",
        "Rows wait for the GIL while columns hold it. Choose a cell, a row or a column to see only its pairs in the flame graphs.",
        box,
        el("p", { class: "below" }, all),
    );
    const mark = () => box.querySelectorAll("[data-pair]").forEach((button) =>
        button.setAttribute("aria-pressed", String(button.dataset.pair === store.get("pair"))));
    const show = () => {
        const waits = report.sums.filter(isWait);
        const threads = Math.max(...["thread", "holder"].map((side) => new Set(waits.map((wait) => wait[side])).size));
        const whole = store.get("matrix") === "all";
        element.hidden = waits.length === 0;
        all.hidden = threads <= TOP + 1;
        all.textContent = whole ? `Show ${TOP} a side` : threads > MOST ? `Show ${MOST} a side` : "Show all threads";
        if (waits.length > 0)
            box.replaceChildren(heatTable(profile, waits, whole ? MOST : TOP));
        mark();
    };
    box.addEventListener("click", press);
    all.addEventListener("click", () => store.set({ matrix: store.get("matrix") ? "" : "all" }));
    store.subscribe((keys) => (keys.includes("matrix") ? show() : keys.includes("pair") && mark()));
    show();
    return {
        element,
        update: (next) => {
            report = next;
            show();
        },
    };
}
