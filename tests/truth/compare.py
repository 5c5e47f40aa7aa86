# SPDX-License-Identifier: Apache-2.0
"""What gilwait measured against what was true, per thread and per pair of waiter and holder.

Everything is a share of the time that the thread was there, or of the time all threads of its group
were: threads that come and go are only counted together. A group is the name without its number.
"""
import collections
import re

# What gilwait's states are to the reference.
MEASURES = {
    "wait": (("gil-wait", "gil-handoff"), ("wait_s",)),
    "hold": (("gil-running", "gil-queued", "gil-blocked"), ("hold_s",)),
    "native": (("native",), ("native_s",)),
    "io": (("io-wait",), ("io_s",)),
    "lock": (("lock-wait",), ("lock_s",)),
    "sleep": (("sleep",), ("sleep_s",)),
}
SHORT_LIVED = 0.9  # of the recording: who was there for less is counted with its group


SHORTEST_S = 0.5    # sides that were there for less have no figures to speak of


def group_of(name):
    return "unnamed" if re.match(r"thread \d+$", name) else re.sub(r"-\d+$", "", name)


class Side:
    """Seconds of one thread, or of a group."""

    def __init__(self):
        self.wall = self.true_wall = self.unknown = 0.0
        self.measured = collections.Counter()
        self.exact = collections.Counter()
        self.blame = collections.Counter()        # holder -> seconds, None for nobody or unknown
        self.exact_blame = collections.Counter()
        self.interval = None                      # of one thread: (low, high)
        self.sampling_sd = 0.0

    def error(self, measure):
        """In percentage points of the time."""
        wall, true_wall = max(self.wall, 1e-9), max(self.true_wall, 1e-9)
        return 100 * (self.measured[measure] / wall - self.exact[measure] / true_wall)

    def blame_errors(self):
        """holder -> percentage points of the waiter's time."""
        wall, true_wall = max(self.wall, 1e-9), max(self.true_wall, 1e-9)
        return {holder: 100 * (self.blame[holder] / wall - self.exact_blame[holder] / true_wall)
                for holder in set(self.blame) | set(self.exact_blame)}

    def covered(self):
        low, high = self.interval
        return low <= self.exact["wait"] <= high

    def width_ratio(self):
        """Width of the interval against what sampling itself needs."""
        low, high = self.interval
        return (high - low) / (2 * 1.96 * self.sampling_sd) if self.sampling_sd else 1.0


class Comparison:
    """One recording."""

    def __init__(self, result):
        report, exact = result["report"], result["exact"]
        self.duration = report["duration_s"]
        self.quality = report["quality"]
        self.sides = {}
        self.one_gil = len([gil for gil in report["gils"] if gil["wait_s"] > 0]) <= 1
        self.switches = sum(gil["switches"] for gil in report["gils"]), exact["switches"]
        self._exact = collections.defaultdict(list)
        for thread in exact["threads"]:
            self._exact[thread["tid"]].append(thread)
        self._names = {}
        for thread in report["threads"]:
            whole = thread["wall_s"] > SHORT_LIVED * self.duration
            name = thread["name"]
            if not whole or name in self._names.values():
                name = group_of(name) + "-*"
            self._names[thread["tid"]] = name
            self._add(name, thread, whole)
        self._add_exact()
        self._add_blame(report["blame"])
        self.wait = sum(side.measured["wait"] for side in self.sides.values())
        self.exact_wait = sum(side.exact["wait"] for side in self.sides.values())
        self.nobody = sum(pair["seconds"] for pair in report["blame"] if pair["holder"] is None)
        self.exact_nobody = sum(side.exact_blame[None] for side in self.sides.values())

    def _add(self, name, thread, whole):
        side = self.sides.setdefault(name, Side())
        side.wall += thread["wall_s"]
        side.unknown += thread["states"].get("unknown", 0)
        for measure, (states, _) in MEASURES.items():
            side.measured[measure] += sum(thread["states"].get(state, 0) for state in states)
        if whole and name == thread["name"]:
            side.interval = tuple(thread["gil_wait_ci95_s"])

    def _name(self, tid):
        return self._names.get(tid, "unseen-*")

    def _add_exact(self):
        for tid, lives in self._exact.items():
            side = self.sides.setdefault(self._name(tid), Side())
            for life in lives:
                side.true_wall += life["wall_s"]
                side.sampling_sd = (side.sampling_sd ** 2 + life["sampling_sd_s"] ** 2) ** 0.5
                for measure, (_, keys) in MEASURES.items():
                    side.exact[measure] += sum(life[key] for key in keys)
                for holder, seconds in life["blame"]:
                    side.exact_blame[None if holder is None else self._name(holder)] += seconds

    def _add_blame(self, blame):
        for pair in blame:
            side = self.sides[self._name(pair["waiter"]["tid"])]
            holder = self._name(pair["holder"]["tid"]) if pair["holder"] else None
            side.blame[holder] += pair["seconds"]

    def errors(self, measure):
        """(thread, points) or ((waiter, holder), points) of all that were there for long enough."""
        for name, side in self.sides.items():
            if side.wall <= SHORTEST_S:
                continue
            if measure == "blame":
                yield from (((name, holder), error)
                            for holder, error in side.blame_errors().items())
            else:
                yield name, side.error(measure)

    def worst(self, measure):
        """The one with the largest error, and that."""
        return max(self.errors(measure), key=lambda pair: abs(pair[1]), default=("", 0.0))

    def nobody_points(self):
        """Blame without a holder beyond what was really between two holders, in percent of the wait."""
        return 100 * (self.nobody - self.exact_nobody) / self.wait if self.wait > 0.01 else 0.0

    def threads(self):
        """Sides that are one thread each."""
        return [side for side in self.sides.values() if side.interval and side.true_wall]

    def lines(self):
        """A table for people: exact and measured seconds side by side."""
        yield "%-16s %8s" % ("thread", "time") + "".join(
            " %17s" % (name + " (exact)") for name in MEASURES) + "  interval"
        for name, side in sorted(self.sides.items(), key=lambda item: -item[1].exact["wait"]):
            if not any(side.exact[m] > 0.001 or side.measured[m] > 0.001 for m in MEASURES):
                continue
            yield "%-16s %8.3f" % (name[:16], side.wall) + "".join(
                " %8.3f (%6.3f)" % (side.measured[m], side.exact[m]) for m in MEASURES) + (
                    "  %s" % ("covers" if side.covered() else "MISSES") if side.interval else "")
        yield ""
        yield "%-16s %-16s %10s %10s %8s" % ("waiter", "holder", "measured", "exact", "points")
        pairs = [(side.exact_blame[holder], name, holder, side) for name, side in self.sides.items()
                 for holder in set(side.blame) | set(side.exact_blame)]
        for seconds, name, holder, side in sorted(pairs, key=lambda pair: -pair[0])[:20]:
            yield "%-16s %-16s %10.3f %10.3f %+8.2f" % (
                name[:16], "nobody" if holder is None else holder[:16], side.blame[holder], seconds,
                side.blame_errors()[holder])
