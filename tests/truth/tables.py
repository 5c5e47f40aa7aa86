# SPDX-License-Identifier: Apache-2.0
"""Tables of many recordings: the median error of each thread, and of those the largest."""
import collections
import statistics

import compare

POINTS = ("wait", "hold", "native", "io", "lock", "sleep", "blame")


def one_line(result):
    comparison = compare.Comparison(result)
    threads = comparison.threads()
    worst = "  ".join("%s %+.2f" % (name, comparison.worst(name)[1]) for name in POINTS)
    return "%-5s %-12s %-7s %s  nobody %+.1f %%  covered %d/%d  rate %.0f  disturbed %.2f" % (
        result["version"], result["scenario"], result["condition"], worst,
        comparison.nobody_points(), sum(side.covered() for side in threads), len(threads),
        comparison.quality["ticks"] / comparison.duration, result["disturbed"])


class Row:
    """Recordings of one scenario under one condition on one interpreter."""

    def __init__(self):
        # measure -> thread (or waiter and holder) -> errors, one per recording
        self.errors = {name: collections.defaultdict(list) for name in POINTS}
        self.nobody, self.widths, self.switches = [], [], []
        self.covered = self.threads = self.n = 0

    def add(self, comparison):
        self.n += 1
        for name in POINTS:
            for key, error in comparison.errors(name):
                self.errors[name][key].append(abs(error))
        self.nobody.append(comparison.nobody_points())
        self.switches.append(abs(comparison.switches[0] - comparison.switches[1]) /
                             max(1, comparison.switches[1]))
        for side in comparison.threads():
            self.threads += 1
            self.covered += side.covered()
            if side.sampling_sd:
                self.widths.append(side.width_ratio())

    def median(self, name):
        """Of the thread or pair that it is largest of."""
        return max((statistics.median(errors) for errors in self.errors[name].values()), default=0)

    def cells(self):
        width = "%.1f" % statistics.median(self.widths) if self.widths else "–"
        return ["%.2f" % self.median(name) for name in POINTS] + [
            "%+.1f" % statistics.median(self.nobody),
            "%.0f %%" % (100 * self.covered / self.threads) if self.threads else "–", width,
            "%.1f %%" % (100 * max(self.switches))]


def whole(results):
    rows = collections.defaultdict(Row)
    for result in results:
        rows[result["version"], result["condition"], result["scenario"]].add(
            compare.Comparison(result))
    lines = []
    for version in sorted({key[0] for key in rows}, key=lambda text: int(text.split(".")[1])):
        lines += ["", f"### CPython {version}", "",
                  "| scenario | CPUs | n | " + " | ".join(POINTS) +
                  " | nobody | covered | width | switches |", "| --- | --- |" + " ---: |" * 12]
        for key in sorted(key for key in rows if key[0] == version):
            lines.append(f"| {key[2]} | {key[1]} | {rows[key].n} | " +
                         " | ".join(rows[key].cells()) + " |")
    covered = sum(row.covered for row in rows.values())
    threads = sum(row.threads for row in rows.values())
    lines += ["", "Intervals that hold the truth: %d of %d (%.1f %%)." % (
        covered, threads, 100 * covered / max(1, threads))]
    return "\n".join(lines).strip()


def spread_line(results):
    """Errors of the waits of two hogs against what independent sampling gives."""
    scaled, errors = [], []
    for result in results:
        comparison = compare.Comparison(result)
        side = comparison.sides["hog-0"]
        error = side.measured["wait"] - side.exact["wait"]
        errors.append(100 * error / side.wall)
        scaled.append(error / side.sampling_sd if side.sampling_sd else 0)
    rate = statistics.median(r["report"]["quality"]["ticks"] / r["report"]["duration_s"]
                             for r in results)
    return ("%6d Hz asked, %6.0f made: %2d recordings, mean error %+.3f points, spread %.3f points, "
            "%.2f of what independent sampling gives" % (
                results[0]["rate"], rate, len(results), statistics.mean(errors),
                statistics.stdev(errors), statistics.mean(s * s for s in scaled) ** 0.5))
