# SPDX-License-Identifier: Apache-2.0
"""gilwait-view on good and bad input: each error one clear sentence, with the documented status."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree

from harness import PROGRAMS, REPOSITORY, Case

GOLDEN = REPOSITORY / "tests" / "golden"
HOG = GOLDEN / "hog.capture"
FILE_HEAD = 16
CHUNK_HEAD = 12


CONVOY = GOLDEN / "convoy.capture"
FIXED = GOLDEN / "convoy_fixed.capture"


class Check(Case):
    """Two threads wait for 25 % of their time, 5 ms at once, for one that holds the GIL 9 ms at once."""

    def check(self, *limits, status, file=CONVOY):
        return self.gilwait("check", *limits, file, status=status).out

    def test_answers_and_exit_status(self):
        for limits, status, answer in (
                (("--max-gil-wait", "40%"), 0, "pass"), (("--max-gil-wait", "10%"), 7, "fail"),
                (("--max-wait", "50ms"), 0, "pass"), (("--max-wait", "0.002s"), 7, "fail"),
                (("--max-hold", "20ms"), 0, "pass"), (("--max-hold", "5000us"), 7, "fail"),
                (("--max-hold", "9ms"), 0, "not enough data"),
                (("--max-hold", "9ms", "--strict"), 3, "not enough data"),
                (("--max-gil-wait", "40%", "--max-hold", "5ms"), 7, "fail")):
            with self.subTest(limits):
                self.assertIn("\n" + answer if answer == "fail" else answer,
                              self.check(*limits, status=status))

    def test_says_who(self):
        out = self.check("--max-gil-wait", "10%", "--max-hold", "5ms", status=7)
        self.assertIn("http-* (2 threads)", out)
        self.assertIn("worker in refresh_index", out)
        self.assertLessEqual(max(map(len, out.splitlines())), 80)

    def test_markdown_of_hostile_names(self):
        out = self.check("--max-gil-wait", "10%", "--markdown", status=7, file=HOG)
        self.assertNotIn("\33", out)
        rows = [line for line in out.splitlines() if line.startswith("|")]
        self.assertEqual({row.count("|") for row in rows}, {6})

    def test_refuses_nonsense(self):
        for limits in ((), ("--max-gil-wait", "101%"), ("--max-gil-wait", "x"), ("--max-wait", "5"),
                       ("--max-hold", "-1ms"), ("--max-hold", "0ms")):
            with self.subTest(limits):
                result = self.gilwait("check", *limits, CONVOY, status=2)
                self.assertIn("--help", result.err)


class Baseline(Case):
    """The convoy and what became of it: http-* waits 25 % of its time, then 0.4 %."""

    def check(self, before, after, *options, status, **kwargs):
        return self.gilwait("check", "--baseline", before, *options, after, status=status, **kwargs)

    def test_worse_and_better(self):
        out = self.check(FIXED, CONVOY, status=7).out
        self.assertRegex(out, r"(?m)^fail +GIL wait +25 % ±1 +\+5 points  http-\* \(2 threads\);")
        self.assertIn("baseline 0.4 %", out)
        self.assertLess(out.index("http-*"), out.index("worker;"))  # what rose most first
        self.assertRegex(out, r"(?m)^5 checks: 3 pass, 2 fail$")
        self.assertLessEqual(max(map(len, out.splitlines())), 100)
        out = self.check(CONVOY, FIXED, status=0).out
        self.assertRegex(out, r"(?m)^5 checks: 5 pass$")

    def test_what_is_tolerated(self):
        for options, status in ((("--max-increase", "30%"), 0), (("--max-increase", "24%"), 0),
                                (("--max-increase", "24%", "--strict"), 3),
                                (("--max-increase", "22%"), 7), (("--max-longer", "100ms"), 0)):
            with self.subTest(options):
                self.check(FIXED, CONVOY, *options, status=status)

    def test_one_kind_of_limit_alone(self):
        self.assertNotIn("longest", self.check(CONVOY, FIXED, "--max-increase", "5%", status=0).out)
        self.assertNotIn("GIL wait", self.check(CONVOY, FIXED, "--max-longer", "50ms", status=0).out)

    def test_beside_other_limits(self):
        out = self.check(CONVOY, CONVOY, "--max-gil-wait", "10%", status=7).out
        self.assertRegex(out, r"(?m)^fail +GIL wait +25 % ±1 +10 %  http-\*")
        self.assertRegex(out, r"(?m)^pass +GIL wait +25 % ±1 +\+5 points  http-\*")

    def test_refuses_what_cannot_be_compared(self):
        for before, words in ((GOLDEN / "pool.capture", ("Python 3.12.1", "3.14.0", "record")),
                              (GOLDEN / "missing", ("missing",))):
            status = 5 if before.exists() else 1
            with self.subTest(before):
                result = self.check(before, CONVOY, status=status)
                self.assertEqual(result.out, "")
                for word in words:
                    self.assertIn(word, result.err)

    def test_refuses_nonsense(self):
        self.gilwait("check", "--max-increase", "5%", CONVOY, status=2)
        self.check("-", "-", status=2)

    def test_incomplete_baseline_under_strict(self):
        cut = self.folder / "cut.gilwait"
        cut.write_bytes(FIXED.read_bytes()[:-8])
        self.check(cut, FIXED, status=0)
        self.check(cut, FIXED, "--strict", status=3)


class Junit(Case):
    def check(self, *args, status):
        """The text, and the test cases by name."""
        path = self.folder / "check.xml"
        out = self.gilwait("check", "--junit", path, *args, status=status).out
        suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
        cases = suite.findall("testcase")
        self.assertEqual(int(suite.get("tests")), len(cases))
        self.assertEqual(int(suite.get("failures")), len(suite.findall("testcase/failure")))
        self.assertEqual(int(suite.get("skipped")), len(suite.findall("testcase/skipped")))
        by_name = {case.get("name"): case for case in cases}
        self.assertEqual(len(by_name), len(cases))
        return out, suite, by_name

    def test_the_same_counts_as_the_text(self):
        limits = ("--max-gil-wait", "10%", "--max-wait", "50ms", "--max-hold", "9ms",
                  "--baseline", FIXED)
        out, suite, cases = self.check(*limits, CONVOY, status=7)
        counts = dict((word, int(n)) for n, word in
                      re.findall(r"(\d+) (pass|not enough data|fail)", out.splitlines()[-1]))
        self.assertEqual(int(suite.get("failures")), counts["fail"])
        self.assertEqual(int(suite.get("skipped")), counts["not enough data"])
        self.assertEqual(int(suite.get("tests")), sum(counts.values()))
        self.assertEqual(len(cases), 3 + 2 + 3 + 2)
        failure = cases["GIL wait of http-*"].find("failure").get("message")
        self.assertEqual(failure, "25 % ±1, limit 10 %: http-* (2 threads)")
        failure = cases["GIL wait of http-*, against the baseline"].find("failure").get("message")
        self.assertRegex(failure, r"^25 % ±1, limit \+5 points: http-\* .*; baseline 0.4 % ±0.1$")
        self.assertIn("9.0 ms ±1.0 ms", cases["longest hold"].find("skipped").get("message"))
        self.assertIn("0.0 % ±0.6", cases["GIL wait of MainThread"].find("system-out").text)

    def test_hostile_names(self):
        _, _, cases = self.check("--max-gil-wait", "10%", "--max-wait", "1s", HOG, status=7)
        self.assertIn("GIL wait of 作業者-3;\\n\\x1b[*m", cases)

    def test_on_standard_output(self):
        out = self.gilwait("check", "--junit", "-", "--max-wait", "1s", CONVOY, status=0).out
        self.assertEqual(xml.etree.ElementTree.fromstring(out).tag, "testsuites")

    def test_output_that_cannot_be_written(self):
        for path in (self.folder / "none" / "check.xml", "/dev/full"):
            result = self.gilwait("check", "--junit", path, "--max-wait", "1s", CONVOY, status=1)
            self.assertIn(str(path), result.err)
        own = self.folder / "own.gilwait"
        shutil.copy(CONVOY, own)
        self.gilwait("check", "--junit", own, "--max-wait", "1s", own, status=2)
        self.gilwait("check", "--junit", own, "--baseline", own, CONVOY, status=2)


class Diff(Case):
    def diff(self, *args, status=0):
        return self.gilwait("diff", *args, status=status)

    def test_says_what_changed(self):
        out = self.diff(CONVOY, FIXED).out
        self.assertIn("significantly less", out)
        self.assertRegex(out, r"(?m)^ +500 ±16 +13\.0 ±1\.6 +-487 ±16 +\*  http-\* \(2 → 3 threads\)$")
        self.assertRegex(out, r"(?m)^ .*  _pickle.loads \[C\]$")
        self.assertNotIn("\33", out)

    def test_lines_are_short_wherever_the_captures_are(self):
        folder = self.folder / ("d" * 30)
        folder.mkdir()
        paths = [shutil.copy(capture, folder) for capture in (CONVOY, FIXED)]
        out = self.diff(*paths).out
        self.assertIn(f"({paths[1]})", out)
        self.assertLessEqual(max(map(len, out.splitlines())), 100)

    def test_nothing_changed(self):
        out = self.diff(CONVOY, CONVOY).out
        self.assertIn("no significant change", out)
        self.assertFalse([line for line in out.splitlines() if re.search(r" \*  ", line)])

    def test_top_limits_the_tables(self):
        self.assertIn("more (--top 0 shows all)", self.diff("--top", "1", CONVOY, FIXED).out)
        report = json.loads(self.diff("--json", "--top", "1", CONVOY, FIXED).out)
        self.assertEqual(len(report["gil_wait"]), 1)

    def test_json_keeps_the_law_of_blame(self):
        report = json.loads(self.diff("--json", CONVOY, FIXED).out)
        self.assertEqual(report["schema_version"], 1)
        for side in ("before", "after"):
            total = report["total_gil_wait"][side]["value"]
            for table in ("gil_wait", "caused", "functions_suffered"):
                self.assertAlmostEqual(sum(row[side]["value"] for row in report[table]), total)

    def test_names_cannot_speak_to_the_terminal(self):
        out = self.diff(HOG, HOG).out
        self.assertNotIn("\33", out)
        self.assertLessEqual(max(map(len, out.splitlines())), 100)

    def test_refusals(self):
        pool = GOLDEN / "pool.capture"
        for args, status, words in (((CONVOY, pool), 5, ("pool.capture", "3.14.0", "record both")),
                                    ((CONVOY,), 2, ("two captures",)), ((), 2, ("two captures",)),
                                    ((CONVOY, CONVOY, FIXED), 2, ("convoy_fixed",)),
                                    (("-", "-"), 2, ("standard input",)),
                                    (("--top", "x", CONVOY, FIXED), 2, ("'x'",)),
                                    ((CONVOY, self.folder / "missing"), 1, ("missing",))):
            with self.subTest(args):
                result = self.diff(*args, status=status)
                self.assertEqual(result.out, "")
                for word in words:
                    self.assertIn(word, result.err)

    def test_incomplete_under_strict(self):
        cut = self.folder / "cut.gilwait"
        cut.write_bytes(FIXED.read_bytes()[:-8])
        for pair in ((CONVOY, cut), (cut, CONVOY)):
            self.diff(*pair, status=0)
            self.diff("--strict", *pair, status=3)


class View(Case):
    def view(self, *args, status=0, **kwargs):
        return self.gilwait(*args, status=status, program="gilwait-view", **kwargs)

    def write(self, data, name="test.gilwait"):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def assert_refused(self, result, *words):
        """One sentence on standard error that holds the words, perhaps one more with the fix."""
        self.assertEqual(result.out, "")
        self.assertLessEqual(result.err.count("\n"), 2, result.err)
        for word in words:
            self.assertIn(word, result.err)

    def test_every_command_refuses_what_is_no_capture(self):
        missing = self.folder / "missing.gilwait"
        cases = (
            (missing, 1, "No such file"),
            (self.write(b"", "empty"), 1, "empty"),
            (self.write(b"\x89GILW", "short"), 1, "empty or ends before"),
            (self.write(b"#!/bin/sh\necho no capture here\n", "script"), 1, "not a gilwait capture"),
            (self.write(HOG.read_bytes()[:8] + b"\2\0" + HOG.read_bytes()[10:], "newer"), 5,
             "another major version"),
            (self.write(HOG.read_bytes()[:FILE_HEAD] + b"x" * 40, "garbage"), 1, "malformed"),
            (self.folder, 1, "Is a directory"),
        )
        for command in ("report", "summary", "html"):
            for path, status, words in cases:
                with self.subTest(command=command, path=path.name):
                    result = self.view(command, path, status=status)
                    self.assert_refused(result, words, str(path), f"gilwait {command}: ")

    def test_a_cut_capture_reports_what_is_there(self):
        whole = HOG.read_bytes()
        for lost in (1, 14, 20):
            with self.subTest(lost=lost):
                path = self.write(whole[:-lost])
                for options, status in (((), 0), (("--strict",), 3)):
                    result = self.view("report", "--json", path, *options, status=status)
                    self.assertIn("warning", result.err)
                    self.assertIn("incomplete", result.err)
                    self.assertFalse(result.json()["end"]["complete"])
                    self.check_laws(result.json())
        # The ticks are in the last chunk but END.
        result = self.view("report", "--json", self.write(whole[:-14]))
        self.assertAlmostEqual(sum(pair["seconds"] for pair in result.json()["blame"]), 1.55)
        result = self.view("summary", self.write(whole[:-20]))
        self.assertIn("nothing to tell", result.out)

    def test_a_damaged_capture_reports_what_was_before(self):
        damaged = bytearray((GOLDEN / "tree.capture").read_bytes())
        damaged[-40] ^= 0xFF
        result = self.view("report", "--json", self.write(damaged))
        self.assertRegex(result.err, r"checksum does not match at byte \d+")
        self.assertEqual(result.json()["end"]["error"], "a checksum does not match")

    def test_nonsense_on_the_command_line(self):
        cases = (
            (), ("nonsense",), ("report",), ("report", "--nonsense", HOG), ("report", HOG, HOG),
            ("report", "--top", "many", HOG), ("report", "--top", "-1", HOG), ("summary",),
            ("summary", "--json", HOG), ("html",), ("html", "-o"),
        )
        for arguments in cases:
            with self.subTest(arguments=arguments):
                result = self.view(*arguments, status=2)
                self.assertEqual(result.out, "")
                self.assertTrue(result.err)

    def test_help_goes_to_standard_output(self):
        for arguments in (("--help",), ("report", "--help"), ("summary", "-h"), ("html", "--help"),
                          ("check", "--help"), ("diff", "--help")):
            result = self.view(*arguments)
            self.assertIn("Usage: gilwait", result.out)
            self.assertEqual(result.err, "")
        self.assertRegex(self.view("--version").out, r"^gilwait-view \d+\.\d+\.\d+\n$")

    def test_standard_input(self):
        run = subprocess.run([PROGRAMS / "gilwait-view", "report", "-"], input=HOG.read_bytes(),
                             stdout=subprocess.PIPE, check=True)
        self.assertEqual(run.stdout, (GOLDEN / "hog.report.txt").read_bytes())

    def test_output_that_cannot_be_written(self):
        for command in (("report",), ("report", "--json"), ("summary",), ("diff", HOG),
                        ("check", "--max-wait", "1s")):
            with open("/dev/full", "wb") as full:
                run = subprocess.run([PROGRAMS / "gilwait-view", *command, HOG], stdout=full,
                                     stderr=subprocess.PIPE)
            self.assertEqual(run.returncode, 1, command)
            self.assertIn(b"No space left on device", run.stderr)
        read_end, write_end = os.pipe()
        os.close(read_end)
        run = subprocess.run([PROGRAMS / "gilwait-view", "report", HOG], stdout=write_end,
                             stderr=subprocess.PIPE)
        os.close(write_end)
        self.assertEqual((run.returncode, run.stderr), (1, b""))

    def test_html_replaces_a_page_only_with_a_whole_one(self):
        capture = self.folder / "hog.gilwait"
        shutil.copy(HOG, capture)
        page = pathlib.Path(f"{capture}.html")
        page.write_text("old")
        self.view("html", capture)
        self.assertIn("<html", page.read_text()[:2000])
        result = self.view("html", capture, "-o", self.folder / "missing" / "page.html", status=1)
        self.assert_refused(result, "missing/page.html", "No such file")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["hog.gilwait", "hog.gilwait.html"])

    def test_colour_only_on_a_terminal(self):
        def on_terminal(**env):
            leader, follower = os.openpty()
            run = subprocess.Popen([PROGRAMS / "gilwait-view", "report", HOG], stdout=follower,
                                   env=dict(os.environ, TERM="xterm", **env))
            os.close(follower)
            shown = b""
            try:
                while block := os.read(leader, 4096):
                    shown += block
            except OSError:  # EIO: the follower was closed
                pass
            os.close(leader)
            self.assertEqual(run.wait(20), 0)
            return shown
        self.assertNotIn("\033[", self.view("report", HOG).out)
        self.assertIn(b"\033[1m", on_terminal())
        self.assertNotIn(b"\033[", on_terminal(NO_COLOR="1"))

    def test_names_cannot_speak_to_the_terminal(self):
        self.assertIn("\\x1b[31m", self.view("report", HOG).out)

    def test_top_limits_the_tables(self):
        short = self.view("report", "--top", "2", HOG).out
        self.assertIn("... and 12 more with", short)
        self.assertNotIn("more with", self.view("report", "--top", "0", HOG).out)
        report = self.view("report", "--json", "--top", "2", HOG).json()
        self.assertEqual(len(report["blame"]), 2)
        self.assertAlmostEqual(sum(pair["seconds"] for pair in report["blame"]) +
                               report["blame_omitted_s"], 1.55)
