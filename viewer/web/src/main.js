// SPDX-License-Identifier: Apache-2.0
// Reads the data and puts the page together: words first, then figures, tables and graphs.
import { blameSection, functionSections } from "./blame.js";
import { readData } from "./data.js";
import { figures, targetLine } from "./figures.js";
import { flameSection } from "./flames.js";
import { qualitySection } from "./quality.js";
import { threadSection } from "./threads.js";

function show(data) {
    document.getElementById("target").textContent = targetLine(data);
    const report = document.getElementById("report");
    const flames = flameSection(data);
    report.append(
        figures(data),
        threadSection(data),
        blameSection(data),
        flames.section,
        functionSections(data),
        qualitySection(data),
    );
    flames.draw();
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
