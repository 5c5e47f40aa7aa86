// SPDX-License-Identifier: Apache-2.0
// The overlay that tells the keys.
import { el } from "./dom.js";
import { isTyping } from "./keys.js";

const KEYS = [
    ["Everywhere", [
        [["?"], "this help"],
        [["/"], "search in the flame graphs"],
        [["n", "Shift+n"], "next and previous find; in the search field Enter and Shift+Enter"],
        [["m"], "graphs of the next metric"],
        [["i"], "invert the graphs: frames from the innermost on"],
        [["Esc"], "drop what was chosen in the graphs"],
        [["Tab"], "to the next control; headings of tables sort, cells of the matrix filter"],
    ]],
    ["In a flame graph", [
        [["\u2190", "\u2192", "\u2191", "\u2193"], "from frame to frame"],
        [["Enter"], "choose the frame: it fills its graph and filters the other one"],
        [["f"], "focus: only stacks with this function"],
        [["x"], "remove: only stacks without this function"],
        [["c"], "callers and callees of this function"],
    ]],
    ["In the timeline", [
        [["\u2190", "\u2192", "\u2191", "\u2193"], "move the cursor"],
        [["Shift+\u2190", "Shift+\u2192"], "choose a part of the time for the whole page"],
        [["Esc"], "show the whole recording"],
    ]],
];

function group([heading, keys]) {
    const rows = keys.map(([names, text]) =>
        el("tr", {}, el("th", { scope: "row" }, ...names.map((name) => el("kbd", {}, name))), el("td", {}, text)));
    return [el("h3", {}, heading), el("table", {}, el("tbody", {}, ...rows))];
}

// Adds the overlay to the page, for the button that stands in it and the key.
export function addHelp() {
    const close = el("button", { type: "button" }, "Close ", el("kbd", {}, "Esc"));
    const dialog = el(
        "dialog",
        { id: "help", "aria-labelledby": "help-heading" },
        el("div", { class: "help-head" }, el("h2", { id: "help-heading" }, "Keys"), close),
        ...KEYS.flatMap(group),
        el("p", { class: "note" }, "The address of the page holds the view: a link shows what you see."),
    );
    document.body.append(dialog);
    close.addEventListener("click", () => dialog.close());
    document.getElementById("help-button").addEventListener("click", () => dialog.showModal());
    document.addEventListener("keydown", (event) => {
        if (event.key !== "?" || isTyping(event))
            return;
        event.preventDefault();
        dialog.showModal();
    });
}
