// SPDX-License-Identifier: Apache-2.0
// The two flame graphs of the same pairs: victims (who waits, for whom) and culprits (who makes
// whom wait). Both grow downward, so that a column reads as a sentence from top to bottom.
import { el, section } from "./dom.js";
import { FlamePane } from "./flame_pane.js";
import { prepare } from "./flame_tree.js";
import { percent, seconds } from "./format.js";
import { store } from "./store.js";
import { waitTree } from "./wait_tree.js";

const PANES = [
    {
        key: "victims",
        heading: "Victims: who waits, and for whom",
        sides: ["wait", "hold"],
        link: "waits for",
    },
    {
        key: "culprits",
        heading: "Culprits: who makes whom wait",
        sides: ["hold", "wait"],
        link: "makes wait",
    },
];

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
export function flameSection(report, profile) {
    if (report.waits_for.length === 0) {
        const none = el("p", { class: "nothing" }, "No GIL wait was sampled, so there is nothing to draw.");
        return { section: section("flames", "Flame graphs", null, none), draw: () => {}, update: () => {} };
    }

    const treeOf = ({ sides }, { waits_for: waits }) => waitTree(profile, waits, sides);
    const whole = PANES.map((options) => treeOf(options, report));
    const panes = PANES.map(
        ({ key, heading, sides, link }, i) =>
            new FlamePane({ key, heading, prepare: (root) => prepare(root, sides, link) }, whole[i]),
    );
    const search = el("input", {
        type: "search",
        id: "search",
        placeholder: "function or file",
        autocomplete: "off",
        spellcheck: "false",
    });
    const find = () => panes.forEach((pane) => pane.search(store.get("search").trim()));
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
    return {
        section: section(
            "flames",
            "Flame graphs",
            foldedNote(report, profile),
            el(
                "div",
                { class: "tools" },
                el("label", { for: "search" }, "Search ", el("kbd", {}, "/")),
                search,
                legend(),
            ),
            el("div", { class: "panes" }, ...panes.map((pane) => pane.element)),
        ),
        draw: () => {
            panes.forEach((pane) => pane.draw());
            if (store.get("search"))
                find();
        },
        update: (next) => {
            panes.forEach((pane, i) => pane.show(next === report ? whole[i] : treeOf(PANES[i], next)));
            if (store.get("search"))
                find();
        },
    };
}
