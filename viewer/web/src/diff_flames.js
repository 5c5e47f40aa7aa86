// SPDX-License-Identifier: Apache-2.0
// The differential flame graphs: GIL wait by the stacks of those who wait, and of those who hold
// the GIL meanwhile. Width is one of the two recordings, colour the change between them.
import { el, section } from "./dom.js";
import { compared, rate } from "./diff_format.js";
import { FlamePane } from "./flame_pane.js";
import { oneOf } from "./one_of.js";
import { prepare } from "./flame_tree.js";
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

function words({ before, after }, whole) {
    const ofAll = percent(share(Math.abs(after - before), whole));
    return (
        `${rate(before)} \u2192 ${rate(after)}: ${rate(after - before, true)} ` +
        `(${compared(before, after)}; ${ofAll} of all waiting)`
    );
}

// What a pane shows of a node, put into terms of the change.
function prepareChange(root, heading) {
    const whole = Math.max(root.before, root.after);
    const pending = [prepare(root, ["same"])];
    while (pending.length > 0) {
        const node = pending.pop();
        const name = node.label;
        const change = node.after - node.before;
        node.side = tone(change, whole);
        node.label = `${rate(change, true)} ${name}`;
        node.detail = `${name} \u2014 ${words(node, whole)}`;
        pending.push(...(node.c ?? []));
    }
    return Object.assign(root, { heading, of: "of all waiting", none: "No GIL wait here." });
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

function widthSwitch(first, onChange) {
    const names = { before: { name: "before" }, after: { name: "after" } };
    return oneOf("width", "Width:", names, { chosen: () => first, onChange }).element;
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

    // The wider of the two shows what there was to lose or what there is now.
    const first = data.waiters.v < data.waiters.b ? "before" : "after";
    const panes = PANES.map(({ key }) => new FlamePane({ key }));
    const search = el("input", {
        type: "search",
        id: "search",
        placeholder: "function or file",
        autocomplete: "off",
        spellcheck: "false",
    });
    const find = () => panes.forEach((pane) => pane.search(search.value.trim()));
    const show = (side) => {
        PANES.forEach(({ key, heading }, i) => panes[i].show(prepareChange(treeOf(data[key], side), heading)));
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
        widthSwitch(first, show),
        el("label", { for: "search" }, "Search ", el("kbd", {}, "/")),
        search,
        legend(),
    );
    const holder = el("div", { class: "panes" }, ...panes.map((pane) => pane.element));
    return {
        section: section("flames", "Flame graphs", lead(data), tools, holder),
        draw: () => show(first),
    };
}
