// SPDX-License-Identifier: Apache-2.0
// Numbers and places as text, with a no-break space before each unit.

// Four digits that count; in a column, `largest` gives all its rows the same unit and decimals.
export function seconds(value, largest = value) {
    if (largest > 0 && largest < 0.1)
        return `${(1000 * value).toFixed(largest < 0.01 ? 2 : 1)}\u00a0ms`;
    const digits = largest >= 1000 ? 0 : largest >= 100 ? 1 : largest >= 10 ? 2 : 3;
    return `${value.toFixed(digits)}\u00a0s`;
}

// The formatter for a column of seconds.
export function secondsLike(values) {
    const largest = values.reduce((most, value) => Math.max(most, value ?? 0), 0);
    return (value) => (value === null || value === undefined ? "\u2013" : seconds(value, largest));
}

// "5 ms", "0.5 ms"
export function milliseconds(value) {
    return `${Number((1000 * value).toFixed(3))}\u00a0ms`;
}

export function percent(share) {
    const value = 100 * share;
    if (value > 0 && value < 0.01)
        return "<0.01\u00a0%";
    const digits = value >= 99.95 || value === 0 ? 0 : value < 0.1 ? 2 : 1;
    return `${value.toFixed(digits)}\u00a0%`;
}

export function count(value) {
    return Math.round(value).toLocaleString("en-US");
}

export function mebibytes(bytes) {
    return `${(bytes / 1048576).toFixed(1)}\u00a0MiB`;
}

// value as a share of whole; nothing of nothing is nothing.
export function share(value, whole) {
    return whole > 0 ? value / whole : 0;
}

// The last two parts of a path: enough to know the file, short enough for a table.
export function shortFile(file) {
    return file.split("/").slice(-2).join("/");
}

// The name of a file as a module, as far as its path tells: where packages are installed is known, of
// others the last two parts are taken.
export function moduleName(file) {
    const frozen = /^<frozen (.+)>$/.exec(file);
    if (frozen)
        return frozen[1];
    const inside = file.replace(/^.*\/(?:site-packages|dist-packages|python\d[\d.]*t?)\//, "");
    const parts = (inside === file ? shortFile(file) : inside).replace(/\.py$/, "").split("/");
    if (parts.length > 1 && parts.at(-1) === "__init__")
        parts.pop();
    return parts.join(".");
}

export const FILE_STYLES = {
    short: { name: "short paths", write: shortFile },
    path: { name: "full paths", write: (file) => file },
    module: { name: "modules", write: moduleName },
};

let fileStyle = FILE_STYLES.short;

// How the whole page writes files from now on: a key of FILE_STYLES.
export function writeFilesAs(style) {
    fileStyle = FILE_STYLES[style];
}

export function shownFile(file) {
    return fileStyle.write(file);
}

// "build (app/server.py:86)"
export function place(name, file, line) {
    if (!file)
        return name;
    return `${name} (${fullPlace(shownFile(file), line)})`;
}

// "/srv/app/server.py:86"
export function fullPlace(file, line) {
    return file ? `${file}${line ? `:${line}` : ""}` : "";
}
