// SPDX-License-Identifier: Apache-2.0
import { el } from "./dom.js";

// One of several, which the keyboard knows how to go through. names: {key: {name, title}}; those
// that `has` does not know cannot be chosen.
export function oneOf(id, label, names, { chosen, has = () => true, onChange }) {
    const inputs = Object.entries(names).map(([key, { name, title }]) => {
        const input = el("input", { type: "radio", name: id, id: `${id}-${key}`, value: key, disabled: !has(key) });
        input.addEventListener("change", () => onChange(key));
        return el("label", { for: input.id, title }, input, name);
    });
    const element = el(
        "div",
        { class: "choice", id, role: "radiogroup", "aria-labelledby": `${id}-label` },
        el("span", { id: `${id}-label` }, label),
        ...inputs,
    );
    const show = () => element.querySelectorAll("input").forEach((input) => (input.checked = input.value === chosen()));
    show();
    return { element, show };
}
