// SPDX-License-Identifier: Apache-2.0
// The search over the graphs that are shown, and the way from one find to the next.
import { el } from "./dom.js";
import { isTyping } from "./keys.js";
import { store } from "./store.js";

function field(onStep) {
    const search = el("input", {
        type: "search",
        id: "search",
        placeholder: "function, file, module or thread",
        autocomplete: "off",
        spellcheck: "false",
    });
    search.addEventListener("input", () => store.set({ search: search.value }));
    search.addEventListener("keydown", (event) => event.key === "Enter" && onStep(event.shiftKey ? -1 : 1));
    search.value = store.get("search");
    store.subscribe((keys) => {
        if (keys.includes("search") && search.value !== store.get("search"))
            search.value = store.get("search");
    });
    return search;
}

export class Search {
    // panes(): those that are shown.
    constructor(panes) {
        this.panes = panes;
        this.at = -1;
        this.field = field((step) => this.step(step));
        this.place = el("span", { class: "note", id: "search-place", "aria-live": "polite" });
        this.buttons = [["Previous", -1], ["Next", 1]].map(([name, step]) => {
            const button = el("button", { type: "button", disabled: true }, name);
            button.addEventListener("click", () => this.step(step));
            return button;
        });
        this.element = el(
            "div",
            { class: "search", role: "search" },
            el("label", { for: "search" }, "Search ", el("kbd", {}, "/")),
            this.field,
            ...this.buttons,
            this.place,
        );
        document.addEventListener("keydown", (event) => this.key(event));
    }

    // Marks what is found in the graphs as they are now.
    find() {
        const term = store.get("search").trim();
        this.panes().forEach((pane) => pane.search(term));
        this.at = -1;
        this.tell();
    }

    finds() {
        return this.panes().flatMap((pane) => pane.finds().map((node) => ({ pane, node })));
    }

    tell() {
        const n = store.get("search").trim() === "" ? 0 : this.finds().length;
        this.buttons.forEach((button) => (button.disabled = n === 0));
        this.place.textContent = n === 0 ? "" : this.at < 0 ? `${n} ${n === 1 ? "place" : "places"}` : `${this.at + 1} of ${n}`;
    }

    step(step) {
        const finds = this.finds();
        if (finds.length === 0)
            return;
        this.at = this.at < 0 && step < 0 ? finds.length - 1 : (this.at + step + finds.length) % finds.length;
        const { pane, node } = finds[this.at];
        this.panes().forEach((other) => other.point(other === pane ? node : null));
        this.tell();
    }

    key(event) {
        if (isTyping(event))
            return;
        if (event.key === "/")
            this.field.focus();
        else if (event.key.toLowerCase() === "n")
            this.step(event.shiftKey ? -1 : 1);
        else
            return;
        event.preventDefault();
    }
}
