// SPDX-License-Identifier: Apache-2.0
// Which code holds the GIL, by library and, where native stacks were recorded, by C function. What
// the page can compute for a range of time does not tell these, so they are of the whole recording.
import { allWait } from "./data.js";
import { el, section, table } from "./dom.js";
import { count, percent, seconds, secondsLike, share } from "./format.js";

const KINDS = {
    program: () => "the program itself",
    package: (name) => name,
    "standard library": (name) => `${name} (standard library)`,
    "C module": (name) => `${name} [C]`,
    none: () => "no Python frame",
};

function libraryName(row) {
    return KINDS[row.kind](row.library);
}

function ofAll(head, key, whole) {
    return { head, width: 11, number: true, cell: (row) => percent(share(row[key], whole)) };
}

function librarySection(data) {
    const rows = data.libraries;
    const held = rows.reduce((sum, row) => sum + row.held_s, 0);
    const formatHeld = secondsLike(rows.map((row) => row.held_s));
    const formatWait = secondsLike(rows.map((row) => row.waited_s));
    const columns = [
        { head: "Library", width: 48, cell: libraryName, sort: libraryName },
        { head: "held", width: 15, number: true, cell: (row) => formatHeld(row.held_s), sort: (row) => row.held_s },
        ofAll("of all holding", "held_s", held),
        { head: "others wait", width: 15, number: true, cell: (row) => formatWait(row.waited_s), sort: (row) => row.waited_s },
        ofAll("of all waiting", "waited_s", allWait(data)),
    ];
    return section(
        "libraries",
        "Libraries that hold the GIL",
        "By the innermost code, in the whole recording. Built-in types count as the code that calls them.",
        table("Libraries that hold the GIL", columns, rows),
    );
}

function nativeName(row) {
    return el(
        "span",
        { class: "place", title: `${row.function} [${row.object}], in ${row.call}` },
        el("span", { class: "function" }, row.function),
        row.object ? el("span", { class: "file" }, `[${row.object}]`) : null,
    );
}

function nativeLead({ stops, held_s: held, unseen_s: unseen }) {
    const asleep = "without a stop where they slept with it";
    const how =
        stops > 0
            ? `Told by stopping threads for an instant, ${count(stops)} times while they held it (\u00b1 is what so few can tell), and ${asleep}.`
            : `Told ${asleep}; those that compute are seen with --stop only.`;
    return unseen > 0 && stops > 0 ? `${how} Of ${seconds(held)}, ${seconds(unseen)} were in code in which no stop found them.` : how;
}

function nativeSection({ native }) {
    const largest = Math.max(...native.functions.map((row) => row.held_s), 0);
    const format = secondsLike(native.functions.map((row) => row.waited_s));
    const held = (row) => seconds(row.held_s, largest) + (row.margin_s > 0 ? ` \u00b1${seconds(row.margin_s, largest)}` : "");
    const columns = [
        { head: "C function", width: 42, cell: nativeName, sort: (row) => row.function },
        { head: "in the call of Python code", width: 20, cell: (row) => row.call, sort: (row) => row.call },
        { head: "held", width: 16, number: true, cell: held, sort: (row) => row.held_s },
        ofAll("of all holding", "held_s", native.held_s),
        { head: "others wait", width: 11, number: true, cell: (row) => format(row.waited_s), sort: (row) => row.waited_s },
    ];
    return section(
        "native",
        "C functions that hold the GIL",
        `${nativeLead(native)} In the whole recording.`,
        native.functions.length > 0
            ? table("C functions that hold the GIL", columns, native.functions)
            : el("p", { class: "nothing" }, "None was seen."),
    );
}

export function holderSections(data) {
    return [data.libraries.length > 0 ? librarySection(data) : null, data.native ? nativeSection(data) : null].filter(Boolean);
}
