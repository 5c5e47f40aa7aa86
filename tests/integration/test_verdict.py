# SPDX-License-Identifier: Apache-2.0
"""Verdicts on programs whose trouble is known, and the bound of doing without the GIL against what
processes in the place of threads gain in truth."""
import os
import signal
import statistics
import subprocess

from harness import PROGRAMS, TARGETS, Case, die_with_parent, per_interpreter

RUNS = 3
ATTEMPTS = 4
MOST_WORKERS = 4


@per_interpreter(versions=("3.8", "3.12", "3.14"))
class Findings(Case):
    exclusive = True

    def verdict(self, trouble):
        """What is found, where the machine had a CPU for the target."""
        for _ in range(ATTEMPTS):
            target = self.start(TARGETS / "troubles.py", trouble)
            verdict = self.report(self.record(target.pid, 2))["verdict"]
            target.close()
            if verdict["finding"] != "starved":
                break
        self.assertEqual(verdict["finding"], trouble, verdict)
        return verdict

    def test_not_the_gil(self):
        for trouble in ("lock", "io", "hot-thread", "idle"):
            with self.subTest(trouble):
                verdict = self.verdict(trouble)
                self.assertFalse(verdict["gil"])
                self.assertLess(verdict["bound"]["speed_up"][1], 1.1, verdict)

    def test_convoy(self):
        verdict = self.verdict("convoy")
        self.assertTrue(verdict["gil"])
        self.assertIn("because `hog` never lets go by itself", verdict["sentence"])
        interval = verdict["switch_interval"]
        self.assertEqual(interval["effect"], "shorter-waits")
        self.assertLess(0.7 * interval["interval_s"], interval["mean_wait_s"])
        self.assertLess(interval["mean_wait_s"], 3 * interval["interval_s"])

    def test_a_holder_that_keeps_it(self):
        verdict = self.verdict("culprit")
        self.assertEqual(verdict["switch_interval"]["effect"], "no-effect")
        self.assertIn("keep_gil", verdict["remedies"][0])

    def test_a_holder_that_sleeps(self):
        verdict = self.verdict("blocked-holder")
        self.assertIn("`hog` sleeps with it in sleep_with_gil", verdict["sentence"])
        self.assertIsNone(verdict["bound"])

    def test_in_turn(self):
        self.assertEqual(self.verdict("in-turn")["switch_interval"]["effect"], "no-gain")


@per_interpreter(versions=("3.8", "3.12", "3.14"))
class Bound(Case):
    exclusive = True

    def setUp(self):
        super().setUp()
        self.cpus = len(os.sched_getaffinity(0))
        if self.cpus < 2 or self.cpus < os.cpu_count():
            self.skipTest("the bound is for all CPUs of a machine with two or more")
        self.workers = min(self.cpus * 2, MOST_WORKERS)

    def in_processes(self, work):
        target = self.start(TARGETS / "fixed_work.py", "processes", work, self.workers)
        target.send("go")
        taken = float(target.readline(60))
        target.close()
        return taken

    def in_threads(self, work):
        """(seconds that threads took, verdict)"""
        target = self.start(TARGETS / "fixed_work.py", "threads", work, self.workers)
        capture = self.folder / "bound.gilwait"
        recorder = subprocess.Popen([PROGRAMS / "gilwait", "record", "-q", "-p", str(target.pid),
                                     "-d", "60", "-o", capture], preexec_fn=die_with_parent)
        self.addCleanup(recorder.wait)
        self.addCleanup(recorder.kill)
        while not capture.exists() or not capture.stat().st_size:
            self.assertIsNone(recorder.poll())
        target.send("go")
        taken = float(target.readline(60))
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(recorder.wait(20), 0)
        target.close()
        verdict = self.report(capture)["verdict"]
        capture.unlink()
        return taken, verdict

    def gains(self, work):
        """(what processes gain over threads, the bound, a verdict): medians."""
        threads, processes, bounds = [], [], []
        for _ in range(RUNS):
            taken, verdict = self.in_threads(work)
            threads.append(taken)
            bounds.append(verdict["bound"]["speed_up"][1])
            processes.append(self.in_processes(work))
        gain = statistics.median(threads) / statistics.median(processes)
        bound = statistics.median(bounds)
        print(f"{self.python.version} {work}: gain {gain:.2f}, bound {bound:.2f}")
        return gain, bound, verdict

    def test_work_that_needs_the_gil(self):
        gain, bound, verdict = self.gains("python")
        self.assertEqual(verdict["finding"], "in-turn", verdict)
        self.assertLess(gain, 1.15 * bound)
        self.assertGreater(gain, 0.65 * bound)

    def test_work_that_does_not(self):
        gain, bound, verdict = self.gains("native")
        self.assertFalse(verdict["gil"], verdict)
        self.assertLess(bound, 1.1)
        self.assertLess(gain, 1.3 * bound)
