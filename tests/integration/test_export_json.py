# SPDX-License-Identifier: Apache-2.0
"""The JSON formats of `gilwait export`: read back and held against the report on the same capture."""
import collections
import json

from harness import TARGETS, Case, per_interpreter

NS = 1e-9


def sums(rows, key, value):
    """Of the rows the sum of a value for each key."""
    result = collections.Counter()
    for row in rows:
        result[key(row)] += value(row)
    return result


class ExportCase(Case):
    def recorded(self):
        hogs = self.start(TARGETS / "hogs.py", 3)
        capture = self.record(hogs.pid, 1)
        return capture, self.report(capture)

    def export(self, capture, name):
        return self.gilwait("export", capture, "--format", name).out


@per_interpreter(versions=("3.9", "3.13"))
class JsonLines(ExportCase):
    def test_lines_sum_to_the_report(self):
        capture, report = self.recorded()
        lines = collections.defaultdict(list)
        for number, text in enumerate(self.export(capture, "json-lines").splitlines()):
            line = json.loads(text)
            self.assertEqual(line["type"] == "meta", number == 0)
            lines[line["type"]].append(line)
        self.assertEqual(set(lines), {"meta", "process", "gil", "thread", "stack", "pair"})
        meta, threads = lines["meta"][0], lines["thread"]
        self.assertEqual((meta["schema_version"], meta["complete"]), (1, True))
        self.assertAlmostEqual(meta["duration_ns"] * NS, report["duration_s"], places=6)
        self.assertEqual({thread["tid"]: round(thread["gil_wait_s"] / NS) for thread in report["threads"]},
                         {thread["tid"]: thread["gil_wait_ns"] for thread in threads})

        in_states = sums(lines["stack"], lambda line: (line["thread"], line["state"]),
                         lambda line: line["ns"])
        self.assertEqual(in_states, {(thread["thread"], state): ns for thread in threads
                                     for state, ns in thread["states_ns"].items()})
        blame = sums(lines["pair"], lambda line: line["waiter"]["thread"], lambda line: line["ns"])
        self.assertEqual(blame, {thread["thread"]: thread["gil_wait_ns"] for thread in threads
                                 if thread["gil_wait_ns"]})
        for pair in lines["pair"]:
            self.assertEqual(pair["kind"] == "held", pair["holder"] is not None)
