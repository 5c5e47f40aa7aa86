// SPDX-License-Identifier: Apache-2.0
// Making elements. Every text of the page goes through text nodes or setAttribute here: names of
// threads, functions and files come from the target and may hold anything.

// el("td", { class: "number", title: "..." }, "text", childElement, ...). Attributes that are
// undefined or false, and children that are null, are left out.
export function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value !== undefined && value !== false)
            element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
}

// A section of the page with its heading and an optional sentence that explains it.
export function section(id, heading, lead, ...children) {
    return el(
        "section",
        { id, "aria-labelledby": `${id}-heading` },
        el("h2", { id: `${id}-heading` }, heading),
        lead ? el("p", { class: "lead" }, lead) : null,
        ...children,
    );
}

// How the reader has sorted the table of a label: it stays so when the table is made anew.
const sorting = new Map();

function compare(a, b) {
    return typeof a === "string" ? a.localeCompare(b) : a - b;
}

function sorted(label, columns, rows) {
    const order = sorting.get(label);
    if (!order)
        return rows;
    const { sort } = columns[order.index];
    const sign = order.descending ? -1 : 1;
    return [...rows].sort((a, b) => sign * compare(sort(a), sort(b)));
}

function bodyRow(columns, row, kind) {
    return el(
        "tr",
        { class: kind },
        ...columns.map((column, index) =>
            index === 0
                ? el("th", { scope: "row" }, column.cell(row))
                : el("td", { class: column.number && "number" }, column.cell(row)),
        ),
    );
}

// Numbers are sorted the largest first, texts the smallest; a second press turns that round.
function sortBy(label, columns, index) {
    const before = sorting.get(label);
    const descending = before?.index === index ? !before.descending : Boolean(columns[index].number);
    sorting.set(label, { index, descending });
}

function markOrder(label, heads) {
    const order = sorting.get(label);
    heads.forEach((head, index) => {
        if (order?.index === index)
            head.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
        else
            head.removeAttribute("aria-sort");
    });
}

function fillTable(label, columns, rows, below, heads, body) {
    body.replaceChildren(...sorted(label, columns, rows).flatMap((row) => [
        bodyRow(columns, row),
        ...sorted(label, columns, below(row)).map((member) => bodyRow(columns, member, "member")),
    ]));
    markOrder(label, heads);
}

// A table from columns [{ head, title, number, width, cell(row), sort(row) }]: cell gives a text or
// an element, width is in percent of the table (with widths, what is too long is cut by an
// ellipsis), sort the number or text by which a press on the heading sorts. It scrolls inside its
// own box, which the keyboard reaches. Below a row stand those that below(row) gives.
export function table(label, columns, rows, below = () => []) {
    const widths = columns.map((column) => {
        const col = el("col");
        if (column.width)
            col.style.width = `${column.width}%`;
        return col;
    });
    const heads = columns.map((column) =>
        el(
            "th",
            { scope: "col", class: column.number && "number", title: column.title },
            column.sort ? el("button", { type: "button", class: "sort" }, column.head) : column.head,
        ),
    );
    const body = el("tbody");
    heads.forEach((head, index) =>
        head.querySelector(".sort")?.addEventListener("click", () => {
            sortBy(label, columns, index);
            fillTable(label, columns, rows, below, heads, body);
        }),
    );
    fillTable(label, columns, rows, below, heads, body);
    return el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
        el(
            "table",
            { class: columns.some((column) => column.width) && "fixed" },
            el("colgroup", {}, ...widths),
            el("thead", {}, el("tr", {}, ...heads)),
            body,
        ),
    );
}
