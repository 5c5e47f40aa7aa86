// SPDX-License-Identifier: Apache-2.0
// The flame graphs: of the pairs of who waits for whom two, victims and culprits, and of every other
// metric one. They grow downward, so that a column reads as a sentence from top to bottom. What is
// chosen in one of the two is all that the other one shows.
import { chosen, concerns, functionChoice, knownPair, knownPath, pairChoice, pathChoice, under } from "./choice.js";
import { choiceBar } from "./choice_bar.js";
import { el, section } from "./dom.js";
import { frameActions } from "./flame_actions.js";
import { collapsed } from "./flame_collapsed.js";
import { FlamePane } from "./flame_pane.js";
import { flameSvg } from "./flame_svg.js";
import { flameTable } from "./flame_table.js";
import { fileStyleSelect, invertButton, legend, metricSwitch } from "./flame_tools.js";
import { prepare } from "./flame_tree.js";
import { percent, seconds } from "./format.js";
import { Layout } from "./layout.js";
import { metricTree } from "./metric_tree.js";
import { VIEWS, isWait, metricsOf, total } from "./metrics.js";
import { save } from "./save.js";
import { Search } from "./search.js";
import { store } from "./store.js";

// Panes, each with the key of the view that holds the path to what is chosen in it.
const LINKED = ["victims", "culprits"];
const SINGLE = "stacks";
const PANES = [...LINKED, SINGLE];
// What of the view is a choice that Escape drops.
const CHOSEN = [...PANES, "pair", "focus", "remove"];

function widthNote({ shown }, { folded, bucketS }, metric) {
    const of = shown && metric.link ? "Pairs with one of these threads. " : "";
    const drawn = folded.grain_s > 0
        ? ` Parts shorter than ${seconds(folded.grain_s)} within ${seconds(bucketS)} were drawn by lot, which keeps their sum.`
        : "";
    return `${of}Width is ${metric.width}. Frames under ${percent(folded.share)} of it are folded into \u201c(small)\u201d.${drawn}`;
}

class Flames {
    // Of the report of the whole.
    constructor(report, profile) {
        this.report = report;
        this.known = new Map();
        this.profile = profile;
        this.metrics = metricsOf(profile);
        this.has = Object.fromEntries(Object.keys(VIEWS).map((view) =>
            [view, VIEWS[view].graphs.some((graph) => report.sums.some(this.metrics[graph].takes))]));
        PANES.forEach((pane) => store.limit(pane, (path) => knownPath(profile, path)));
        store.limit("pair", (pair) => knownPair(profile, pair));
        store.limit("metric", (view) => this.has[view]);
        store.limit("focus", (fn) => profile.hasFunction(Number(fn)));
        store.limit("remove", (fns) => fns.split(".").every((fn) => profile.hasFunction(Number(fn))));
        this.bar = choiceBar();
        this.legend = legend();
        this.lead = el("p", { class: "lead" });
        this.metric = metricSwitch(() => this.view(), (view) => this.has[view]);
        this.panes = Object.fromEntries(PANES.map((key) => [key, this.pane(key)]));
        this.search = new Search(() => this.shown().map((key) => this.panes[key]));
    }

    view() {
        return store.get("metric") || (this.has.pairs ? "pairs" : "wall");
    }

    shown() {
        return this.view() === "pairs" ? LINKED : [SINGLE];
    }

    metricOf(pane) {
        return this.metrics[pane === SINGLE ? VIEWS[this.view()].graphs[0] : pane];
    }

    pane(key) {
        return new FlamePane({
            key,
            onChoose: (path) => store.set({ [key]: path }),
            actions: frameActions(),
            table: flameTable(),
            onSave: (format) => this.save(key, format),
        });
    }

    allChoices() {
        const pair = store.get("pair");
        const paths = LINKED.filter((pane) => store.get(pane) !== "")
            .map((pane) => pathChoice(this.layout, this.metrics[pane], store.get(pane), pane));
        return [...(pair ? [pairChoice(this.profile, pair)] : []), ...paths, ...this.functionChoices()];
    }

    functionChoices() {
        const focus = store.get("focus");
        const removed = store.get("remove") === "" ? [] : store.get("remove").split(".");
        const without = (fn) => removed.filter((other) => other !== fn).join(".");
        return [
            ...(focus === "" ? [] : [functionChoice(this.profile, Number(focus), false, { focus: "" })]),
            ...removed.map((fn) => functionChoice(this.profile, Number(fn), true, { remove: without(fn) })),
        ];
    }

    // All that a metric takes: there can be a hundred thousand of them, so they are looked for once.
    taken(metric) {
        if (!this.known.has(metric.takes))
            this.known.set(metric.takes, this.report.sums.filter(metric.takes));
        return this.known.get(metric.takes);
    }

    // What a graph is made from: what is chosen elsewhere.
    sums(pane) {
        const metric = this.metricOf(pane);
        return chosen(this.taken(metric), metric, this.choices.filter(({ of }) => of !== pane), this.profile);
    }

    // What is shown, as a file.
    save(key, format) {
        const metric = this.metricOf(key);
        const { tree, canvas } = this.panes[key];
        const name = `gilwait-${key === SINGLE ? this.view() : key}`;
        if (format === "svg") {
            save(`${name}.svg`, "image/svg+xml", flameSvg(canvas, metric.heading, tree.detail));
            return;
        }
        const shown = under(this.sums(key), this.layout, metric, store.get(key));
        save(`${name}.collapsed`, "text/plain", collapsed(this.layout, shown, metric));
    }

    tree(pane) {
        const metric = this.metricOf(pane);
        const all = this.taken(metric);
        const sums = this.sums(pane);
        const root = metricTree(this.layout, sums, metric);
        const part = sums.length < all.length ? "part of " : "";
        const about = {
            heading: metric.heading,
            whole: total(all),
            of: metric.of,
            all: part + metric.all,
            none: `${metric.none} here.`,
        };
        return prepare(Object.assign(root, about), metric.sides, metric.link, about);
    }

    update(report) {
        this.report = report;
        this.known.clear();
        this.show();
    }

    // All that there is, anew.
    show() {
        this.layout = new Layout(this.profile, store.get("invert") === "1");
        this.choices = this.allChoices();
        const metric = this.metricOf(this.shown()[0]);
        this.lead.textContent = widthNote(this.report, this.profile, metric);
        this.legend.show(metric);
        this.metric.show();
        this.showChoices();
        for (const key of PANES)
            this.panes[key].element.hidden = !this.shown().includes(key);
        this.shown().forEach((key) => this.panes[key].show(this.tree(key), store.get(key)));
        this.search.find();
    }

    showChoices() {
        const metric = this.metricOf(this.shown()[0]);
        this.bar.show(this.choices.filter((choice) => concerns(choice, metric)), metric.link !== undefined);
    }

    // Where something was chosen: the graph itself zooms, the others show what belongs to it.
    choose(keys) {
        this.choices = this.allChoices();
        this.showChoices();
        for (const key of this.shown()) {
            const pane = this.panes[key];
            if (CHOSEN.some((other) => other !== key && keys.includes(other)))
                pane.show(this.tree(key), store.get(key));
            else if (keys.includes(key) && pane.path !== store.get(key))
                pane.zoomTo(store.get(key));
        }
        this.search.find();
    }

    follow(keys) {
        const has = (...names) => names.some((name) => keys.includes(name));
        if (has("metric", "invert"))
            this.show();
        else if (has(...CHOSEN))
            this.choose(keys);
        else if (has("search"))
            this.search.find();
    }
}

// Escape drops what was chosen in the graphs, wherever it has no meaning of its own.
function listenForEscape() {
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !event.target.closest("input, select, dialog, #timeline"))
            store.set(Object.fromEntries(CHOSEN.map((key) => [key, ""])));
    });
}

// Returns the section, a function that draws into it once it stands in the document, and one that
// shows another report of the same data.
export function flameSection(report, profile) {
    const flames = new Flames(report, profile);
    const none = report.sums.some(isWait) ? null : el("p", { class: "nothing" }, "No GIL wait was sampled, so there is nothing to draw of it; this is all time.");
    store.subscribe((keys) => flames.follow(keys));
    listenForEscape();
    const element = section(
        "flames",
        "Flame graphs",
        null,
        flames.lead,
        none,
        el(
            "div",
            { class: "tools" },
            flames.metric.element,
            invertButton(),
            fileStyleSelect(),
            flames.search.element,
            flames.legend.element,
        ),
        flames.bar.element,
        el("div", { class: "panes" }, ...PANES.map((key) => flames.panes[key].element)),
    );
    return { section: element, draw: () => flames.show(), update: (next) => flames.update(next) };
}
