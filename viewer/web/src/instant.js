// SPDX-License-Identifier: Apache-2.0
// Stands in for d3-transition (see build.mjs): what the flame graph wants to change over time
// changes at once. An animation of thousands of frames costs a timer each and shows nothing that
// one would want to read.
import { selection } from "d3-selection";

function same() {
    return this;
}

selection.prototype.transition = function () {
    return Object.assign(Object.create(this), { delay: same, duration: same, ease: same });
};
