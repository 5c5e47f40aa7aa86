# SPDX-License-Identifier: Apache-2.0
"""Profiles for the Firefox Profiler, which is in no package: the tables have the columns of another
writer of the same version, Perfetto; what they say is read by the rules of the format's
documentation, and has to be what json-lines says."""
import collections
import contextlib
import decimal
import json
import unittest

import browser
from harness import REPOSITORY, TARGETS, Case, per_interpreter
from perfetto import Trace

GOLDEN = REPOSITORY / "tests" / "golden"
NS_PER_MS = 1000000
INTERVAL = 1  # a phase of markers

# What the format allows beside what every writer has to write.
OPTIONAL = {"processStartupTime", "processShutdownTime", "registerTime", "unregisterTime", "pausedRanges",
            "processName", "profilingStartTime", "profilingEndTime", "logicalCPUs", "importedFrom", "oscpu",
            "platform", "abi", "misc", "toolkit", "debug", "symbolicated", "extensions", "pages"}
# What Perfetto writes without need, and empty.
NEEDLESS = {"counters", "profilerOverhead", "profilingLog", "profileGatheringLog"}
TABLES = {"samples", "markers", "stackTable", "frameTable", "funcTable", "resourceTable", "nativeSymbols"}


def nanoseconds(ms):
    """Exactly: JSON's numbers are read as decimals."""
    ns = decimal.Decimal(ms) * NS_PER_MS
    assert ns == int(ns), ms
    return int(ns)


class Thread:
    """One thread of a profile, its tables followed from samples to names."""

    def __init__(self, thread):
        self.tables = {name: thread[name] for name in TABLES}
        self.strings = thread["stringArray"]
        self.samples, self.markers = thread["samples"], thread["markers"]

    def row(self, table, row):
        columns = self.tables[table]
        assert 0 <= row < columns["length"], (table, row)
        return {name: column[row] for name, column in columns.items() if isinstance(column, list)}

    def frames(self, stack):
        """(function, file, line) from the leaf to the root."""
        while stack is not None:
            at = self.row("stackTable", stack)
            assert at["prefix"] is None or at["prefix"] < stack
            frame = self.row("frameTable", at["frame"])
            function = self.row("funcTable", frame["func"])
            file = function["fileName"]
            yield (self.strings[function["name"]], None if file is None else self.strings[file],
                   frame["line"])
            stack = at["prefix"]


class FirefoxCase(Case):
    time_limit = 300

    def profile(self, capture):
        out = self.gilwait("export", capture, "-f", "firefox").out
        return json.loads(out, parse_float=decimal.Decimal)

    def lines(self, capture):
        out = self.gilwait("export", capture, "-f", "json-lines").out
        return [json.loads(line) for line in out.splitlines()]

    def check(self, capture):
        """Returns the number of markers."""
        profile, lines = self.profile(capture), self.lines(capture)
        meta, stacks, blame = profile["meta"], collections.Counter(), collections.Counter()
        self.check_meta(meta)
        for thread in profile["threads"]:
            tables = Thread(thread)
            for name, table in tables.tables.items():
                for column in filter(lambda column: isinstance(column, list), table.values()):
                    self.assertEqual(len(column), table["length"], name)
            self.add_samples(tables, thread, stacks)
            self.add_markers(tables, thread, meta, blame)
        self.assertEqual(stacks, self.expected_stacks(lines))
        self.assertEqual(blame, self.expected_blame(lines))
        return sum(thread["markers"]["length"] for thread in profile["threads"])

    def check_meta(self, meta):
        self.assertIn("grey", [category["color"] for category in meta["categories"]])
        for schema in meta["markerSchema"]:
            self.assertLessEqual({"name", "display", "data"}, set(schema))

    def add_samples(self, tables, thread, stacks):
        samples = tables.samples
        self.assertEqual(samples["weightType"], "tracing-ms")
        self.assertEqual(list(samples["time"]), sorted(samples["time"]))
        for stack, weight in zip(samples["stack"], samples["weight"]):
            (state, _, _), *frames = tables.frames(stack)
            if weight:
                stacks[thread["pid"], thread["tid"], state, tuple(frames)] += nanoseconds(weight)

    def add_markers(self, tables, thread, meta, blame):
        schema = meta["markerSchema"][0]
        keys = {field["key"] for field in schema["data"]}
        before = 0
        for row in range(tables.markers["length"]):
            marker = tables.row("markers", row)
            self.assertEqual(tables.strings[marker["name"]], "GIL wait")
            self.assertEqual(marker["data"]["type"], schema["name"])
            self.assertLessEqual(set(marker["data"]), keys | {"type"})
            self.assertEqual(meta["categories"][marker["category"]]["name"], "waiting for the GIL")
            self.assertEqual(marker["phase"], INTERVAL)
            self.assertLessEqual(before, marker["startTime"], "markers overlap")
            before = marker["endTime"]
            blame[thread["tid"], marker["data"].get("holderTid")] += \
                nanoseconds(marker["endTime"]) - nanoseconds(marker["startTime"])

    def expected_stacks(self, lines):
        stacks = collections.Counter()
        for line in lines:
            if line["type"] == "stack":
                frames = tuple((frame["function"] + (" [C]" if frame["kind"] == "c" else ""),
                                frame["file"] or None, frame["line"] or None) for frame in line["stack"])
                stacks[str(line["pid"]), line["tid"], f"[{line['state']}]",
                       frames or (("(no Python frame)", None, None),)] += line["ns"]
        return +stacks

    def expected_blame(self, lines):
        blame = collections.Counter()
        for line in lines:
            if line["type"] == "pair":
                blame[line["waiter"]["tid"], line["holder"] and line["holder"]["tid"]] += line["ns"]
        return +blame


class StoredFirefox(FirefoxCase):
    def test_stored_captures(self):
        for capture in sorted(GOLDEN.glob("*.capture")):
            with self.subTest(capture.name):
                self.check(capture)

    @unittest.skipIf(browser.CHROMIUM is None, "no Chromium on this machine")
    def test_the_columns_of_another_writer(self):
        path = self.folder / "trace"
        self.gilwait("export", GOLDEN / "hog.capture", "-f", "chrome-trace", "-o", path)
        with contextlib.closing(Trace(path)) as trace:
            trace.query("include perfetto module export.to_firefox_profile")
            theirs = json.loads(trace.query("select export_to_firefox_profile()")[0][0])
        ours = self.profile(GOLDEN / "hog.capture")
        for version in (theirs, ours):
            self.assertEqual(version["meta"]["preprocessedProfileVersion"], 48)
        pairs = [(theirs, ours), (theirs["meta"], ours["meta"])]
        pairs += [(theirs["threads"][0], thread) for thread in ours["threads"]]
        pairs += [(theirs["threads"][0][name], ours["threads"][0][name]) for name in TABLES]
        for their, our in pairs:
            self.assertEqual(set(their) - set(our) - NEEDLESS, set())
            self.assertEqual(set(our) - set(their) - OPTIONAL, set())


@per_interpreter(versions=("3.13",))
class Firefox(FirefoxCase):
    def test_a_recording(self):
        hogs = self.start(TARGETS / "hogs.py", 3)
        self.assertGreater(self.check(self.record(hogs.pid, 1)), 10)
