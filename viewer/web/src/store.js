// SPDX-License-Identifier: Apache-2.0
// What of the page a reader has chosen, kept in the fragment of the address, so that a link shows
// what its sender saw: #range=2.1-3.45&search=json
//
// range is null or [from, to] in seconds since the recording began. All else is text, "" for what
// is not chosen. Numbers in it are rows of the page's own data:
//   search             what is looked for
//   metric             what the graphs are of: a view of metrics.js
//   victims, culprits, stacks
//                      path to the frame that is chosen in this graph; its keys are those of
//                      layout.js, with a dot between them
//   pair               waiting thread and holder ("handoff", "unknown": nobody), a dot between
//                      them; one of them may be left out
//   focus, remove      only stacks with this function (a row), without these
//   function           the one (a row) whose callers and callees are shown
//   groups             those groups of threads that are folded where they usually are not, or the
//                      other way round
//   invert             "1": frames from the innermost on
//   names              how files are written: a key of FILE_STYLES in format.js, "" for short
//   matrix             "all": as many threads as fit

const PATH = /^(p\d+|t\d+|\d+-\d+|link|handoff|unknown)(\.(t\d+|\d+-\d+|link|handoff|unknown))*$/;

const listeners = [];
const limits = {};

function words(pattern) {
    return { encode: (text) => text, decode: (text) => (pattern.test(text) ? text : "") };
}

const codecs = {
    range: {
        encode: (range) => (range ? range.map((value) => String(Number(value.toFixed(6)))).join("-") : ""),
        decode: (text) => {
            const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
            const range = match ? [Number(match[1]), Number(match[2])] : null;
            return range && range[0] < range[1] ? range : null;
        },
    },
    search: words(/^/),
    metric: words(/^(pairs|wait|blame|holding|cpu|wall)$/),
    victims: words(PATH),
    culprits: words(PATH),
    stacks: words(PATH),
    pair: words(/^(\d+\.(\d+|handoff|unknown)?|\.(\d+|handoff|unknown))$/),
    focus: words(/^\d+$/),
    remove: words(/^\d+(\.\d+)*$/),
    function: words(/^\d+$/),
    groups: words(/^\d+(\.\d+)*$/),
    invert: words(/^1$/),
    names: words(/^(path|module)$/),
    matrix: words(/^all$/),
};

const keys = Object.keys(codecs);
const view = Object.fromEntries(keys.map((key) => [key, codecs[key].decode("")]));

// What is chosen, or nothing where the data has no such thing.
function limited(key, value) {
    const nothing = codecs[key].decode("");
    return value === nothing || (limits[key]?.(value) ?? true) ? value : nothing;
}

function encode() {
    const fragment = new URLSearchParams();
    for (const key of keys) {
        const text = codecs[key].encode(view[key]);
        if (text)
            fragment.set(key, text);
    }
    return fragment.toString();
}

// A fragment without "=" is a place in the page and says nothing about the view.
function decode(fragment) {
    if (fragment !== "" && !fragment.includes("="))
        return {};
    const given = new URLSearchParams(fragment);
    return Object.fromEntries(keys.map((key) => [key, limited(key, codecs[key].decode(given.get(key) ?? ""))]));
}

function apply(values) {
    const before = Object.fromEntries(keys.map((key) => [key, codecs[key].encode(view[key])]));
    Object.assign(view, values);
    const changed = keys.filter((key) => codecs[key].encode(view[key]) !== before[key]);
    if (changed.length > 0)
        listeners.forEach((listener) => listener(changed));
    return changed.length > 0;
}

export const store = {
    get: (key) => view[key],

    // isKnown(value): whether the data has what is chosen there.
    limit(key, isKnown) {
        limits[key] = isKnown;
        this.set({ [key]: limited(key, view[key]) });
    },

    set(values) {
        if (!apply(values))
            return;
        const fragment = encode();
        history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
    },

    // listener(keys that changed)
    subscribe: (listener) => listeners.push(listener),
};

apply(decode(location.hash.slice(1)));
addEventListener("hashchange", () => apply(decode(location.hash.slice(1))));
