// SPDX-License-Identifier: Apache-2.0
// Makes the one-file pages without data: node build.mjs FOLDER
//
// Each has three places that the C side fills (viewer/html_page.c): @GW_TITLE@ and @GW_SUMMARY@
// (text, escaped) and @GW_DATA@ (gzip, base64). Its content security policy allows exactly the
// one script and the one style sheet that stand in it, by their hashes, and nothing else.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const slots = ["@GW_TITLE@", "@GW_SUMMARY@", "@GW_DATA@"];
const pages = [
    { page: "page.html", script: "main.js", style: "style.css" },
    { page: "diff.html", script: "diff_main.js", style: "diff.css" },
];

async function bundle(entry, options) {
    const result = await build({
        entryPoints: [join(here, "src", entry)],
        bundle: true,
        minify: true,
        write: false,
        charset: "utf8",
        legalComments: "none",
        logLevel: "warning",
        metafile: true,
        target: ["chrome100", "firefox113", "safari16.4"],
        ...options,
    });
    return { text: result.outputFiles[0].text.trim(), inputs: Object.keys(result.metafile.inputs) };
}

// The licences of every package that went into the bundle, each text once.
function licences(inputs) {
    const packages = new Set();
    for (const input of inputs) {
        const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
        if (match)
            packages.add(match[1]);
    }
    const texts = new Map();
    for (const folder of [...packages].sort()) {
        const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        const text = readFileSync(join(folder, "LICENSE"), "utf8").trim();
        texts.set(text, [...(texts.get(text) ?? []), `${about.name} ${about.version}`]);
    }
    return [...texts].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n\n");
}

function hash(text) {
    return `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;
}

// replaceAll with a function: the texts hold "$&" and the like.
function fill(page, name, text) {
    if (page.split(name).length !== 2)
        throw new Error(`${name} must stand exactly once in the page`);
    return page.replace(name, () => text);
}

function policyOf(script, style) {
    return [
        "default-src 'none'",
        `script-src ${hash(script)}`,
        `style-src ${hash(style)}`,
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].join("; ");
}

async function make(files) {
    // d3-flame-graph brings a style sheet of its own; ours replaces it. And it is not to animate.
    const script = await bundle(files.script, {
        format: "iife",
        loader: { ".css": "empty" },
        alias: { "d3-transition": join(here, "src", "instant.js") },
    });
    const style = await bundle(files.style, {});
    for (const text of [script.text, style.text]) {
        if (/<\/(script|style)/i.test(text) || slots.some((slot) => text.includes(slot)))
            throw new Error("the bundle would break out of its element");
    }
    let page = readFileSync(join(here, "src", files.page), "utf8");
    page = fill(page, "@POLICY@", policyOf(script.text, style.text));
    page = fill(page, "@STYLE@", style.text);
    page = fill(page, "@LICENCES@", licences(script.inputs));
    page = fill(page, "@SCRIPT@", script.text);
    for (const slot of slots) {
        if (page.split(slot).length !== 2)
            throw new Error(`${slot} must stand exactly once in the page`);
    }
    return page;
}

const folder = process.argv[2];
if (!folder)
    throw new Error("usage: node build.mjs FOLDER");
for (const files of pages)
    writeFileSync(join(folder, files.page), await make(files));
