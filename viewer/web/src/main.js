// SPDX-License-Identifier: Apache-2.0
// Reads the data and puts the page together: words first, then figures, tables and graphs.
import { blameSection, functionSections } from "./blame.js";
import { readData } from "./data.js";
import { figures, targetLine } from "./figures.js";
import { flameSection } from "./flames.js";
import { momentSection } from "./moments.js";
import { Profile } from "./profile.js";
import { qualitySection } from "./quality.js";
import { reportOf } from "./range.js";
import { rangeBar } from "./range_bar.js";
import { store } from "./store.js";
import { threadSection } from "./threads.js";
import { Timeline } from "./timeline.js";

// The parts that are made anew for each range of time.
function parts(report, data) {
    return [figures(report, data), threadSection(report), blameSection(report), functionSections(report)];
}

function show(data) {
    const profile = new Profile(data.profile);
    store.limit(profile.secondsAt(0), profile.secondsAt(profile.buckets));
    const timeline = new Timeline(data, profile);
    let report = reportOf(data, profile, store.get("range"));
    let shown = parts(report, data);
    const flames = flameSection(report, profile);
    const [top, threads, blame, functions] = shown;
    const moments = momentSection(data);

    document.getElementById("target").textContent = targetLine(data);
    document.getElementById("report").append(
        rangeBar(data, profile), top, threads, timeline.element, blame, flames.section, functions,
        ...(moments ? [moments] : []), qualitySection(data),
    );
    flames.draw();
    timeline.draw();
    store.subscribe((keys) => {
        if (!keys.includes("range"))
            return;
        report = reportOf(data, profile, store.get("range"));
        const fresh = parts(report, data);
        shown.forEach((part, i) => part.replaceWith(fresh[i]));
        shown = fresh;
        flames.update(report);
    });
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
readData().then(show).catch(fail);
