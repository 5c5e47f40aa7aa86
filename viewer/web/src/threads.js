// SPDX-License-Identifier: Apache-2.0
// All threads side by side: a bar of states, the wait with its interval, exact CPU times.
import { sampledProcesses } from "./data.js";
import { el, section, table } from "./dom.js";
import { count, percent, seconds, secondsLike, share } from "./format.js";
import { groupedRows, isFolded, toggleGroup } from "./thread_groups.js";

// A part of a bar says its name and share when there is room for both (share of the bar).
const LABELLED_FROM = 0.15;

function stateClass(name) {
    return `state state-${name}`;
}

function bar(thread, states) {
    const shown = states.filter((state) => thread.states[state.name] > 0);
    const parts = shown.map((state) => {
        const value = thread.states[state.name];
        const part = share(value, thread.wall_s);
        const text = `${state.name} ${percent(part)}`;
        const element = el(
            "span",
            { class: stateClass(state.name), title: `${text}, ${seconds(value)}: ${state.meaning}` },
            part >= LABELLED_FROM ? text : "",
        );
        element.style.flexGrow = String(100 * part); // by less than 1 in all, a bar would not be filled
        return element;
    });
    const words = shown.map((state) => `${state.name} ${percent(share(thread.states[state.name], thread.wall_s))}`);
    return el("div", { class: "bar", role: "img", "aria-label": words.join(", ") }, ...parts);
}

export function legend(states) {
    return el(
        "ul",
        { class: "legend", "aria-label": "Colours of the states" },
        ...states.map((state) =>
            el(
                "li",
                { title: state.meaning },
                el("span", { class: stateClass(state.name), "aria-hidden": "true" }),
                state.name,
            ),
        ),
    );
}

// "12 % to 18 %": the interval as shares of the thread's time.
function interval(thread) {
    if (!thread.gil_wait_ci95_s)
        return "\u2013";
    const [low, high] = thread.gil_wait_ci95_s;
    return `${percent(share(low, thread.wall_s))} to ${percent(share(high, thread.wall_s))}`;
}

export function threadName(thread) {
    return thread.name || `thread ${thread.tid}`;
}

function identity(thread, data) {
    const several = sampledProcesses(data).length > 1;
    const number = several ? `${thread.pid}/${thread.tid}` : `${thread.tid}`;
    return el(
        "span",
        { class: "identity" },
        el("span", { class: "name", title: threadName(thread) }, threadName(thread)),
        el("span", { class: "note" }, number),
    );
}

// Keeps the keyboard and the table where they are.
function turn(event, group) {
    const { scrollTop } = event.target.closest(".scroll");
    toggleGroup(group);
    const button = document.querySelector(`#threads [data-group="${group.id}"]`);
    button.closest(".scroll").scrollTop = scrollTop;
    button.focus({ preventScroll: true });
}

function groupIdentity({ group, members }) {
    const folded = isFolded(group);
    const button = el(
        "button",
        { type: "button", class: "pick", "data-group": group.id, "aria-expanded": String(!folded) },
        el("span", { class: "name", title: group.name }, `${folded ? "\u25b8" : "\u25be"} ${group.name}`),
    );
    button.addEventListener("click", (event) => turn(event, group));
    return el("span", { class: "identity" }, button, el("span", { class: "note" }, `${count(members.length)} threads`));
}

function allStates(data, states) {
    const format = secondsLike(data.threads.map((thread) => thread.wall_s));
    const columns = [
        { head: "Thread", cell: (thread) => identity(thread, data) },
        ...states.map((state) => ({
            head: state.name,
            title: state.meaning,
            number: true,
            cell: (thread) => {
                const value = thread.states[state.name];
                if (!value)
                    return "\u2013";
                return el(
                    "span",
                    {},
                    format(value),
                    el("span", { class: "note" }, ` ${percent(share(value, thread.wall_s))}`),
                );
            },
        })),
    ];
    return el(
        "details",
        {},
        el("summary", {}, "Every state of every thread, in seconds and shares"),
        table("Seconds in each state", columns, data.threads),
    );
}

// A column of seconds found under `key` in each thread.
function secondsColumn(rows, key, head, title) {
    const format = secondsLike(rows.map((row) => row[key]));
    return { head, title, number: true, cell: (thread) => format(thread[key]), sort: (thread) => thread[key] ?? 0 };
}

// The states that some thread was in, in the order of the bars.
export function statesOf(data) {
    return data.vocabulary.states.filter((state) => data.threads.some((thread) => thread.states[state.name] > 0));
}

export function threadSection(data) {
    const states = statesOf(data);
    const rows = groupedRows(data.threads);
    const columns = [
        {
            head: "Thread",
            cell: (row) => (row.members ? groupIdentity(row) : identity(row, data)),
            sort: threadName,
        },
        {
            head: "States",
            title: "Where the thread's time went, left to right in the order of the legend",
            cell: (thread) => bar(thread, states),
        },
        secondsColumn(rows, "gil_wait_s", "GIL wait", "gil-wait and gil-handoff together"),
        {
            head: "share",
            number: true,
            cell: (thread) => percent(share(thread.gil_wait_s, thread.wall_s)),
            sort: (thread) => share(thread.gil_wait_s, thread.wall_s),
        },
        {
            head: "95\u00a0% interval",
            title: "What the share could be, as the samples are a random choice of instants",
            number: true,
            cell: interval,
        },
        secondsColumn(rows, "cpu_s", "CPU", "Exact, from the kernel"),
        secondsColumn(rows, "run_queue_s", "run queue", "Runnable without a CPU: exact, from the kernel"),
        secondsColumn(rows, "wall_s", "observed", "Time the thread was looked at"),
    ];
    return section(
        "threads",
        "Threads",
        data.range
            ? "Of the chosen part of the time. CPU, run queue and intervals are known for the whole only."
            : "Sorted by the time they waited for the GIL; a heading sorts by its column.",
        legend(states),
        table("Threads", columns, rows, (row) => (row.members && !isFolded(row.group) ? row.members : [])),
        allStates(data, states),
    );
}
