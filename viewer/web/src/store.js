// SPDX-License-Identifier: Apache-2.0
// What of the page a reader has chosen, kept in the fragment of the address, so that a link shows
// what its sender saw: #range=2.1-3.45&search=json

const view = { range: null, search: "" };
const listeners = [];
let recorded = [0, Infinity];

function isPart([from, to]) {
    return from < to && from < recorded[1] && to > recorded[0];
}

const codecs = {
    range: {
        encode: (range) => (range ? range.map((value) => String(Number(value.toFixed(6)))).join("-") : ""),
        decode: (text) => {
            const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
            const range = match ? [Number(match[1]), Number(match[2])] : null;
            return range && isPart(range) ? range : null;
        },
    },
    search: { encode: (text) => text, decode: (text) => text },
};

function encode() {
    const words = new URLSearchParams();
    for (const [key, codec] of Object.entries(codecs)) {
        const text = codec.encode(view[key]);
        if (text)
            words.set(key, text);
    }
    return words.toString();
}

// A fragment without "=" is a place in the page and says nothing about the view.
function decode(fragment) {
    if (fragment !== "" && !fragment.includes("="))
        return {};
    const words = new URLSearchParams(fragment);
    return Object.fromEntries(
        Object.entries(codecs).map(([key, codec]) => [key, codec.decode(words.get(key) ?? "")]),
    );
}

function apply(values) {
    const before = Object.fromEntries(Object.keys(codecs).map((key) => [key, codecs[key].encode(view[key])]));
    Object.assign(view, values);
    const changed = Object.keys(codecs).filter((key) => codecs[key].encode(view[key]) !== before[key]);
    if (changed.length > 0)
        listeners.forEach((listener) => listener(changed));
    return changed.length > 0;
}

export const store = {
    get: (key) => view[key],

    // What was recorded: a range outside of it is none.
    limit(from, to) {
        recorded = [from, to];
        if (view.range && !isPart(view.range))
            this.set({ range: null });
    },

    // range: null or [from, to] in seconds since the recording began; search: text.
    set(values) {
        if (!apply(values))
            return;
        const words = encode();
        history.replaceState(null, "", words ? `#${words}` : location.pathname + location.search);
    },

    // listener(keys that changed)
    subscribe: (listener) => listeners.push(listener),
};

apply(decode(location.hash.slice(1)));
addEventListener("hashchange", () => apply(decode(location.hash.slice(1))));
