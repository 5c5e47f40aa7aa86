// SPDX-License-Identifier: Apache-2.0
// A flame graph as it is drawn, as a picture of its own: colours are resolved, and labels are plain
// text, which every program that shows SVG knows.

const NS = "http://www.w3.org/2000/svg";
const HEAD_PX = 28;
const FOOT_PX = 28;
// Of a letter of the font, about.
const LETTER_PX = 6.6;
const PADDING_PX = 4;

// XML knows no such characters, not even escaped.
function legal(text) {
    return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd");
}

function svg(tag, attributes, ...children) {
    const element = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes))
        element.setAttribute(name, String(value));
    element.append(...children.map((child) => (typeof child === "string" ? legal(child) : child)));
    return element;
}

function cut(text, width) {
    const room = Math.floor((width - 2 * PADDING_PX) / LETTER_PX);
    if (text.length <= room)
        return text;
    return room < 3 ? "" : `${text.slice(0, room - 1)}\u2026`;
}

function frame(group) {
    const rect = group.querySelector("rect");
    const width = Number(rect.getAttribute("width"));
    const words = group.querySelector("div");
    return svg(
        "g",
        { transform: group.getAttribute("transform") },
        svg("title", {}, group.querySelector("title").textContent),
        svg("rect", {
            width,
            height: rect.getAttribute("height"),
            fill: getComputedStyle(rect).fill,
            stroke: getComputedStyle(rect).stroke,
            "stroke-width": 0.6,
        }),
        svg("text", { x: PADDING_PX, y: 14, fill: getComputedStyle(words).color }, cut(words.textContent, width)),
    );
}

// Of an element that a graph is drawn in; `head` and `foot` are lines above and below it.
export function flameSvg(canvas, head, foot) {
    const groups = [...canvas.querySelectorAll("g.frame")];
    const width = canvas.clientWidth;
    const bottom = Math.max(...groups.map((group) => group.getBoundingClientRect().bottom));
    const height = HEAD_PX + bottom - canvas.getBoundingClientRect().top + FOOT_PX;
    const { color } = getComputedStyle(canvas);
    const { backgroundColor } = getComputedStyle(canvas.closest(".pane"));
    const picture = svg(
        "svg",
        { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "sans-serif", "font-size": 12 },
        svg("title", {}, head),
        svg("rect", { width, height, fill: backgroundColor }),
        svg("text", { x: PADDING_PX, y: 18, fill: color, "font-weight": "bold" }, head),
        svg("g", { transform: `translate(0,${HEAD_PX})` }, ...groups.map(frame)),
        svg("text", { x: PADDING_PX, y: height - 10, fill: color }, foot),
    );
    return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(picture)}\n`;
}
