// SPDX-License-Identifier: Apache-2.0
// The data in the page: JSON, gzip, base64, in a script element that no browser runs. It is the
// report of `gilwait report --json`, and what viewer/html.h adds to it.

function bytesFromBase64(text) {
    const binary = atob(text.trim());
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++)
        bytes[i] = binary.charCodeAt(i);
    return bytes;
}

export async function readData() {
    const packed = bytesFromBase64(document.getElementById("data").textContent);
    const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(plain).text());
}

// Children that are no Python are listed, but not sampled.
export function sampledProcesses(data) {
    return data.processes.filter((process) => process.skipped === null);
}

export function totalWait(data) {
    return data.threads.reduce((sum, thread) => sum + thread.gil_wait_s, 0);
}

// Of all threads, whether or not they are in the page.
export function allWait(data) {
    return data.shown ? data.shown.all_gil_wait_s : totalWait(data);
}

export function allWall(data) {
    return data.shown ? data.shown.all_wall_s : totalWall(data);
}

export function totalWall(data) {
    return data.threads.reduce((sum, thread) => sum + thread.wall_s, 0);
}
