# SPDX-License-Identifier: Apache-2.0
"""`gilwait top`: its figures on real targets, its screen, and the terminal that it leaves behind."""
import os
import pathlib
import re
import signal
import subprocess
import time

from harness import PROGRAMS, SANITIZER_REPORT, TARGETS, Case, per_interpreter
from terminal import Terminal


def rows_of(text, title):
    """The rows of the table whose heading has the title in it, up to an empty line."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if title in line)
    rows = lines[at + 1:]
    return rows[:rows.index("")] if "" in rows else rows


@per_interpreter
class Once(Case):
    def test_figures(self):
        target = self.start(TARGETS / "states.py", "hog", "waiter", "sleeps")
        result = self.gilwait("top", "-p", target.pid, "--once", "--window", 2)
        self.assertEqual(result.err, "")
        self.assertTrue(all(len(line) <= 80 for line in result.out.splitlines()), result.out)
        head = result.out.splitlines()[:3]
        self.assertRegex(head[0], rf"^pid {target.pid} .* Python {self.python.version}\.\S+ "
                                  r"+last [12]\.\d s$")
        busy, waiters = re.match(r"GIL busy ([\d.]+) %  waiters ([\d.]+)  switches [\d,]+/s   "
                                 r"recorder [\d.]+ % CPU, \d+/s", head[1]).groups()
        self.assertGreater(float(busy), 60, result.out)
        self.assertTrue(0.3 < float(waiters) < 1.7, result.out)

        threads = {row.split()[0]: row for row in rows_of(result.out, "what it did")}
        shares = {name: [float(share) for share in re.findall(r"([\d.]+) %", row)]
                  for name, row in threads.items()}
        self.assertGreater(shares["waiter"][1], 30, result.out)
        self.assertEqual(shares["sleeps"], [0, 0], result.out)
        bars = {name: re.search(r" ([HGNCI?-]{14})(?= )", row)[1] for name, row in threads.items()}
        self.assertGreater(bars["hog"].count("H"), 7, result.out)
        self.assertAlmostEqual(bars["waiter"].count("G") / 14, shares["waiter"][1] / 100, delta=.1)
        self.assertEqual(bars["sleeps"], "-" * 14, result.out)
        self.assertIn("- sleeps (", threads["sleeps"])

        pair = rows_of(result.out, "waits for")[0]
        self.assertRegex(pair, r"^ +[\d.]+ %  waiter +hog +hog \(", result.out)
        function = rows_of(result.out, "function that makes others wait")[0]
        self.assertRegex(function, r"^ +[\d.]+ % +[\d.]+ %  hog \(", result.out)
        self.assertGreater(float(function.split()[0]), 50, result.out)


@per_interpreter(versions=("3.11",))
class Refusals(Case):
    def test_usage(self):
        for options in ((), ("-p", "1", "2"), ("-p", "1", "--window", "0"),
                        ("-p", "1", "--window", "301"), ("-p", "1", "--window", "x"),
                        ("-p", "nonsense"), ("-p", "1", "--nonsense")):
            with self.subTest(options):
                self.assertEqual(self.gilwait("top", "--once", *options, status=2).out, "")

    def test_what_the_recorder_says(self):
        other = self.start_command(["sleep", "60"])
        result = self.gilwait("top", "--once", "-p", other.pid, status=5)
        self.assertIn("CPython", result.err)
        other.close()
        result = self.gilwait("top", "--once", "-p", other.pid, status=6)
        self.assertIn(str(other.pid), result.err)

    def test_no_terminal(self):
        target = self.start(TARGETS / "hogs.py", 1)
        self.assertIn("--once", self.gilwait("top", "-p", target.pid, status=1).err)

    def test_target_ends(self):
        target = self.start(TARGETS / "hogs.py", 2, 2)
        result = self.gilwait("top", "--once", "-p", target.pid, "--window", 20)
        self.assertIn("the target has ended", result.err)
        self.assertIn("hog 0", result.out)


@per_interpreter(versions=("3.11",))
class OnATerminal(Case):
    def setUp(self):
        super().setUp()
        self.target = self.start(TARGETS / "states.py", "hog", "waiter", "sleeps")

    def top(self, *options, **size):
        terminal = Terminal([PROGRAMS / "gilwait", "top", "-p", self.target.pid, *options],
                            **size)
        self.addCleanup(terminal.close)
        terminal.wait_for("what it did" if not size else "wait")
        self.assertNotEqual(terminal.settings(), terminal.before, "it has the terminal")
        return terminal

    def check_end(self, terminal, status=0):
        self.assertEqual(terminal.wait(), status, terminal.screen.text())
        self.assertEqual(terminal.settings(), terminal.before)
        self.assertNotRegex(terminal.screen.text(), SANITIZER_REPORT)

    def recorder_of(self, terminal):
        children = pathlib.Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children")
        return int(children.read_text())

    def test_keys(self):
        terminal = self.top()
        shown = terminal.wait_for("q quit")
        self.assertRegex(shown, r"(?m)^waiter +[\d.]+ % +[\d.]+ %  [HGNCI?-]{14}  ")
        for key, expected in (("f", "function that makes others wait"), ("p", "waits for"),
                              ("?", "begin the window anew"), ("t", "what it did"),
                              (" ", "frozen: space goes on"), ("/wait\n", "only rows with 'wait'")):
            terminal.press(key)
            shown = terminal.wait_for(expected, 5)
        self.assertNotIn("\nhog", shown)
        recorder = self.recorder_of(terminal)
        terminal.press("q")
        self.check_end(terminal)
        self.assertFalse(os.path.exists(f"/proc/{recorder}"))

    def test_frozen_picture_stays(self):
        terminal = self.top("--window", "1")
        terminal.press(" ")
        shown = terminal.wait_for("frozen")
        time.sleep(2.5)
        self.assertEqual(terminal.look(0.1), shown)
        terminal.press(" ")
        terminal.wait_for("q quit")
        time.sleep(2.5)
        self.assertNotEqual(terminal.look(0.1), shown)

    def test_window_slides(self):
        terminal = self.top("--window", "2")
        time.sleep(5)
        self.assertRegex(terminal.look(0.1), r"last [12]\.\d s")

    def test_small_window(self):
        terminal = self.top(rows=10, columns=40)
        shown = terminal.wait_for("waiter")
        self.assertIn("q quit", shown)
        terminal.resize(24, 80)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.wait_for("what it did")

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(number):
                terminal = self.top()
                terminal.process.send_signal(number)
                self.check_end(terminal)

    def test_ctrl_c(self):
        terminal = self.top()
        terminal.press("\x03")
        self.check_end(terminal)

    def test_target_ends(self):
        terminal = self.top()
        self.target.close()
        shown = terminal.wait_for("the target has ended")
        self.assertRegex(shown, r"(?m)^waiter ")
        terminal.press("q")
        self.check_end(terminal)

    def test_recorder_is_killed(self):
        terminal = self.top()
        os.kill(self.recorder_of(terminal), signal.SIGKILL)
        shown = terminal.wait_for("the recorder has failed")
        self.assertRegex(shown, r"(?m)^waiter ")
        terminal.press("q")
        self.check_end(terminal, status=1)

    def test_recorder_is_stopped(self):
        """What does not come cannot keep it from ending."""
        terminal = self.top()
        os.kill(self.recorder_of(terminal), signal.SIGSTOP)
        time.sleep(1.5)
        terminal.press("q")
        self.check_end(terminal)


@per_interpreter(versions=("3.11",))
class HostileNames(Case):
    def test_names(self):
        target = self.start(TARGETS / "names.py", ready="{")
        run = subprocess.run([PROGRAMS / "gilwait", "top", "--once", "--window", "1", "-p",
                              str(target.pid)], stdout=subprocess.PIPE, timeout=60, check=True)
        text = run.stdout.decode()
        self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
        self.assertIn("new\\nline", text)
