// SPDX-License-Identifier: Apache-2.0
// All functions, and of the one that is chosen its callers and callees, by every metric at once.
import { frame } from "./blame.js";
import { el, section, table } from "./dom.js";
import { count, percent, secondsLike, share } from "./format.js";
import { VIEWS, metricsOf } from "./metrics.js";
import { NONE, byStack, functionSums, neighbours } from "./sandwich_sums.js";
import { store } from "./store.js";

const METRICS = Object.keys(VIEWS).filter((view) => view !== "pairs");
const FUNCTIONS = 100;

function label(profile, fn, none) {
    if (fn === NONE)
        return el("em", {}, none);
    const { name, file, first, kind } = profile.frame(fn, 0);
    return frame({ function: name, file, line: first, kind });
}

// A name that chooses its function. What was folded is none.
function pick(profile, fn, none) {
    if (!profile.hasFunction(fn))
        return label(profile, fn, none);
    const button = el("button", { type: "button", class: "pick", "aria-pressed": String(store.get("function") === String(fn)) }, label(profile, fn));
    button.addEventListener("click", () => store.set({ function: String(fn) }));
    return button;
}

function total(stacks) {
    return [...stacks.values()].reduce((sum, s) => sum + s, 0);
}

class Sandwich {
    constructor(report, profile) {
        this.profile = profile;
        this.metrics = metricsOf(profile);
        this.list = el("div", { id: "functions" });
        this.around = el("div", { id: "neighbours", "aria-live": "polite" });
        store.limit("function", (fn) => profile.hasFunction(Number(fn)));
        this.update(report);
    }

    update(report) {
        this.stacks = new Map(METRICS.map((metric) => [metric, byStack(report.sums, this.metrics[metric])]));
        this.has = METRICS.filter((metric) => this.stacks.get(metric).size > 0);
        this.show();
    }

    // That of the graphs; of pairs the waiting side.
    metric() {
        const view = store.get("metric") === "pairs" ? "" : store.get("metric");
        return this.has.includes(view) ? view : this.has.includes("wait") ? "wait" : this.has.at(-1);
    }

    show() {
        if (this.has.length === 0) {
            this.list.replaceChildren(el("p", { class: "nothing" }, "Nothing here."));
            this.around.replaceChildren();
            return;
        }
        this.list.replaceChildren(this.functions());
        this.around.replaceChildren(...this.neighbours());
    }

    functions() {
        const metric = this.metric();
        const stacks = this.stacks.get(metric);
        const all = functionSums(this.profile, stacks);
        const rows = all.slice(0, FUNCTIONS);
        const format = secondsLike(rows.map((row) => row.total));
        const whole = total(stacks);
        const { name } = VIEWS[metric];
        const columns = [
            { head: all.length > rows.length ? `Functions: ${count(rows.length)} of ${count(all.length)}` : "Function", width: 55, cell: ({ fn }) => pick(this.profile, fn) },
            { head: `${name}, in itself`, width: 15, number: true, cell: ({ self }) => format(self), sort: ({ self }) => self },
            { head: "with callees", width: 15, number: true, cell: (row) => format(row.total), sort: (row) => row.total },
            { head: this.metrics[metric].of, width: 15, number: true, cell: (row) => percent(share(row.total, whole)) },
        ];
        return table("Functions", columns, rows);
    }

    neighbours() {
        if (store.get("function") === "")
            return [el("p", { class: "nothing" }, "Choose a function to see what calls it and what it calls.")];
        const fn = Number(store.get("function"));
        const sums = new Map(this.has.map((metric) => [metric, neighbours(this.profile, this.stacks.get(metric), fn)]));
        const drop = el("button", { type: "button", class: "drop", "aria-label": "Drop the function" }, "\u00d7");
        drop.addEventListener("click", () => store.set({ function: "" }));
        return [
            el("h3", { class: "chosen" }, "Callers of", label(this.profile, fn), drop),
            this.table("Callers", "callers", sums, "nothing: it is the outermost"),
            el("h3", {}, "Callees"),
            this.table("Callees", "callees", sums, "itself"),
        ];
    }

    table(heading, side, sums, none) {
        const own = this.metric();
        const names = new Set([...sums.values()].flatMap((each) => [...each[side].keys()]));
        const value = (metric, fn) => sums.get(metric)[side].get(fn) ?? 0;
        const rows = [...names].sort((a, b) => value(own, b) - value(own, a));
        const columns = this.has.map((metric) => {
            const format = secondsLike([...sums.get(metric)[side].values()]);
            return {
                head: VIEWS[metric].name,
                title: VIEWS[metric].title,
                width: 12,
                number: true,
                cell: (fn) => (value(metric, fn) > 0 ? format(value(metric, fn)) : "\u2013"),
                sort: (fn) => value(metric, fn),
            };
        });
        const name = { head: heading, width: 100 - 12 * columns.length, cell: (fn) => pick(this.profile, fn, none) };
        return rows.length > 0 ? table(heading, [name, ...columns], rows) : el("p", { class: "nothing" }, "It does not occur here.");
    }
}

// The element, and update(report).
export function sandwichSection(report, profile) {
    const sandwich = new Sandwich(report, profile);
    store.subscribe((keys) => (keys.includes("function") || keys.includes("metric")) && sandwich.show());
    return {
        element: section(
            "sandwich",
            "Callers and callees",
            "Every function by what the graphs are of, and around the one that is chosen what calls it and what it calls. Of a function that calls itself, the outermost call has the caller and the innermost the callee.",
            el("div", { class: "columns" }, sandwich.list, sandwich.around),
        ),
        update: (next) => sandwich.update(next),
    };
}
