# SPDX-License-Identifier: Apache-2.0
"""Where an error comes from: what each thread truly did at each tick, against the state it was given."""
import bisect
import collections
import pathlib
import re
import sys

import measure

sys.path.insert(0, str(measure.HERE.parent))
import check_format  # noqa: E402  (a reader of captures, found by the line above)

STATES = check_format.state_names(measure.harness.REPOSITORY / "profiler" / "format" / "FORMAT.md")


class Ticks(check_format.Capture):
    """The state of each thread at the instant of each tick."""

    def __init__(self, data):
        self.at = []  # (tid, instant, weight, state)
        super().__init__(data)

    def take_block(self, block):
        weights = check_format.column(block, 3)
        instants, at = [], check_format.number(block, 2)
        for weight in weights:
            at += weight
            instants.append(at)
        for track in map(check_format.fields, block[6]):
            entries = check_format.expand(track, (3,), len(weights), check_format.number(track, 7))
            tid = self.threads[check_format.number(track, 1)]
            self.at += [(tid, instant, weight, STATES[entry[0]])
                        for instant, weight, entry in zip(instants, weights, entries) if entry]


def confusion(reference, capture, window):
    """tid -> (truth, state) -> seconds at ticks, and truth -> seconds in all."""
    spans, exact = collections.defaultdict(list), collections.Counter()
    for tid, what, from_ns, to_ns in reference.intervals(*window):
        spans[tid].append((from_ns, to_ns, what))
        exact[what] += max(0, min(to_ns, window[1]) - max(from_ns, window[0])) / 1e9
    for of_one in spans.values():
        of_one.sort()
    table = collections.defaultdict(collections.Counter)
    for tid, instant, weight, state in Ticks(pathlib.Path(capture).read_bytes()).at:
        at = bisect.bisect(spans[tid], (instant, float("inf"), "")) - 1
        inside = at >= 0 and instant < spans[tid][at][1]
        table[tid][spans[tid][at][2] if inside else "other", state] += weight / 1e9
    return table, exact


def show(scenario, condition, python, seconds, folder, options):
    def print_table(reference, capture, window):
        report = measure.report_on(capture)
        groups = collections.defaultdict(collections.Counter)
        table, exact = confusion(reference, capture, window)
        for tid, counts in table.items():
            names = [thread["name"] for thread in report["threads"] if thread["tid"] == tid]
            groups[re.sub(r"-\d+$", "", names[0] if names else "?")].update(counts)
        for group, counts in sorted(groups.items()):
            print(group)
            for (truth, state), seconds_of in sorted(counts.items()):
                if seconds_of > 0.001:
                    print("    truly %-6s taken for %-12s %9.3f s" % (truth, state, seconds_of))
        # Where these differ, it is the instants of the ticks that are not like all others.
        print("all")
        for truth, seconds_of in sorted(exact.items()):
            at_ticks = sum(counts[key] for counts in table.values() for key in counts
                           if key[0] == truth)
            print("    truly %-6s at ticks %9.3f s, in all %9.3f s" % (truth, at_ticks, seconds_of))
    measure.measure(scenario, condition, python, seconds, folder, options, print_table)
