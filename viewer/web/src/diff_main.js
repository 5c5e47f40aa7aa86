// SPDX-License-Identifier: Apache-2.0
// The differential page: what changed from one recording to another, in words, tables and graphs.
import { readData } from "./data.js";
import { flameSection } from "./diff_flames.js";
import { figures, sides, tableSections } from "./diff_tables.js";

function show(data) {
    document.getElementById("target").textContent = `${data.before.name} \u2192 ${data.after.name}`;
    const report = document.getElementById("report");
    const flames = flameSection(data);
    const tables = tableSections(data);
    report.append(sides(data), figures(data), ...tables.threads, flames.section, ...tables.functions);
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
