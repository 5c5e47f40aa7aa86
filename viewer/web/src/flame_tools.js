// SPDX-License-Identifier: Apache-2.0
// What stands above the graphs: the metric switch, the search and the legend.
import { el } from "./dom.js";
import { VIEWS } from "./metrics.js";
import { oneOf } from "./one_of.js";
import { store } from "./store.js";

const COLOURS = {
    wait: "code of the thread that waits",
    link: "\u201cwaits for\u201d or \u201cmakes wait\u201d",
    hold: "code of the thread that holds the GIL",
    own: "code of the thread",
    match: "found by the search",
};

// The colours of the graphs, from the top.
export function legend() {
    const list = el("ul", { class: "legend", "aria-label": "Colours of the graphs" });
    const show = (metric) => {
        const kinds = [...metric.sides.slice(0, 1), ...(metric.link ? ["link"] : []), ...metric.sides.slice(1), "match"];
        list.replaceChildren(...kinds.map((kind) =>
            el("li", {}, el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), COLOURS[kind])));
    };
    return { element: list, show };
}

export function metricSwitch(chosen, has) {
    return oneOf("metric", "Graphs of", VIEWS, { chosen, has, onChange: (metric) => store.set({ metric }) });
}

export function searchBox() {
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
        if (keys.includes("search") && search.value !== store.get("search"))
            search.value = store.get("search");
    });
    document.addEventListener("keydown", (event) => {
        if (event.key === "/" && !event.ctrlKey && !event.metaKey && document.activeElement !== search) {
            event.preventDefault();
            search.focus();
        }
    });
    return search;
}
