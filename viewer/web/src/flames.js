// SPDX-License-Identifier: Apache-2.0
// The two flame graphs of the same pairs: victims (who waits, for whom) and culprits (who makes
// whom wait). Both grow downward, so that a column reads as a sentence from top to bottom. What is
// chosen in one of them is all that the other one shows.
import { chosen, knownPair, knownPath, pairChoice, pathChoice } from "./choice.js";
import { choiceBar } from "./choice_bar.js";
import { el, section } from "./dom.js";
import { FlamePane } from "./flame_pane.js";
import { prepare } from "./flame_tree.js";
import { percent, seconds } from "./format.js";
import { Layout } from "./layout.js";
import { METRICS, total } from "./metrics.js";
import { metricTree } from "./metric_tree.js";
import { store } from "./store.js";

const GRAPHS = ["victims", "culprits"];
// What of the view is a choice that Escape drops.
const CHOSEN = [...GRAPHS, "pair"];

function legend() {
    const entries = [
        ["wait", "code of the thread that waits"],
        ["link", "\u201cwaits for\u201d or \u201cmakes wait\u201d"],
        ["hold", "code of the thread that holds the GIL"],
        ["match", "found by the search"],
    ];
    return el(
        "ul",
        { class: "legend", "aria-label": "Colours of the graphs" },
        ...entries.map(([kind, text]) => el("li", {}, el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), text)),
    );
}

function foldedNote({ shown }, { folded, bucketS }) {
    const of = shown ? "Pairs with one of these threads. " : "";
    const drawn = folded.grain_s > 0
        ? ` Parts shorter than ${seconds(folded.grain_s)} within ${seconds(bucketS)} were drawn by lot, which keeps their sum.`
        : "";
    return `${of}Width is time spent waiting. Frames under ${percent(folded.share)} of it are folded into \u201c(small)\u201d.${drawn}`;
}

// Of the report of the whole. Returns the section, a function that draws into it once it stands in
// the document, and one that shows the waits of another part of the time.
class Flames {
    constructor(report, profile) {
        this.report = report;
        this.layout = new Layout(profile);
        GRAPHS.forEach((graph) => store.limit(graph, (path) => knownPath(profile, path)));
        store.limit("pair", (pair) => knownPair(profile, pair));
        this.choices = this.allChoices();
        this.bar = choiceBar(this.choices);
        this.panes = GRAPHS.map((graph) => this.pane(graph));
    }

    metric(graph) {
        return METRICS[graph === "victims" ? "wait" : "blame"];
    }

    pane(key) {
        return new FlamePane({
            key,
            heading: this.metric(key).heading,
            prepare: (root) => prepare(root, this.metric(key).sides, this.metric(key).link, root),
            onChoose: (path) => store.set({ [key]: path }),
        }, this.tree(key));
    }

    allChoices() {
        const pair = store.get("pair");
        const paths = GRAPHS.filter((graph) => store.get(graph) !== "")
            .map((graph) => pathChoice(this.layout, this.metric(graph), store.get(graph), graph));
        return pair ? [pairChoice(this.layout.profile, pair), ...paths] : paths;
    }

    // Of what is chosen elsewhere.
    tree(graph) {
        const metric = this.metric(graph);
        const all = this.report.sums.filter(metric.takes);
        const shown = chosen(all, metric, this.choices.filter(({ of }) => of !== graph));
        const root = metricTree(this.layout, shown, metric);
        const whole = total(all);
        const part = shown.length < all.length ? "part of " : "";
        return Object.assign(root, { whole, of: metric.of, all: part + metric.all, none: `${metric.none} here.` });
    }

    update(report) {
        this.report = report;
        this.panes.forEach((pane, i) => pane.show(this.tree(GRAPHS[i])));
        this.find();
    }

    // Where something was chosen: the graph itself zooms, the others show what belongs to it.
    choose(keys) {
        this.choices = this.allChoices();
        this.bar.show(this.choices);
        this.panes.forEach((pane, i) => {
            const own = GRAPHS[i];
            if (keys.includes(own) && pane.path !== store.get(own))
                pane.zoomTo(store.get(own));
            if (CHOSEN.some((key) => key !== own && keys.includes(key)))
                pane.show(this.tree(own));
        });
        this.find();
    }

    find() {
        this.panes.forEach((pane) => pane.search(store.get("search").trim()));
    }

    draw() {
        this.panes.forEach((pane, i) => {
            pane.draw();
            pane.zoomTo(store.get(GRAPHS[i]));
        });
        if (store.get("search"))
            this.find();
    }
}

function searchBox(find) {
    const search = el("input", {
        type: "search",
        id: "search",
        placeholder: "function or file",
        autocomplete: "off",
        spellcheck: "false",
    });
    search.addEventListener("input", () => store.set({ search: search.value }));
    search.value = store.get("search");
    store.subscribe((keys) => {
        if (!keys.includes("search"))
            return;
        if (search.value !== store.get("search"))
            search.value = store.get("search");
        find();
    });
    document.addEventListener("keydown", (event) => {
        if (event.key === "/" && !event.ctrlKey && !event.metaKey && document.activeElement !== search) {
            event.preventDefault();
            search.focus();
        }
    });
    return search;
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
    if (!report.sums.some(METRICS.wait.takes)) {
        const none = el("p", { class: "nothing" }, "No GIL wait was sampled, so there is nothing to draw.");
        return { section: section("flames", "Flame graphs", null, none), draw: () => {}, update: () => {} };
    }

    const flames = new Flames(report, profile);
    store.subscribe((keys) => CHOSEN.some((key) => keys.includes(key)) && flames.choose(keys));
    listenForEscape();
    return {
        section: section(
            "flames",
            "Flame graphs",
            foldedNote(report, profile),
            el(
                "div",
                { class: "tools" },
                el("label", { for: "search" }, "Search ", el("kbd", {}, "/")),
                searchBox(() => flames.find()),
                legend(),
            ),
            flames.bar.element,
            el("div", { class: "panes" }, ...flames.panes.map((pane) => pane.element)),
        ),
        draw: () => flames.draw(),
        update: (next) => flames.update(next),
    };
}
