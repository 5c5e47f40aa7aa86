# SPDX-License-Identifier: Apache-2.0
"""record --stop: doubts are settled by stopping single threads, within a budget."""
import os
import subprocess

from harness import TARGETS, Case, per_interpreter


@per_interpreter(versions=("3.9", "3.12", "3.15"))
class Stop(Case):
    def start_queued(self):
        target = self.start(TARGETS / "queued.py")
        cpu = str(max(os.sched_getaffinity(0)))
        subprocess.run(["taskset", "-a", "-p", "-c", cpu, str(target.pid)], check=True,
                       stdout=subprocess.DEVNULL)
        return target

    def record_often(self, target, *options):
        return self.record(target.pid, 2, "--max-cpu", 50, *options)

    def test_counts_what_it_stopped(self):
        target = self.start_queued()
        capture = self.record_often(target, "--stop=50")
        quality = self.report(capture)["quality"]
        self.assertGreater(quality["stops"], 5)
        self.assertGreater(quality["stopped_s"], 0)
        self.assertLess(quality["stopped_s"], 1)
        shown = self.gilwait("report", capture).out
        self.assertIn("it stopped threads of the target", shown)
        self.assertIsNone(target.process.poll())

    def test_keeps_to_its_budget(self):
        """The first stops are free to use what only the rest of the recording earns."""
        target = self.start_queued()
        few = self.report(self.record_often(target, "--stop=0.01"))["quality"]
        many = self.report(self.record_often(target, "--stop=50"))["quality"]
        self.assertGreater(few["stops"], 0)
        self.assertLess(few["stops"], many["stops"] / 2)

    def test_stops_nothing_unless_asked(self):
        target = self.start_queued()
        capture = self.record(target.pid, 1)
        self.assertEqual(self.report(capture)["quality"]["stops"], 0)
        self.assertNotIn("it stopped", self.gilwait("report", capture).out)

    def test_program_that_it_launched(self):
        """Its exit status is not lost to whoever traced its threads."""
        for _ in range(5):
            self.gilwait("run", "-q", "--stop=100", "-o", self.folder / "run.gilwait", "--",
                         *self.python.command(TARGETS / "hogs.py", 2, 0.4, "exec", "sh", "-c",
                                              "exit 7"), status=7)
