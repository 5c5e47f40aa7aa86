// SPDX-License-Identifier: Apache-2.0
// Says what the graphs are filtered by, each with a button that drops it.
import { el } from "./dom.js";
import { store } from "./store.js";

function chip({ from, text, clear }) {
    const drop = el("button", { type: "button", class: "drop", "aria-label": `Drop: ${text}` }, "\u00d7");
    drop.addEventListener("click", () => store.set(clear));
    return el(
        "li",
        { class: "chip" },
        `${from}: `,
        el("strong", { class: "name", title: text }, text),
        drop,
    );
}

// The element, and show(choices, linked: whether a graph shows what is chosen in the other one).
export function choiceBar() {
    const list = el("ul", { class: "chips", id: "choices", "aria-label": "What the graphs are filtered by" });
    const none = el("li", { class: "note" }, "Choose a frame to see in the other graph only what belongs to it.");
    const show = (choices, linked) =>
        list.replaceChildren(...(choices.length > 0 ? choices.map(chip) : linked ? [none] : []));
    return { element: list, show };
}
