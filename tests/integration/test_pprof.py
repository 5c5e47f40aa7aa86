# SPDX-License-Identifier: Apache-2.0
"""`gilwait export`: profiles read back by Go's own pprof, folded stacks, and how the command fails."""
import functools
import re
import shutil
import subprocess
import unittest

from harness import REPOSITORY, TARGETS, Case, per_interpreter

GOLDEN = REPOSITORY / "tests" / "golden"
VALUES = ("samples", "wall", "cpu", "gil_hold", "gil_blame", "gil_wait")
STATES = {"cpu": ("gil-running", "native", "python-running"),
          "gil_hold": ("gil-running", "gil-queued", "gil-blocked")}


@functools.lru_cache(maxsize=None)
def pprof_command():
    """The reader: that of Go (which builds it when it is first used) or one of its own; or None."""
    for command in (["go", "tool", "pprof"], ["pprof"]):
        if shutil.which(command[0]):
            run = subprocess.run([*command, "-h"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, timeout=170)
            if b"-sample_index" in run.stdout:
                return command
    return None


class PprofCase(Case):
    time_limit = 300  # Go may have to build its pprof

    @classmethod
    def setUpClass(cls):
        if pprof_command() is None:
            raise unittest.SkipTest("no pprof on this machine (golang has it as `go tool pprof`)")

    def pprof(self, *args):
        run = subprocess.run([*pprof_command(), *map(str, args)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def export(self, capture, *options):
        path = self.folder / "profile.pb.gz"
        self.gilwait("export", capture, "--format", "pprof", "-o", path, *options)
        return path

    def read(self, profile):
        """What pprof finds in a profile: the value types, and per sample values and string labels."""
        lines = self.pprof("-raw", profile).splitlines()
        at = lines.index("Samples:") + 1
        types, samples = lines[at].replace("[dflt]", "").split(), []
        for line in lines[at + 1:lines.index("Locations")]:
            values = re.fullmatch(r"\s*([-\d\s]+): [\d ]+", line)
            if values:
                samples.append(([int(value) for value in values[1].split()], {}))
            else:
                samples[-1][1].update(re.findall(r"(\w+):\[(.*?)\](?= |$)", line))
        return types, samples

    def check_totals(self, profile, report):
        types, samples = self.read(profile)
        self.assertEqual(types, [VALUES[0] + "/count"] + [v + "/nanoseconds" for v in VALUES[1:]])
        totals = dict(zip(VALUES, (sum(column) for column in zip(*(values for values, _ in samples)))))
        threads = report["threads"]
        expected = {name: sum(thread["states"].get(state, 0) for thread in threads for state in states)
                    for name, states in STATES.items()}
        expected["wall"] = sum(thread["wall_s"] for thread in threads)
        expected["gil_wait"] = sum(thread["gil_wait_s"] for thread in threads)
        expected["gil_blame"] = sum(pair["seconds"] for pair in report["blame"]
                                    if pair["kind"] == "held")
        for name, seconds in expected.items():
            self.assertAlmostEqual(totals[name] / 1e9, seconds, delta=1e-6, msg=name)
        nobody = sum(values[-1] for values, labels in samples
                     if "gil_holder" in labels and "gil_holder_thread" not in labels)
        self.assertEqual(totals["gil_blame"] + nobody, totals["gil_wait"])
        return totals


class StoredProfiles(PprofCase):
    """Of the captures in tests/golden."""

    def test_totals(self):
        for capture in sorted(GOLDEN.glob("*.capture")):
            with self.subTest(capture.name):
                report = self.gilwait("report", "--json", capture).json()
                totals = self.check_totals(self.export(capture), report)
                self.assertGreater(totals["samples"], 0)

    def test_names_labels_and_times(self):
        profile = self.export(GOLDEN / "tree.capture")
        top = self.pprof("-top", "-lines", profile)
        self.assertIn("Type: gil_wait", top)
        self.assertIn("incomplete: ", top)
        self.assertIn("<lambda> /opt/app/hog.py:9", top)
        self.assertIn("Time: 2025-11-24 16:00:00 UTC", top)
        tags = self.pprof("-tags", profile)
        self.assertRegex(tags, r"120ms .*: hog-2")
        self.assertRegex(tags, r"interpreter_id: ")

    def test_waiter_to_holder_by_labels(self):
        profile = self.export(GOLDEN / "hog.capture")
        traces = self.pprof("-traces", "-tagroot=thread_name", "-tagleaf=gil_holder", profile)
        self.assertRegex(traces, r"\brow\n\s+dumps\n\s+handle\n\s+Thread._bootstrap\n\s+worker-1\n")

    def test_a_difference_of_two(self):
        profile = self.export(GOLDEN / "hog.capture")
        self.assertIn("accounting for 0, 0% of 1.55s total",
                      self.pprof("-top", "-diff_base", profile, profile))

    def test_one_value(self):
        types, samples = self.read(self.export(GOLDEN / "hog.capture", "--value", "gil_wait"))
        self.assertEqual(types, ["gil_wait/nanoseconds"])
        self.assertEqual(sum(values[0] for values, _ in samples), 1_550_000_000)


@per_interpreter(versions=("3.9", "3.11", "3.14"))
class RecordedProfile(PprofCase):
    def test_totals_of_a_recording(self):
        hogs = self.start(TARGETS / "hogs.py", 3)
        capture = self.record(hogs.pid, 2)
        profile = self.export(capture)
        totals = self.check_totals(profile, self.report(capture))
        self.assertGreater(totals["gil_wait"], 1e9)  # two of three wait at any time, for 2 s
        self.assertGreater(totals["gil_hold"], 1e9)
        self.assertRegex(self.pprof("-top", profile), r"\bhog\b")

    def test_totals_of_folded_stacks(self):
        hogs = self.start(TARGETS / "hogs.py", 3)
        capture = self.record(hogs.pid, 1)
        wait = sum(thread["gil_wait_s"] for thread in self.report(capture)["threads"])
        for view in ([], ["--blame"], ["--pairs"]):
            lines = self.gilwait("export", capture, "-f", "collapsed", *view).out.splitlines()
            total = sum(int(line.rpartition(" ")[2]) for line in lines)
            self.assertLessEqual(abs(total - wait * 1e6), len(lines), view)


class StoredStacks(Case):
    """Folded stacks of captures in tests/golden, byte for byte."""

    def test_golden(self):
        for name in ("hog", "tree"):
            for view in ([], ["--blame"], ["--pairs"]):
                stored = GOLDEN / f"export-{name}{''.join(view).replace('--', '.')}.collapsed"
                with self.subTest(stored.name):
                    result = self.gilwait("export", GOLDEN / f"{name}.capture", "-f", "collapsed", *view)
                    self.assertEqual(sorted(result.out.splitlines()),
                                     sorted(stored.read_text(encoding="utf-8").splitlines()))


class ExportCommand(Case):
    """The command itself: outputs, warnings, refusals."""

    def export(self, *args, **kwargs):
        return self.gilwait("export", *args, **kwargs)

    def setUp(self):
        super().setUp()
        self.capture = self.folder / "x.gilwait"
        shutil.copy(GOLDEN / "hog.capture", self.capture)

    def test_a_file_is_replaced_whole(self):
        out, link = self.folder / "out", self.folder / "link"
        link.symlink_to(out)
        out.write_text("before")
        self.export(self.capture, "-f", "collapsed", "-o", link)
        self.assertEqual(out.read_text(), self.export(self.capture, "-f", "collapsed", "-o", "-").out)
        self.assertTrue(link.is_symlink())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["link", "out", "x.gilwait"])

    def test_a_failure_leaves_what_was_there(self):
        self.export(self.capture, "-f", "collapsed", "-o", self.folder / "no" / "out", status=1)
        result = self.export(self.capture, "-f", "pprof", "-o", "/dev/full", status=1)
        self.assertIn("/dev/full: No space left", result.err)
        before = self.capture.read_bytes()
        self.export(self.capture, "-f", "pprof", "-o", self.capture, status=2)
        self.assertEqual(self.capture.read_bytes(), before)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["x.gilwait"])

    def test_a_cut_capture_is_exported_as_far_as_it_goes(self):
        self.capture.write_bytes(self.capture.read_bytes()[:-4])
        self.assertIn("warning", self.export(self.capture, "-f", "collapsed").err)
        result = self.export(self.capture, "-f", "collapsed", "--strict", status=3)
        self.assertIn("worker-1;", result.out)

    def test_bad_input(self):
        self.export(self.folder / "missing", "-f", "pprof", status=1)
        empty = self.folder / "empty"
        empty.touch()
        self.export(empty, "-f", "collapsed", status=1)
        self.assertIn("collapsed, pprof", self.export(self.capture, "-f", "svg", status=2).err)
        for arguments in ([], [self.capture], ["-f", "pprof"], [self.capture, "-f"],
                          [self.capture, "-f", "pprof", "--pairs"], [self.capture, "--nonsense"],
                          [self.capture, "-f", "collapsed", "--value", "wall"],
                          [self.capture, "-f", "pprof", "--value", "walls"],
                          [self.capture, self.capture, "-f", "pprof"]):
            with self.subTest(arguments):
                self.assertIn("gilwait export: ", self.export(*arguments, status=2).err)

    def test_help(self):
        self.assertIn("collapsed", self.export("--help").out)
