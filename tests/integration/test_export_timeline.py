# SPDX-License-Identifier: Apache-2.0
"""The formats of `gilwait export` that show time, as Perfetto reads them: nothing in them is wrong to
it, and what it adds up is what json-lines has."""
import collections
import contextlib
import json
import unittest

import browser
from harness import REPOSITORY, TARGETS, Case, per_interpreter
from perfetto import Trace

GOLDEN = REPOSITORY / "tests" / "golden"
FIRST_GIL_TRACK = 1 << 22

SLICES = """
    select tid, slice.name, sum(dur) from slice
    join thread_track on slice.track_id = thread_track.id join thread using (utid) group by 1, 2"""
BLAME = """
    select tid, extract_arg(arg_set_id, 'args.holder_tid'), sum(dur) from slice
    join thread_track on slice.track_id = thread_track.id join thread using (utid)
    where slice.name in ('gil-wait', 'gil-handoff') group by 1, 2"""
# Of an arrow: where it begins, where it should, whether both sides are of the kind they should be.
ARROWS = """
    select holder_thread.tid, extract_arg(waiter.arg_set_id, 'args.holder_tid'),
           holder.name glob 'gil-*' and waiter.name in ('gil-wait', 'gil-handoff')
    from flow join slice holder on holder.id = slice_out join slice waiter on waiter.id = slice_in
    join thread_track on holder.track_id = thread_track.id
    join thread holder_thread using (utid)"""


class TimelineCase(Case):
    time_limit = 300

    @classmethod
    def setUpClass(cls):
        if browser.CHROMIUM is None:
            raise unittest.SkipTest("no Chromium on this machine")

    def lines(self, capture):
        """The objects of json-lines by their type."""
        lines = collections.defaultdict(list)
        for text in self.gilwait("export", capture, "-f", "json-lines").out.splitlines():
            line = json.loads(text)
            lines[line["type"]].append(line)
        return lines

    @contextlib.contextmanager
    def open(self, capture, name):
        path = self.folder / "timeline"
        self.gilwait("export", capture, "-f", name, "-o", path)
        with contextlib.closing(Trace(path)) as trace:
            self.assertEqual(trace.query("select name, value from stats"
                                         " where severity in ('error', 'data_loss') and value > 0"), [])
            yield trace


class ChromeTraceCase(TimelineCase):
    once = True  # the file itself is made by the golden tests as well

    def check(self, capture):
        """Returns the number of arrows."""
        lines = self.lines(capture)
        with self.open(capture, "chrome-trace") as trace:
            self.assertEqual(trace.query("select max(depth) from slice"), [[0]], "slices overlap")
            self.check_sums(lines, trace)
            names = {tid: name for tid, name in trace.query("select tid, name from thread")}
            for thread in lines["thread"]:
                if thread["name"].isprintable() and thread["name"]:
                    self.assertEqual(names[thread["tid"]], thread["name"])
            return self.check_blame(lines, trace)

    def check_sums(self, lines, trace):
        expected, found = collections.Counter(), collections.Counter()
        for thread in lines["thread"]:
            for state, ns in thread["states_ns"].items():
                expected[thread["tid"], state] += ns
        for row, gil in enumerate(lines["gil"]):
            expected[FIRST_GIL_TRACK + row, "held"] += gil["held_ns"]
            expected[FIRST_GIL_TRACK + row, "unknown"] += gil["unknown_ns"]
        for tid, name, ns in trace.query(SLICES):
            if tid >= FIRST_GIL_TRACK:
                name = "unknown" if name == "unknown holder" else "held"
            found[tid, name] += ns
        self.assertEqual(+found, +expected)

    def check_blame(self, lines, trace):
        expected = collections.Counter()
        for pair in lines["pair"]:
            holder = pair["holder"]["tid"] if pair["holder"] else None
            expected[pair["waiter"]["tid"], holder] += pair["ns"]
        self.assertEqual({(waiter, holder): ns for waiter, holder, ns in trace.query(BLAME)}, expected)
        arrows = trace.query(ARROWS)
        self.assertEqual(bool(arrows), any(pair["holder"] for pair in lines["pair"]))
        for found, holder, right in arrows:
            self.assertEqual((found, right), (holder, 1))
        return len(arrows)


class StoredChromeTrace(ChromeTraceCase):
    def test_stored_captures(self):
        # Odd names, C functions, and a tree of processes with a gap, a stop and several GILs.
        for name in ("hog", "c_calls", "tree"):
            with self.subTest(name):
                self.check(GOLDEN / f"{name}.capture")


@per_interpreter(versions=("3.13",))
class ChromeTrace(ChromeTraceCase):
    def test_a_recording(self):
        hogs = self.start(TARGETS / "hogs.py", 3)
        self.assertGreater(self.check(self.record(hogs.pid, 1)), 10)
