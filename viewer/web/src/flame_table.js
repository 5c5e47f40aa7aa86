// SPDX-License-Identifier: Apache-2.0
// What a graph says as a table, for those who cannot see it or want to read its figures.
import { el, table } from "./dom.js";
import { percent, secondsLike, share } from "./format.js";

// Frames with less of the whole, and those beyond so many, are left to the graph.
const LEAST = 0.01;
const MOST = 300;

// Nodes in the order in which they are read, with their depth.
function rowsOf(tree) {
    const rows = [];
    const visit = (node, level) => {
        if (rows.length >= MOST || node.v < LEAST * tree.v)
            return;
        rows.push({ node, level });
        node.c?.forEach((child) => visit(child, level + 1));
    };
    visit(tree, 0);
    return rows;
}

function name({ node, level }) {
    const cell = el("span", {}, node.label);
    cell.style.paddingLeft = `${level}em`;
    return cell;
}

// The element, and show(tree).
export function flameTable() {
    let tree = null;
    const box = el("div");
    const fill = () => {
        if (!element.open || !tree)
            return;
        const format = secondsLike([tree.v]);
        const columns = [
            { head: "Frame", cell: name },
            { head: "level", number: true, cell: ({ level }) => String(level) },
            { head: "time", number: true, cell: ({ node }) => format(node.v) },
            { head: tree.of, number: true, cell: ({ node }) => percent(share(node.v, tree.whole)) },
        ];
        box.replaceChildren(table(`${tree.heading}, as a table`, columns, rowsOf(tree)));
    };
    const element = el("details", { class: "as-table" }, el("summary", {}, `As a table, from ${percent(LEAST)} on`), box);
    element.addEventListener("toggle", fill);
    return {
        element,
        show(next) {
            tree = next;
            fill();
        },
    };
}
