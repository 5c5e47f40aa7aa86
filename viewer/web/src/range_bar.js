// SPDX-License-Identifier: Apache-2.0
// Says that only a part of the time is shown, and leads back to the whole.
import { el } from "./dom.js";
import { seconds } from "./format.js";
import { bucketsOf } from "./range.js";
import { store } from "./store.js";

export function rangeBar(data, profile) {
    const text = el("span");
    const whole = el("button", { type: "button" }, "Show the whole recording");
    const bar = el("div", { class: "range-bar", id: "range", role: "status" }, text, whole);
    const show = () => {
        const range = store.get("range");
        bar.hidden = !range;
        if (!range)
            return;
        const [from, to] = bucketsOf(profile, range).map((bucket) => profile.secondsAt(bucket));
        text.textContent = `Shown: ${seconds(from, to)} to ${seconds(to)}, ${seconds(to - from)} of ${seconds(data.duration_s)}`;
    };
    whole.addEventListener("click", () => store.set({ range: null }));
    store.subscribe((keys) => keys.includes("range") && show());
    show();
    return bar;
}
