# SPDX-License-Identifier: Apache-2.0
"""Parts of a recording, and some of its threads: what they say sums to what the whole says."""
import json
import re
import subprocess

from harness import PROGRAMS, TARGETS, Case, per_interpreter

SECONDS = 3
CUT = 1.3  # within a block of the capture


def by_tid(report):
    return {thread["tid"]: thread for thread in report["threads"]}


@per_interpreter(versions=("3.12",))
class Parts(Case):
    recorded = None  # by the first test, for all

    def setUp(self):
        super().setUp()
        if self.recorded is None:
            target = self.start(TARGETS / "hogs.py", 3)
            type(self).recorded = self.record(target.pid, SECONDS).read_bytes()
        self.capture = self.folder / "parts.gilwait"
        self.capture.write_bytes(self.recorded)
        self.whole = self.report(self.capture)
        self.first = self.report(self.capture, "--to", CUT)
        self.second = self.report(self.capture, "--from", CUT)

    def assert_sum(self, figure):
        """Of both parts it is that of the whole, but for rounding."""
        self.assertAlmostEqual(figure(self.first) + figure(self.second), figure(self.whole),
                               delta=1e-6)

    def test_time_is_split(self):
        self.assert_sum(lambda report: report["duration_s"])
        self.assert_sum(lambda report: report["quality"]["ticks"])
        self.assertGreater(self.whole["threads"][0]["gil_wait_s"], 0.5)
        for tid, thread in by_tid(self.whole).items():
            self.assert_sum(lambda report: by_tid(report)[tid]["gil_wait_s"])
            for state in thread["states"]:
                self.assert_sum(lambda report: by_tid(report)[tid]["states"].get(state, 0))

    def test_blame_is_split(self):
        for kind in ("held", "handoff", "unknown"):
            self.assert_sum(lambda report: sum(pair["seconds"] for pair in report["blame"]
                                               if pair["kind"] == kind))
        self.assert_sum(lambda report: sum(row["self_s"] for row in report["functions_caused"]))

    def test_counts_are_split(self):
        self.assertGreater(self.whole["gil"]["switches"], 10)
        self.assert_sum(lambda report: report["gil"]["switches"])
        for count in ("late", "torn", "dropped", "displacing"):
            self.assert_sum(lambda report: report["quality"][count])
        self.assertTrue(self.first["part"]["counts_shared"])
        self.assertIsNone(self.whole["part"])

    def test_exact_times_are_known_or_said_not_to_be(self):
        """The hogs ran in the block that is cut; the main thread slept through it."""
        hogs = [thread for thread in self.first["threads"] if thread["name"].startswith("hog")]
        self.assertEqual([hog["cpu_s"] for hog in hogs], [None] * 3)
        self.assertIsNotNone(self.whole["threads"][0]["cpu_s"])
        text = self.gilwait("report", "--from", CUT, self.capture).out
        self.assertIn("not known (-)", re.sub(r"\s+", " ", text))

    def test_single_waits_say_when(self):
        """From the start of the recording, as --from and --to do."""
        self.assertTrue(self.second["waits"]["longest"])
        for wait in self.second["waits"]["longest"]:
            self.assertGreaterEqual(wait["start_s"], self.second["part"]["from_s"] - 1e-6)
            self.assertLess(wait["start_s"], SECONDS + 0.5)

    def test_from_the_end_and_from_a_pipe(self):
        last = self.report(self.capture, "--from", "-0.5s")
        self.assertAlmostEqual(last["duration_s"], 0.5, delta=0.1)
        self.assertAlmostEqual(last["part"]["to_s"], self.whole["duration_s"], delta=1e-6)
        command = [PROGRAMS / "gilwait", "report", "--json", "--from", "-0.5s", "-"]
        piped = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = piped.communicate(self.capture.read_bytes(), timeout=60)
        self.assertEqual(json.loads(out)["part"], last["part"])

    def test_every_command_says_which_part(self):
        words = r"%.3f s to %.3f s of %.3f s" % (
            self.first["part"]["from_s"], self.first["part"]["to_s"], self.whole["duration_s"])
        options = ("--to", CUT, self.capture)
        self.assertIn("Part of the recording: " + words, self.gilwait("report", *options).out)
        self.assertIn("From " + words, self.gilwait("summary", *options).out)
        check = self.gilwait("check", "--max-gil-wait", "100%", *options)
        self.assertIn("Part of the recording: " + words, check.out)

    def test_what_is_not_there(self):
        for options in (("--from", SECONDS + 5), ("--from", 2, "--to", 1)):
            result = self.gilwait("report", *options, self.capture, status=2)
            self.assertIn("%.3f s long" % self.whole["duration_s"], result.err)
            self.assertEqual(result.out, "")
        for verb in ("report", "html", "summary"):
            self.assertIn("no time of a recording",
                          self.gilwait(verb, "--from", "soon", self.capture, status=2).err)


@per_interpreter(versions=("3.12",))
class Threads(Case):
    """Two hogs and a thread that reads: hog 0 alone."""

    recorded = None

    def setUp(self):
        super().setUp()
        if self.recorded is None:
            target = self.start(TARGETS / "hogs.py", 2)
            type(self).recorded = self.record(target.pid, 1).read_bytes()
        self.capture = self.folder / "threads.gilwait"
        self.capture.write_bytes(self.recorded)
        self.all = self.report(self.capture)
        self.hog, self.other = (next(thread for thread in self.all["threads"]
                                     if thread["name"] == name) for name in ("hog 0", "hog 1"))

    def show(self, *patterns, capture=None):
        options = [word for pattern in patterns for word in ("--thread", pattern)]
        return self.gilwait("report", "--json", *options, capture or self.capture).json()

    def test_one_thread_by_name_pattern_or_tid(self):
        for pattern in ("hog 0", "*0", self.hog["tid"]):
            with self.subTest(pattern):
                shown = self.show(pattern)
                self.assertEqual(shown["threads"], [self.hog])
                self.assertEqual(shown["shown"]["of"], len(self.all["threads"]))
        self.assertEqual(len(self.show("hog ?")["threads"]), 2)
        self.assertEqual(len(self.show("hog 0", "answer")["threads"]), 2)

    def test_pairs_have_it_on_either_side(self):
        shown = self.show("hog 0")
        self.assertGreater(self.hog["gil_wait_s"], 0.1)
        waits = sum(pair["seconds"] for pair in shown["blame"]
                    if pair["waiter"]["tid"] == self.hog["tid"])
        self.assertAlmostEqual(waits, self.hog["gil_wait_s"], delta=1e-6)
        expected = [pair for pair in self.all["blame"] if self.hog["tid"] in (
            pair["waiter"]["tid"], (pair["holder"] or {}).get("tid"))]
        self.assertEqual(shown["blame"], expected)
        suffered = sum(row["self_s"] for row in shown["functions_suffered"])
        self.assertAlmostEqual(suffered, self.hog["gil_wait_s"], delta=1e-6)

    def test_two_halves_of_the_threads_suffer_the_whole(self):
        total = sum(thread["gil_wait_s"] for thread in self.all["threads"])
        halves = (self.show("hog 0"), self.show("hog 1", "answer", "MainThread"))
        for key in ("functions_suffered", "functions_caused"):
            self.assertAlmostEqual(
                sum(row["self_s"] for half in halves for row in half[key]),
                sum(row["self_s"] for row in self.all[key]), delta=1e-6)
        for episodes in ("waits", "holds"):
            self.assertEqual(sum(half[episodes]["count"] for half in halves),
                             self.all[episodes]["count"])
        self.assertAlmostEqual(halves[0]["shown"]["all_gil_wait_s"], total, delta=1e-6)

    def test_every_output_says_so(self):
        text = self.gilwait("report", "--thread", "hog 0", self.capture).out
        self.assertIn("Shown: only threads that match hog 0\n", text)
        self.assertIn("1 of 4 threads matches hog 0: it lost", text)
        self.assertNotIn("\nMainThread", text)
        self.assertIn("matches hog 0", self.gilwait("summary", "--thread", "hog 0",
                                                    self.capture).out)
        self.gilwait("html", "--thread", "hog 0", self.capture)
        folded = self.gilwait("export", "--format", "collapsed", "--thread", "hog 0",
                              self.capture).out
        self.assertTrue(folded)
        for line in folded.splitlines():
            self.assertIn("/hog 0;", line)

    def test_no_such_thread(self):
        result = self.gilwait("report", "--thread", "hgo*", self.capture, status=2)
        self.assertIn("matches 'hgo*'", result.err)
        self.assertIn("hog 0", result.err)
        self.assertEqual(result.out, "")
        self.assertIn("has no name",
                      self.gilwait("report", "--thread", "", self.capture, status=2).err)
        self.gilwait("check", "--max-gil-wait", "9%", "--thread", "hog 0", self.capture, status=2)
