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

// A table from columns [{ head, title, number, width, cell(row) }]: cell gives a text or an
// element, width is in percent of the table (with widths, what is too long is cut by an ellipsis).
// It scrolls inside its own box, which the keyboard reaches.
export function table(label, columns, rows) {
    const widths = columns.map((column) => {
        const col = el("col");
        if (column.width)
            col.style.width = `${column.width}%`;
        return col;
    });
    const head = columns.map((column) =>
        el("th", { scope: "col", class: column.number && "number", title: column.title }, column.head),
    );
    const body = rows.map((row) =>
        el(
            "tr",
            {},
            ...columns.map((column, index) =>
                index === 0
                    ? el("th", { scope: "row" }, column.cell(row))
                    : el("td", { class: column.number && "number" }, column.cell(row)),
            ),
        ),
    );
    return el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
        el(
            "table",
            { class: columns.some((column) => column.width) && "fixed" },
            el("colgroup", {}, ...widths),
            el("thead", {}, el("tr", {}, ...head)),
            el("tbody", {}, ...body),
        ),
    );
}
