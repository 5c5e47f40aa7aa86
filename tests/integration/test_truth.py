# SPDX-License-Identifier: Apache-2.0
"""Figures against targets whose GIL waits are known: within 5 points of the time it took."""
import json
import signal
import subprocess

from harness import PROGRAMS, TARGETS, Case, die_with_parent, per_interpreter


@per_interpreter
class Truth(Case):
    exclusive = True
    points = 0.05

    def measure(self, schedule):
        """(the target's own account, report, threads by name) of one run of the schedule."""
        target = self.start(TARGETS / "schedule.py", schedule)
        capture = self.folder / "truth.gilwait"
        recorder = subprocess.Popen([PROGRAMS / "gilwait", "record", "-q", "-p", str(target.pid),
                                     "-d", "60", "-o", capture], preexec_fn=die_with_parent)
        self.addCleanup(recorder.wait)
        self.addCleanup(recorder.kill)
        while not capture.exists() or not capture.stat().st_size:
            self.assertIsNone(recorder.poll())
        target.send("go")
        own = json.loads(target.readline())
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(recorder.wait(20), 0)
        report = self.report(capture, "--strict")
        threads = {thread["name"]: thread for thread in report["threads"]}
        for name in own["cpu"]:
            self.check(threads[name]["wall_s"], own["seconds"], own, f"wall of {name}")
            self.check(threads[name]["cpu_s"], own["cpu"][name], own, f"CPU of {name}")
        return own, report, threads

    def check(self, measured, expected, own, what, at_most=None):
        """It is what is expected, or between that and at_most."""
        at_most = expected if at_most is None else at_most
        off = (measured - min(max(measured, expected), at_most)) / own["seconds"]
        self.assertLess(abs(off), self.points, f"{what}: {measured} s and not {expected} to "
                        f"{at_most} s, {100 * off:+.1f} points")

    def blamed(self, report, waiter, holder):
        return sum(pair["seconds"] for pair in report["blame"]
                   if pair["waiter"]["name"] == waiter and
                   (pair["holder"]["name"] if pair["holder"] else None) == holder)

    def test_two_wait_for_one_that_keeps_it(self):
        own, report, threads = self.measure("holds")
        self.check(threads["A"]["states"].get("gil-blocked", 0), own["hold"], own, "A's holding")
        self.check(threads["A"]["gil_wait_s"], 0, own, "A's wait")
        for waiter, other in ("BC", "CB"):
            self.check(threads[waiter]["gil_wait_s"], own["hold"], own, f"{waiter}'s wait")
            self.check(self.blamed(report, waiter, "A"), own["hold"], own, f"{waiter} for A")
            self.check(self.blamed(report, waiter, other), 0, own, f"{waiter} for {other}")
            self.check(self.blamed(report, waiter, None), 0, own, f"{waiter} for nobody")
        places = {(pair["holder"]["function"], pair["waiter"]["function"])
                  for pair in report["blame"] if pair["seconds"] > 0.3}
        self.assertEqual(places, {("holder", "waiter")})

    def test_two_that_compute(self):
        own, report, threads = self.measure("hogs")
        for hog, other in ("AB", "BA"):
            # It waited while the other one computed, and did not while it computed itself. On a
            # machine with nothing else to do that is the same.
            low, high = own["cpu"][other], own["seconds"] - own["cpu"][hog]
            self.check(threads[hog]["gil_wait_s"], low, own, f"{hog}'s wait", high)
            self.check(self.blamed(report, hog, other), low, own, f"{hog} for {other}", high)
            self.check(threads[hog]["states"].get("native", 0), 0, own, f"{hog} without the GIL")
        self.assertGreater(report["gil"]["busy_share"], 0.9)
