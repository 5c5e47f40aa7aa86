// SPDX-License-Identifier: Apache-2.0
// What can be done with the frame of a graph that the reader is at.
import { el } from "./dom.js";
import { store } from "./store.js";

function removed() {
    return store.get("remove") === "" ? [] : store.get("remove").split(".");
}

const ACTIONS = [
    {
        key: "f",
        name: "Focus",
        title: "Only stacks with this function",
        act: (fn) => store.set({ focus: String(fn) }),
    },
    {
        key: "x",
        name: "Remove",
        title: "Only stacks without this function",
        act: (fn) => store.set({ remove: [...new Set([...removed(), String(fn)])].join(".") }),
    },
    {
        key: "c",
        name: "Callers and callees",
        title: "Every caller and callee of this function, in the table below the graphs",
        act: (fn) => {
            store.set({ function: String(fn) });
            document.getElementById("sandwich").scrollIntoView();
        },
    },
];

// The element; show(node) of the frame one is at, and key(event): whether it was one of these.
export function frameActions() {
    let fn;
    const buttons = ACTIONS.map(({ key, name, title, act }) => {
        const button = el("button", { type: "button", title, disabled: true }, `${name} `, el("kbd", {}, key));
        button.addEventListener("click", () => act(fn));
        return button;
    });
    return {
        element: el("div", { class: "actions" }, ...buttons),
        show(node) {
            fn = node?.fn;
            buttons.forEach((button) => (button.disabled = fn === undefined));
        },
        key(event) {
            const action = ACTIONS.find(({ key }) => key === event.key);
            if (action && fn !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey)
                action.act(fn);
            return action !== undefined;
        },
    };
}
