// SPDX-License-Identifier: Apache-2.0
// The differential flame graphs: GIL wait by the stacks of those who wait, and of those who hold
// the GIL meanwhile. Width is one of the two recordings, colour the change between them.
import { el, section } from "./dom.js";
import { rate } from "./diff_format.js";
import { FlamePane } from "./flame_pane.js";
import { percent, share } from "./format.js";

const PANES = [
    { key: "waiters", heading: "By the code that waits" },
    { key: "holders", heading: "By the code that holds the GIL meanwhile" },
];

// From these shares of all GIL wait on, the larger of both recordings, a change is shaded darker.
const STEPS = [0.002, 0.02, 0.1];

// The tree of one recording, without what is only in the other. Nodes keep both weights.
function treeOf(node, side) {
    return {
        ...node,
        before: node.b,
        after: node.v,
        v: side === "before" ? node.b : node.v,
        c: node.c?.map((child) => treeOf(child, side)).filter((child) => child.v > 0),
    };
}

function tone(change, whole) {
    const step = STEPS.filter((least) => Math.abs(change) >= least * whole).length;
    return step === 0 ? "same" : `${change > 0 ? "more" : "less"}-${step}`;
}

function words(node, whole) {
    const { before, after } = node;
    const size = Math.abs(after - before);
    const from =
        before === 0
            ? "new"
            : after === 0
              ? "gone"
              : `${percent(share(size, before))} ${after >= before ? "more" : "less"}`;
    const ofAll = percent(share(size, whole));
    return `${rate(before)} \u2192 ${rate(after)}: ${rate(after - before, true)} (${from}; ${ofAll} of all waiting)`;
}

// What FlamePane shows of a node, put into terms of the change.
function relabel(root) {
    const whole = Math.max(root.before, root.after);
    const pending = [root];
    while (pending.length > 0) {
        const node = pending.pop();
        const change = node.after - node.before;
        const name = node.label;
        node.side = tone(change, whole);
        node.label = `${rate(change, true)} ${name}`;
        node.detail = `${name} \u2014 ${words(node, whole)}`;
        pending.push(...(node.c ?? []));
    }
}

class DiffPane extends FlamePane {
    constructor(options, tree) {
        super({ ...options, sides: ["same"] }, tree);
        relabel(this.tree);
    }

    // Once it is out of the document it has no width to draw in.
    resize() {
        if (this.canvas.clientWidth > 0)
            super.resize();
    }
}

function legend() {
    const entries = [
        ["less-3", "\u2212 less"],
        ["less-1", "\u2212 a little less"],
        ["same", "as before"],
        ["more-1", "+ a little more"],
        ["more-3", "+ more"],
        ["match", "found by the search"],
    ];
    return el(
        "ul",
        { class: "legend", "aria-label": "Colours of the graphs" },
        ...entries.map(([kind, text]) => el("li", {}, el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), text)),
    );
}

function widthSwitch(onChange) {
    const choice = (side, checked) => {
        const input = el("input", { type: "radio", name: "width", id: `width-${side}`, checked });
        input.addEventListener("change", () => onChange(side));
        return [input, el("label", { for: `width-${side}` }, side)];
    };
    return el("fieldset", {}, el("legend", {}, "Width: "), ...choice("after", true), ...choice("before", false));
}

function lead({ folded }) {
    return (
        "Width is GIL wait per second of recording, colour and sign the change. A graph has what was in its recording; " +
        "a change may be chance: the tables tell. " +
        `What is under ${percent(folded.share)} before and after is folded into \u201c(small)\u201d.`
    );
}

// Returns the section and a function that draws into it once it stands in the document.
export function flameSection(data) {
    if (!data.waiters.c?.length) {
        const none = el("p", { class: "nothing" }, "No GIL wait was sampled on either side, so there is nothing to draw.");
        return { section: section("flames", "Flame graphs", null, none), draw: () => {} };
    }

    const holder = el("div", { class: "panes" });
    const search = el("input", {
        type: "search",
        id: "search",
        placeholder: "function or file",
        autocomplete: "off",
        spellcheck: "false",
    });
    let panes = [];
    const find = () => panes.forEach((pane) => pane.search(search.value.trim()));
    const draw = (side) => {
        const trees = PANES.map(({ key }) => treeOf(data[key], side));
        panes = trees[0].v > 0 ? PANES.map((options, i) => new DiffPane(options, trees[i])) : [];
        const none = el("p", { class: "nothing" }, `No GIL wait was sampled ${side}.`);
        holder.replaceChildren(...(panes.length > 0 ? panes.map((pane) => pane.element) : [none]));
        panes.forEach((pane) => pane.draw());
        find();
    };
    search.addEventListener("input", find);
    document.addEventListener("keydown", (event) => {
        if (event.key === "/" && !event.ctrlKey && !event.metaKey && document.activeElement !== search) {
            event.preventDefault();
            search.focus();
        }
    });
    const tools = el(
        "div",
        { class: "tools" },
        widthSwitch(draw),
        el("label", { for: "search" }, "Search ", el("kbd", {}, "/")),
        search,
        legend(),
    );
    return { section: section("flames", "Flame graphs", lead(data), tools, holder), draw: () => draw("after") };
}
