# SPDX-License-Identifier: Apache-2.0
"""The table: medians over the rounds with their range, and gilwait against the best of the others."""
import collections
import json
import statistics

# What is shown of a row: key, heading, form, and whether less is better.
COLUMNS = [
    ("us_per_tick", "us per tick", "%.0f", True),
    ("ticks_per_s", "ticks/s", "%.0f", None),
    ("lost", "lost", "%.2f %%", None),
    ("torn", "torn", "%.2f %%", None),
    ("most_ticks_per_s", "most ticks/s", "%.0f", False),
    ("peak_mib", "peak MiB", "%.1f", None),
    ("mib_per_min", "MiB/min", "%.1f", None),
    ("report_s", "report s", "%.2f", None),
    ("first_ms", "first tick ms", "%.1f", None),
]
SLOWDOWNS = [("slowdown_other_1000", "1 kHz, other CPU"), ("slowdown_other_10000", "10 kHz, other CPU"),
             ("slowdown_same_1000", "1 kHz, same CPU"), ("slowdown_same_10000", "10 kHz, same CPU")]
LEAVES = [("leaf_call", "in short_call"), ("leaf_caller", "in hog"), ("leaf_rest", "elsewhere"),
          ("leaf_samples", "samples")]
PARTS = {"lost", "torn", "leaf_call", "leaf_caller", "leaf_rest"}


def load(folder):
    facts = folder / "facts.json"
    rows = [json.loads(path.read_text()) for path in sorted(folder.glob("*.*.*.*.*.json"))]
    return {"facts": json.loads(facts.read_text()) if facts.exists() else {}, "rows": rows}


def grouped(rows):
    """(case, python) -> tool -> key -> values of the rounds."""
    groups = collections.defaultdict(lambda: collections.defaultdict(
        lambda: collections.defaultdict(list)))
    for row in rows:
        of_tool = groups[row["case"], row["python"]][row["tool"]]
        for key, value in row.items():
            if isinstance(value, (int, float)):
                of_tool[key].append(value * (100 if key in PARTS else 1))
            elif key == "error":
                of_tool["error"].append(value)
    return groups


def cell(values, form):
    if not values:
        return "-"
    if isinstance(values[0], str):
        return "recorded nothing"
    middle = form % statistics.median(values)
    low, high = form % min(values), form % max(values)
    return middle if low == high else f"{middle} ({low}-{high})".replace(" %", "", 2) + (
        " %" if "%%" in form else "")


def uncertain(values, key):
    """Mean of the rounds, in percent, with its 95 % interval."""
    found, halves = values.get(key), values.get(key + "_uncertain")
    if not found:
        return "-"
    half = sum(half ** 2 for half in halves) ** 0.5 / len(halves)
    return "%+.1f \u00b1%.1f %%" % (100 * statistics.mean(found), 100 * half)


def ratio(of_tools, key, less_is_better):
    """Median of gilwait against the best median of the others."""
    medians = {tool: statistics.median(values[key]) for tool, values in of_tools.items()
               if values.get(key)}
    mine = medians.pop("gilwait", None)
    medians = {tool: value for tool, value in medians.items() if not tool.startswith("gilwait")}
    if mine is None or not medians:
        return None
    best = (min if less_is_better else max)(medians, key=medians.get)
    return "%.2f of %s" % (mine / medians[best], best) if medians[best] else None


def aligned(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip()
            for line in lines]


def order(case):
    threads, _, depth = case[0].partition("x")
    return (threads == "server", int(depth or 0), int(threads) if depth else 0, case[1])


def text(results):
    facts, groups = results["facts"], grouped(results["rows"])
    out = ["%s, %s CPUs, Linux %s, %s" % tuple(facts.get(key, "?") for key in
                                               ("cpu", "cpus", "kernel", "when")), ""]
    lines = [["threads x depth", "Python", "profiler"] + [column[1] for column in COLUMNS]]
    slow = [["target slower by", "Python"] + [heading for _, heading in SLOWDOWNS]]
    leaves = [["what the first thread was seen in", "Python"] + [heading for _, heading in LEAVES]]
    ratios = []
    for case in sorted(groups, key=order):
        of_tools = groups[case]
        for tool, values in of_tools.items():
            lines.append([case[0], case[1], tool] + [
                cell(values.get(key) or values.get("error") if key == "us_per_tick"
                     else values.get(key), form) for key, _, form, _ in COLUMNS])
            if any(values.get(key) for key, _ in SLOWDOWNS):
                slow.append([tool, case[1]] + [uncertain(values, key) for key, _ in SLOWDOWNS])
            if any(values.get(key) for key, _ in LEAVES):
                leaves.append([tool, case[1]] + [
                    cell(values.get(key, []), "%.2f %%" if key in PARTS else "%.0f")
                    for key, _ in LEAVES])
        found = [(heading, ratio(of_tools, key, less)) for key, heading, _, less in COLUMNS
                 if less is not None]
        ratios += ["%-8s %s: %s %s" % (case[0], case[1], heading, value)
                   for heading, value in found if value]
    out += aligned(lines)
    if ratios:
        out += ["", "gilwait against the best of the others:"] + ratios
    if len(slow) > 1:
        out += [""] + aligned(slow)
    if len(leaves) > 1:
        out += [""] + aligned(leaves)
    return "\n".join(out)
