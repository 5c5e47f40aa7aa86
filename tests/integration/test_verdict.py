# SPDX-License-Identifier: Apache-2.0
"""Verdicts on programs whose trouble is known, and the bound of doing without the GIL against what
processes in the place of threads gain in truth."""
import os
import signal
import statistics
import subprocess

from harness import PROGRAMS, TARGETS, Case, die_with_parent, per_interpreter

RUNS = 3
ATTEMPTS = 6
# A recording is of use if its threads were queued for a CPU for less than this share of it; a run,
# if it got this share of the CPUs that it could use.
MOST_QUEUED = 0.2
LEAST_GOT = 0.85
# Two CPUs that are one core, or that a host hands out, are slower together: the same work may cost
# so much more CPU time in processes.
MOST_SLOWER = 1.25
# Less of it than this: threads that need the GIL were slowed down by something else than waiting for
# it, and the bound takes for granted that the same work takes the same CPU time.
LEAST_SLOWER = 0.9
MOST_WORKERS = 4


@per_interpreter(versions=("3.8", "3.12", "3.14"))
class Findings(Case):
    exclusive = True

    def verdict(self, trouble):
        """The verdict on a recording in which the target got the CPUs that it wanted."""
        for _ in range(ATTEMPTS):
            target = self.start(TARGETS / "troubles.py", trouble)
            report = self.report(self.record(target.pid, 2))
            target.close()
            queued = sum(thread["run_queue_s"] or 0 for thread in report["threads"])
            if queued < MOST_QUEUED * report["duration_s"]:
                break
        else:
            self.skipTest("the machine has no CPU to spare")
        self.assertEqual(report["verdict"]["finding"], trouble, report["verdict"])
        return report["verdict"]

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
        # More than there are CPUs, where they want the GIL; else they would wait for those.
        self.workers = {"python": min(self.cpus * 2, MOST_WORKERS),
                        "native": min(self.cpus, MOST_WORKERS)}
        # Long enough on a fast machine for a recording that has something to say.
        counter = self.start(TARGETS / "fixed_work.py", "steps")
        self.steps = counter.ready_line.split()[1]

    def work(self, target):
        """(seconds, CPUs that it had on average)"""
        target.send("go")
        seconds, cpu = map(float, target.readline(60).split())
        return seconds, cpu / seconds

    def in_processes(self, work):
        target = self.start(TARGETS / "fixed_work.py", "processes", work, self.workers[work],
                            self.steps)
        seconds, got = self.work(target)
        target.close()
        return seconds, got

    def in_threads(self, work):
        """(seconds, CPUs, verdict)"""
        target = self.start(TARGETS / "fixed_work.py", "threads", work, self.workers[work],
                            self.steps)
        capture = self.folder / "bound.gilwait"
        recorder = subprocess.Popen([PROGRAMS / "gilwait", "record", "-q", "-p", str(target.pid),
                                     "-d", "60", "-o", capture], preexec_fn=die_with_parent)
        self.addCleanup(recorder.wait)
        self.addCleanup(recorder.kill)
        while not capture.exists() or not capture.stat().st_size:
            self.assertIsNone(recorder.poll())
        seconds, got = self.work(target)
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(recorder.wait(20), 0)
        target.close()
        verdict = self.report(capture)["verdict"]
        capture.unlink()
        return seconds, got, verdict

    def gains(self, work, threads_use):
        """(what processes gain over threads, the bound, a verdict): medians of the runs in which
        the threads had the CPUs that they use, and the processes all."""
        runs = []
        for _ in range(ATTEMPTS):
            threads, threads_got, verdict = self.in_threads(work)
            processes, processes_got = self.in_processes(work)
            slower = processes * processes_got / (threads * threads_got)
            least = LEAST_SLOWER if work == "python" else 0
            if least < slower < MOST_SLOWER and threads_got >= LEAST_GOT * threads_use and \
                    processes_got >= LEAST_GOT * min(self.cpus, self.workers[work]):
                runs.append((threads, processes, verdict["bound"]["speed_up"][1]))
            if len(runs) == RUNS:
                break
        else:
            self.skipTest("the machine has no CPU to spare")
        threads, processes, bound = map(statistics.median, zip(*runs))
        print(f"{self.python.version} {work}: gain {threads / processes:.2f}, bound {bound:.2f}")
        return threads / processes, bound, verdict

    def test_work_that_needs_the_gil(self):
        gain, bound, verdict = self.gains("python", 1)
        self.assertEqual(verdict["finding"], "in-turn", verdict)
        self.assertLess(gain, 1.15 * bound)
        self.assertGreater(gain, 0.65 * bound)

    def test_work_that_does_not(self):
        gain, bound, verdict = self.gains("native", self.workers["native"])
        self.assertFalse(verdict["gil"], verdict)
        self.assertLess(bound, 1.1)
        self.assertLess(gain, 1.3 * bound)
