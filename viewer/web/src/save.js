// SPDX-License-Identifier: Apache-2.0
import { el } from "./dom.js";

// As long as a browser may take to begin with the file.
const KEPT_MS = 60000;

// Gives the reader a file that is made in the page: nothing is fetched for it.
export function save(name, type, text) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
