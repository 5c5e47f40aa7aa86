// SPDX-License-Identifier: Apache-2.0
// One flame graph with its line of details, its search result and its way back from a zoom.
import flamegraph from "d3-flame-graph";
import { select } from "d3-selection";
import { el } from "./dom.js";
import { searchText } from "./flame_tree.js";
import { percent, share } from "./format.js";

const CELL_HEIGHT = 20;
// Narrower boxes cannot be seen or hit, and each costs time in every redraw.
const MIN_FRAME_PX = 1.5;
const SHADES = 3;
const SIDES = ["wait", "hold", "own"];

// Neighbours get different shades, and a name the same one everywhere.
function shade(name) {
    let hash = 0;
    for (let i = 0; i < name.length; i++)
        hash = (hash * 31 + name.charCodeAt(i)) >>> 0;
    return hash % SHADES;
}

function colour(node) {
    if (node.highlight)
        return "var(--match)";
    const { side, head, label } = node.data;
    if (!SIDES.includes(side))
        return `var(--flame-${side})`;
    return head ? `var(--flame-${side}-head)` : `var(--flame-${side}-${shade(label)})`;
}

// What was folded has no place of its own.
function pathOf(node) {
    return node.ancestors().map(({ data }) => data.key).filter(Boolean).reverse().join(".");
}

// Of matches inside each other the outer ones.
function outermost(matches) {
    return matches.filter((node) => !node.ancestors().slice(1).some((above) => above.highlight));
}

function saveButtons(onSave) {
    const button = (name, format) => {
        const one = el("button", { type: "button", "data-save": format }, name);
        one.addEventListener("click", () => onSave(format));
        return one;
    };
    return el("div", { class: "actions" }, "Save as", button("collapsed stacks", "collapsed"), button("SVG", "svg"));
}

export class FlamePane {
    // onChoose(path) is told which frame was chosen, with the keys of layout.js; "" is the root. The
    // actions are those of flame_actions.js, the table that of flame_table.js, and onSave(format) is
    // asked for a file.
    constructor({ key, onChoose = () => {}, actions = null, table = null, onSave = null }) {
        this.onChoose = onChoose;
        this.actions = actions;
        this.table = table;
        this.path = "";
        this.heading = el("h3");
        this.details = el("p", { class: "details", id: `${key}-details`, "aria-live": "polite" });
        this.found = el("span", { class: "found", "aria-live": "polite" });
        this.reset = el("button", { type: "button", disabled: true }, "Reset zoom");
        this.canvas = el("div", {
            class: "flame",
            id: key,
            tabindex: "0",
            role: "application",
            "aria-describedby": `${key}-details`,
        });
        this.element = el(
            "div",
            { class: "pane" },
            el("div", { class: "pane-head" }, this.heading, this.found, this.reset),
            this.canvas,
            this.details,
            actions && el("div", { class: "pane-foot" }, actions.element, onSave && saveButtons(onSave)),
            table && table.element,
        );
        this.reset.addEventListener("click", () => this.zoomOut());
        this.canvas.addEventListener("keydown", (event) => this.key(event));
    }

    // Needs the element in the document, for its width. The tree is one of flame_tree.js, prepared,
    // whose root has a heading, and says what shares are `of` and what to say of `none`.
    show(tree, path = this.path) {
        this.tree = tree;
        this.heading.textContent = tree.heading;
        this.canvas.setAttribute("aria-label", `${tree.heading}. Arrow keys go from frame to frame, Enter chooses one, Escape resets.`);
        this.reset.disabled = true;
        this.chartTree();
        this.path = path;
        if (path !== "")
            this.zoomTo(path);
        this.table?.show(tree);
        if (!this.observer)
            this.observe();
    }

    observe() {
        this.observer = new ResizeObserver(() => this.resize());
        this.observer.observe(this.canvas);
        // On paper a graph is as wide as the page, whatever it was on the screen.
        addEventListener("beforeprint", () => {
            const svg = this.canvas.querySelector("svg");
            svg?.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
        });
        addEventListener("afterprint", () => this.canvas.querySelector("svg")?.removeAttribute("viewBox"));
    }

    chartTree() {
        this.canvas.replaceChildren();
        this.chart = null;
        this.searched = false;
        if (!this.tree.c?.length) {
            this.canvas.append(el("p", { class: "nothing" }, this.tree.none));
            this.details.textContent = "";
            this.actions?.show(null);
            return;
        }
        this.chart = flamegraph()
            .width(this.canvas.clientWidth)
            .cellHeight(CELL_HEIGHT)
            .minFrameSize(MIN_FRAME_PX)
            .inverted(true)
            .resetHeightOnZoom(true)
            .getName((node) => node.data.label)
            .setLabelHandler((node) => node.data.detail)
            .setColorMapper(colour)
            .setDetailsHandler((text) => this.describe(text))
            .setSearchMatch((node, term) => term !== "" && searchText(node.data).includes(term))
            .setSearchHandler((results) => this.report(results))
            .onClick((node) => this.zoomed(node));
        select(this.canvas).datum(this.tree).call(this.chart);
        this.root = select(this.canvas).datum();
        this.current = this.root;
        this.describe(null);
        this.mark();
    }

    resize() {
        if (!this.chart || this.element.hidden || this.canvas.clientWidth === this.chart.width())
            return;
        this.chart.width(this.canvas.clientWidth).update();
        this.mark();
    }

    // What was found and can be seen, from the left.
    finds() {
        const drawn = this.chart ? select(this.canvas).selectAll("g.frame").data() : [];
        return outermost(drawn.filter((node) => node.highlight)).sort((a, b) => a.x0 - b.x0);
    }

    // Shows a frame without choosing it; null: none.
    point(node) {
        this.canvas.classList.toggle("pointed", node !== null);
        if (!node)
            return;
        this.current = node;
        this.mark();
        this.describe(null);
        this.canvas.querySelector(".current").scrollIntoView({ block: "nearest" });
    }

    search(text) {
        this.canvas.classList.remove("pointed");
        if (!this.chart) {
            this.found.textContent = "";
            return;
        }
        if (text === "") {
            this.found.textContent = "";
            if (this.searched)
                this.chart.clear();
        } else {
            this.chart.search(text.toLowerCase());
        }
        this.searched = text !== "";
        this.mark();
    }

    // The chart's own sum knows only what the zoom shows.
    report(results) {
        const sum = outermost(results).reduce((total, node) => total + node.data.v, 0);
        this.found.textContent =
            results.length > 0 ? `found in ${percent(share(sum, this.tree.v))} ${this.tree.of}` : "not found";
    }

    zoomOut() {
        this.chart.resetZoom();
        this.canvas.focus();
    }

    // To the frame at a path, or to where the path leaves the tree.
    zoomTo(path) {
        this.path = path;
        if (!this.chart)
            return;
        let node = this.root;
        for (const key of path === "" ? [] : path.split(".")) {
            const next = node.children?.find((child) => child.data.key === key);
            if (!next)
                break;
            node = next;
        }
        this.told = true;
        this.chart.zoomTo(node);
        this.told = false;
        this.describe(null);
    }

    zoomed(node) {
        this.current = node;
        this.reset.disabled = node === this.root;
        this.mark();
        if (this.told)
            return;
        this.path = pathOf(node);
        this.onChoose(this.path);
    }

    describe(text) {
        this.details.textContent = text ?? this.current.data.detail;
    }

    key(event) {
        if (!this.chart)
            return;
        const step = {
            ArrowDown: () => this.current.children?.find((child) => child.value > 0),
            ArrowUp: () => this.current.parent,
            ArrowRight: () => this.sibling(1),
            ArrowLeft: () => this.sibling(-1),
        }[event.key];
        if (step) {
            this.current = step() ?? this.current;
            this.mark();
        } else if (event.key === "Enter") {
            this.chart.zoomTo(this.current);
        } else if (event.key === "Escape") {
            this.chart.resetZoom();
        } else if (!this.actions?.key(event)) {
            return;
        }
        event.preventDefault();
        this.describe(null);
    }

    sibling(offset) {
        const row = this.current.parent?.children.filter((child) => child.value > 0) ?? [];
        return row[row.indexOf(this.current) + offset];
    }

    // The chart sets the class of each frame anew whenever it draws.
    mark() {
        select(this.canvas)
            .selectAll("g")
            .classed("current", (node) => node === this.current)
            .classed("link", (node) => node.data.k === "link")
            .classed("match", (node) => node.highlight === true)
            .filter((node) => node === this.current)
            .raise();
        this.actions?.show(this.current.data);
    }
}
