// SPDX-License-Identifier: Apache-2.0
// Whether a key is text for a field, or a shortcut of the browser: none of the page's business.
export function isTyping(event) {
    return event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input:not([type=radio]), select, dialog") != null;
}
