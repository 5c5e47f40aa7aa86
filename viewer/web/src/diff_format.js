// SPDX-License-Identifier: Apache-2.0
// Figures of a comparison as text: seconds per second of recording, shown in milliseconds.
import { count } from "./format.js";

const MINUS = "\u2212";
export const UNIT = "ms/s";

// As many decimals as mean something, like `gilwait diff` has them.
function decimals({ value, margin }) {
    return margin > 0 ? (1000 * margin < 9.95 ? 1 : 0) : Math.abs(1000 * value) < 99.95 ? 1 : 0;
}

function signed(text) {
    return text.startsWith("-") ? MINUS + text.slice(1) : text;
}

// "412", with its sign "+4.1"; nothing is "0", not "-0.0".
function number(value, digits, sign) {
    const text = (1000 * value).toFixed(digits);
    if (Number(text) === 0)
        return (0).toFixed(digits);
    return (sign && value > 0 ? "+" : "") + signed(text);
}

// "412 ±12", with its sign "+4.1 ±0.3"; without ± if it is exact.
export function figure(each, sign = false) {
    const digits = decimals(each);
    const value = number(each.value, digits, sign);
    return each.margin > 0 ? `${value} \u00b1${Math.max(1000 * each.margin, 0.1).toFixed(digits)}` : value;
}

// "+1.2 to +5.0"
export function interval(each) {
    const digits = decimals(each);
    return `${number(each.value - each.margin, digits, true)} to ${number(each.value + each.margin, digits, true)}`;
}

// "412 ms/s", "+12 ms/s"
export function rate(value, sign = false) {
    return `${number(value, Math.abs(1000 * value) < 9.95 ? 1 : 0, sign)}\u00a0${UNIT}`;
}

// One value beside another: a part of it up to the double, "97 % less" and "40 % more", and from
// there on "3.2 times as much".
export function compared(before, after) {
    if (before === after)
        return "as before";
    if (!(before > 0))
        return "none before";
    if (!(after > 0))
        return "none after";
    const ratio = after / before;
    if (ratio > 2)
        return `${ratio < 9.95 ? ratio.toFixed(1) : count(ratio)} times as much`;
    const percent = 100 * Math.abs(ratio - 1);
    const words = percent < 0.5 ? "<1" : ratio < 1 && percent > 99.5 ? ">99" : percent.toFixed(0);
    return `${words}\u00a0% ${ratio < 1 ? "less" : "more"}`;
}
