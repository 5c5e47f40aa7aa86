// SPDX-License-Identifier: Apache-2.0
// The two flame graphs of the same pairs: victims (who waits, for whom) and culprits (who makes
// whom wait). Both grow downward, so that a column reads as a sentence from top to bottom.
import { el, section } from "./dom.js";
import { FlamePane } from "./flame_pane.js";
import { percent } from "./format.js";

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

function foldedNote({ folded, shown }) {
    const of = shown ? "Pairs with one of these threads. " : "";
    return `${of}Width is time spent waiting. Frames under ${percent(folded.share)} of it are folded into \u201c(small)\u201d.`;
}

// Returns the section and a function that draws into it once it stands in the document.
export function flameSection(data) {
    if (!data.victims?.c?.length) {
        const none = el("p", { class: "nothing" }, "No GIL wait was sampled, so there is nothing to draw.");
        return { section: section("flames", "Flame graphs", null, none), draw: () => {} };
    }

    const panes = PANES.map((options) => new FlamePane(options, data[options.key]));
    const search = el("input", {
        type: "search",
        id: "search",
        placeholder: "function or file",
        autocomplete: "off",
        spellcheck: "false",
    });
    search.addEventListener("input", () => panes.forEach((pane) => pane.search(search.value.trim())));
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
            foldedNote(data),
            el(
                "div",
                { class: "tools" },
                el("label", { for: "search" }, "Search ", el("kbd", {}, "/")),
                search,
                legend(),
            ),
            el("div", { class: "panes" }, ...panes.map((pane) => pane.element)),
        ),
        draw: () => panes.forEach((pane) => pane.draw()),
    };
}
