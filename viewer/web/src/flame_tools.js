// SPDX-License-Identifier: Apache-2.0
// What stands above the graphs and changes how they are drawn.
import { el } from "./dom.js";
import { FILE_STYLES } from "./format.js";
import { isTyping } from "./keys.js";
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
    document.addEventListener("keydown", (event) => {
        if (event.key !== "m" || isTyping(event))
            return;
        const views = Object.keys(VIEWS).filter(has);
        store.set({ metric: views[(views.indexOf(chosen()) + 1) % views.length] });
    });
    return oneOf("metric", "Graphs of", VIEWS, { chosen, has, onChange: (metric) => store.set({ metric }) });
}

// A button that stays pressed, and its key.
export function invertButton() {
    const button = el("button", { type: "button", id: "invert", title: "Frames from the innermost on" }, "Invert ", el("kbd", {}, "i"));
    // A path from the other end means something else.
    const toggle = () => store.set({ invert: store.get("invert") ? "" : "1", victims: "", culprits: "", stacks: "" });
    const show = () => button.setAttribute("aria-pressed", String(store.get("invert") === "1"));
    button.addEventListener("click", toggle);
    document.addEventListener("keydown", (event) => event.key === "i" && !isTyping(event) && toggle());
    store.subscribe((keys) => keys.includes("invert") && show());
    show();
    return button;
}

export function fileStyleSelect() {
    const select = el("select", { id: "names" }, ...Object.entries(FILE_STYLES).map(([key, { name }]) => el("option", { value: key }, name)));
    const show = () => (select.value = store.get("names") || "short");
    select.addEventListener("change", () => store.set({ names: select.value === "short" ? "" : select.value }));
    store.subscribe((keys) => keys.includes("names") && show());
    show();
    return el("span", {}, el("label", { for: "names" }, "Files as "), select);
}
