// SPDX-License-Identifier: Apache-2.0
// Reads the data and puts the page together: words first, then figures, tables and graphs.
import { blameSection, functionSections } from "./blame.js";
import { readData } from "./data.js";
import { figures, targetLine } from "./figures.js";
import { flameSection } from "./flames.js";
import { writeFilesAs } from "./format.js";
import { addHelp } from "./help.js";
import { holderSections } from "./holders.js";
import { matrixSection } from "./matrix.js";
import { momentSection } from "./moments.js";
import { Profile } from "./profile.js";
import { qualitySection } from "./quality.js";
import { reportOf } from "./range.js";
import { rangeBar } from "./range_bar.js";
import { sandwichSection } from "./sandwich.js";
import { store } from "./store.js";
import { assignGroups } from "./thread_groups.js";
import { threadSection } from "./threads.js";
import { Timeline } from "./timeline.js";

// The parts that are made anew for each range of time and each way to write files.
function parts(report, data) {
    writeFilesAs(store.get("names") || "short");
    const moments = momentSection(data);
    return [figures(report, data), threadSection(report), blameSection(report), functionSections(report), ...(moments ? [moments] : [])];
}

// Lets the browser show what there is.
function breath() {
    return new Promise((done) => setTimeout(done));
}

// Keeps the page at the range that is chosen: words and tables first, then the graphs.
function follow(data, profile, whole, shown, graphs) {
    let newest = whole;
    const remake = (report) => {
        newest = report;
        const fresh = parts(report, data);
        shown.forEach((part, i) => part.replaceWith(fresh[i]));
        shown = fresh;
    };
    const update = async () => {
        const range = store.get("range");
        const report = range ? reportOf(data, profile, range) : whole;
        remake(report);
        await breath();
        if (report === newest)
            graphs.forEach((graph) => graph.update(report));
    };
    store.subscribe((keys) => {
        if (keys.includes("range") || keys.includes("names"))
            update();
        else if (keys.includes("groups"))
            remake(newest);
    });
    return store.get("range") ? update() : null;
}

async function show(data) {
    const main = document.getElementById("report");
    assignGroups(data.threads);
    const shown = parts(data, data);
    const [top, threads, blame, functions, ...moments] = shown;
    document.getElementById("target").textContent = targetLine(data);
    main.append(top, threads);
    performance.mark("figures");
    await breath();

    const profile = new Profile(data.profile);
    store.limit("range", ([from, to]) => from < profile.secondsAt(profile.buckets) && to > profile.secondsAt(0));
    const timeline = new Timeline(data, profile);
    const whole = reportOf(data, profile, null);
    const matrix = matrixSection(whole, profile);
    const flames = flameSection(whole, profile);
    const sandwich = sandwichSection(whole, profile);
    main.prepend(rangeBar(data, profile));
    main.append(timeline.element, blame, matrix.element, flames.section, sandwich.element, functions, ...holderSections(data), ...moments, qualitySection(data));
    timeline.draw();
    flames.draw();
    await follow(data, profile, whole, shown, [matrix, flames, sandwich]);
    performance.mark("graphs");
    document.documentElement.dataset.ready = "yes";
}

function fail(error) {
    const problem = document.getElementById("problem");
    problem.textContent =
        `The data of this page cannot be shown (${error.message}). ` +
        "A browser of 2023 or later is needed; if this one is, the file was cut or changed on its way.";
    problem.hidden = false;
}

document.getElementById("licences").textContent =
    document.getElementById("licence-texts").textContent.trim();
addHelp();
readData().then(show).catch(fail);
