// SPDX-License-Identifier: Apache-2.0
// When: a lane for each GIL and each thread, and a cursor that tells what stands under it. A range
// that is dragged, or made with Shift and the arrow keys, is what the rest of the page then shows.
import { el, section } from "./dom.js";
import { place, percent, seconds, share } from "./format.js";
import { drawHolders, drawLane, holderRanks, laneSums, stackingOf, stateColours } from "./lanes.js";
import { bucketsOf } from "./range.js";
import { store } from "./store.js";
import { legend, statesOf, threadName } from "./threads.js";

const LANES = 64;
const DRAG_PX = 4;
const FRAMES = 6;

// Round numbers of seconds, about `n` of them.
function ticks(from, to, n = 8) {
    const raw = (to - from) / n;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
    const found = [];
    for (let at = Math.ceil(from / step - 1e-9) * step; at <= to; at += step)
        found.push(at);
    return found;
}

function stackText(profile, stack) {
    const frames = profile.frames(stack);
    if (frames.length === 0)
        return "no Python frame";
    const words = frames.slice(-FRAMES).reverse().map((frame) =>
        frame.kind === "c" ? `${frame.name} [C]` : place(frame.name, frame.file, frame.line));
    return words.join(" \u2190 ") + (frames.length > FRAMES ? " \u2190 \u2026" : "");
}

export class Timeline {
    constructor(data, profile) {
        this.profile = profile;
        this.endS = profile.beginS + profile.buckets * profile.bucketS;
        this.ranks = holderRanks(profile);
        this.stacking = stackingOf(profile.states);
        this.sums = laneSums(profile);
        this.cursor = null;
        this.rows = [
            ...profile.gils.map((gil, row) => ({ gil: row, name: this.gilName(gil) })),
            ...data.threads.map((thread, row) => ({ thread: row, name: threadName(thread) })),
        ];
        this.element = section(
            "when",
            "When",
            "A lane for each thread: what runs rises from the bottom, waiting for the GIL hangs from the top. The lane of the GIL has the colours beside the names, grey for any other thread. Drag over the lanes to see a part of the time in the whole page.",
            legend(statesOf(data)),
            this.box(),
            this.details(),
        );
        this.listen();
        store.subscribe((keys) => keys.includes("range") && this.showRange());
    }

    gilName(gil) {
        const several = this.profile.gils.length > 1;
        return several ? `GIL ${gil.pid}/${gil.interpreter}` : "holds the GIL";
    }

    box() {
        this.selection = el("div", { class: "selection", hidden: true });
        this.mark = el("div", { class: "mark", hidden: true });
        this.overlay = el("div", { class: "overlay" }, this.selection, this.mark);
        this.lanes = this.rows.slice(0, LANES).map((row) => this.lane(row));
        const axis = el("div", { class: "axis" });
        const width = this.endS - this.profile.beginS;
        for (const at of ticks(this.profile.beginS, this.endS)) {
            const tick = el("span", {}, seconds(at, this.endS));
            tick.style.left = `${100 * share(at - this.profile.beginS, width)}%`;
            axis.append(tick);
        }
        this.canvasBox = el(
            "div",
            {
                class: "timeline",
                id: "timeline",
                tabindex: "0",
                role: "application",
                "aria-label": "Timeline. Arrow keys move the cursor, with Shift they choose a range, Escape shows the whole recording.",
                "aria-describedby": "timeline-details",
            },
            el("div", { class: "lanes" }, ...this.lanes.map((lane) => lane.element), this.overlay),
            axis,
        );
        return this.canvasBox;
    }

    lane(row) {
        const canvas = el("canvas", { "aria-hidden": "true" });
        const rank = row.thread === undefined ? -1 : this.ranks[row.thread];
        const swatch = rank >= 0 ? el("span", { class: `holder holder-${rank}`, "aria-hidden": "true" }) : null;
        const name = el("span", { class: "lane-name", title: row.name }, swatch, el("span", { class: "name" }, row.name));
        return { ...row, canvas, element: el("div", { class: "lane" }, name, canvas) };
    }

    details() {
        this.lines = [0, 1, 2].map(() => el("span"));
        const rest = this.rows.length - this.lanes.length;
        return el(
            "div",
            {},
            el("p", { class: "moment", id: "timeline-details", "aria-live": "polite" }, ...this.lines),
            rest > 0 ? el("p", { class: "lead" }, `${rest} more threads, which waited less, have no lane; they are in the table.`) : null,
        );
    }

    // Needs the element in the document, for its width.
    draw() {
        const colours = stateColours(this.profile.states);
        for (const { gil, thread, canvas } of this.lanes) {
            if (thread === undefined)
                drawHolders(canvas, this.profile, gil, this.ranks);
            else
                drawLane(canvas, this.profile, this.sums[thread], this.stacking, colours);
        }
        this.width = this.overlay.clientWidth;
        this.showRange();
        this.describe();
    }

    listen() {
        new ResizeObserver(() => this.width !== this.overlay.clientWidth && this.draw()).observe(this.overlay);
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
        this.overlay.addEventListener("pointerdown", (event) => this.press(event));
        this.overlay.addEventListener("pointermove", (event) => this.move(event));
        this.overlay.addEventListener("pointerup", (event) => this.release(event));
        this.overlay.addEventListener("pointercancel", () => this.cancel());
        this.canvasBox.addEventListener("keydown", (event) => this.key(event));
    }

    // The bucket and the lane under the pointer.
    under(event) {
        const box = this.overlay.getBoundingClientRect();
        const limit = (value, most) => Math.min(Math.max(value, 0), most);
        return {
            bucket: limit(Math.floor(((event.clientX - box.x) / box.width) * this.profile.buckets), this.profile.buckets - 1),
            lane: limit(Math.floor(((event.clientY - box.y) / box.height) * this.lanes.length), this.lanes.length - 1),
        };
    }

    press(event) {
        if (event.button !== 0)
            return;
        this.overlay.setPointerCapture(event.pointerId);
        this.drag = { x: event.clientX, from: this.under(event).bucket, moved: false };
    }

    move(event) {
        this.cursor = this.under(event);
        this.describe();
        if (!this.drag)
            return;
        this.drag.moved ||= Math.abs(event.clientX - this.drag.x) >= DRAG_PX;
        if (this.drag.moved)
            this.paint(...this.span(this.drag.from, this.cursor.bucket));
    }

    release(event) {
        const drag = this.drag;
        this.drag = null;
        if (drag?.moved)
            this.choose(drag.from, this.under(event).bucket);
    }

    cancel() {
        this.drag = null;
        this.showRange();
    }

    key(event) {
        const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (event.key === "Escape")
            store.set({ range: null });
        else if (step)
            this.step(step, event.shiftKey);
        else
            return;
        event.preventDefault();
    }

    step([across, down], choose) {
        const from = this.cursor ?? { bucket: 0, lane: 0 };
        this.anchor = choose ? this.anchor ?? from.bucket : null;
        this.cursor = {
            bucket: Math.min(Math.max(from.bucket + across, 0), this.profile.buckets - 1),
            lane: Math.min(Math.max(from.lane + down, 0), this.lanes.length - 1),
        };
        this.lanes[this.cursor.lane].element.scrollIntoView({ block: "nearest" });
        this.describe();
        if (choose)
            this.choose(this.anchor, this.cursor.bucket);
    }

    // Two buckets in either order, as seconds.
    span(a, b) {
        return [this.profile.secondsAt(Math.min(a, b)), this.profile.secondsAt(Math.max(a, b) + 1)];
    }

    choose(a, b) {
        store.set({ range: this.span(a, b) });
    }

    paint(from, to) {
        const width = this.endS - this.profile.beginS;
        this.selection.style.left = `${100 * share(from - this.profile.beginS, width)}%`;
        this.selection.style.width = `${100 * share(to - from, width)}%`;
        this.selection.hidden = false;
    }

    showRange() {
        const range = store.get("range");
        this.selection.hidden = !range;
        if (range)
            this.paint(...bucketsOf(this.profile, range).map((bucket) => this.profile.secondsAt(bucket)));
    }

    // What stands under the cursor, in three lines.
    describe() {
        const words = this.cursor ? this.words(this.cursor) : ["Point at a lane to see what its thread did.", "", ""];
        words.forEach((text, i) => (this.lines[i].textContent = text));
        this.mark.hidden = !this.cursor;
        if (this.cursor) {
            this.mark.style.left = `${(100 * (this.cursor.bucket + 0.5)) / this.profile.buckets}%`;
            this.mark.style.top = `${(100 * this.cursor.lane) / this.lanes.length}%`;
            this.mark.style.height = `${100 / this.lanes.length}%`;
        }
    }

    words({ bucket, lane }) {
        const { gil, thread, name } = this.lanes[lane];
        const when = `${seconds(this.profile.secondsAt(bucket), this.endS)} to ${seconds(this.profile.secondsAt(bucket + 1), this.endS)}`;
        if (thread === undefined)
            return [`${when} \u00b7 ${name}`, this.holders(bucket, gil), ""];
        const records = this.profile.at(bucket, thread);
        const states = new Map();
        for (const { state, s } of records)
            states.set(state, (states.get(state) ?? 0) + s);
        const shares = [...states].sort((a, b) => b[1] - a[1]).map(([state, s]) => `${state} ${percent(share(s, this.profile.bucketS))}`);
        if (records.length === 0)
            return [`${when} \u00b7 ${name} \u00b7 not observed`, "", ""];
        const most = records[0];
        return [
            `${when} \u00b7 ${name} \u00b7 ${shares.join(", ")}`,
            `${most.state} in ${stackText(this.profile, most.stack)}`,
            most.kind === "" ? "" : this.waitsFor(most),
        ];
    }

    waitsFor({ kind, holder, holderStack }) {
        if (holder < 0)
            return kind === "handoff" ? "waits for no holder (handoff)" : "waits for: unknown";
        return `waits for ${threadName(this.profile.threads[holder])} in ${stackText(this.profile, holderStack)}`;
    }

    holders(bucket, gil) {
        const parts = this.profile.holding(bucket, bucket + 1).filter((part) => part.gil === gil);
        const words = parts.sort((a, b) => b.s - a.s).map(({ kind, holder, s }) =>
            `${holder >= 0 ? threadName(this.profile.threads[holder]) : kind === "unknown" ? "unknown" : "nobody"} ${percent(share(s, this.profile.bucketS))}`);
        return words.join(", ") || "not observed";
    }
}
