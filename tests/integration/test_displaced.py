# SPDX-License-Identifier: Apache-2.0
"""A recorder without a CPU of its own still tells who was running until it came from who was not."""
import os

from harness import TARGETS, Case, per_interpreter


# The rules do not depend on the version of Python.
@per_interpreter(versions=("3.11",))
class OneCpu(Case):
    def setUp(self):
        super().setUp()
        before = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, before)
        os.sched_setaffinity(0, {min(before)})  # what is started from now on is kept there, too

    def test_two_processes_in_turn(self):
        """While it is recorded, a holder has its CPU half of the time; the rest it is queued."""
        target = self.start(TARGETS / "states.py", "hog")
        self.start(TARGETS / "states.py", "hog")
        for rate in (100, 1000):  # less and more often than they take turns
            capture = self.record(target.pid, 5, "-r", rate, "--max-cpu", 50, name=f"{rate}.gilwait")
            threads = self.report(capture)["threads"]
            hog = next(thread for thread in threads if thread["name"] == "hog")
            self.assertGreater(hog["run_queue_s"], 1, hog)
            for state, exact in (("gil-running", "cpu_s"), ("gil-queued", "run_queue_s")):
                with self.subTest(state, rate=rate):
                    self.assertAlmostEqual(hog["states"][state], hog[exact], delta=0.6, msg=str(hog))
