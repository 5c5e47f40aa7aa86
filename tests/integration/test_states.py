# SPDX-License-Identifier: Apache-2.0
"""Each thread's state is told right: targets whose every thread keeps one state up."""
import collections
import json
import signal
import time

from harness import TARGETS, Case, per_interpreter

HOLDS = {"gil-running", "gil-queued"}
WANTS = {"gil-wait", "gil-handoff"}

# What a thread of that role does all the time, to the last sample.
ASLEEP = {
    "receives": "io-wait", "receives_with_timeout": "io-wait", "accepts": "io-wait",
    "reads_a_pipe": "io-wait", "epolls": "io-wait", "polls": "io-wait", "selects": "io-wait",
    "waits_for_a_child": "io-wait", "sleeps": "sleep", "waits_for_a_lock": "lock-wait",
    "waits_for_an_event": "lock-wait", "waits_for_an_event_with_timeout": "lock-wait",
    "waits_for_a_queue": "lock-wait", "joins": "lock-wait", "main": "lock-wait",
}
WITHOUT_GIL = {"native", "cpu-wait"}


class StatesCase(Case):
    def start_roles(self, *roles):
        target = self.start(TARGETS / "states.py", *roles)
        target.tids = json.loads(target.ready_line.rsplit(" ", 1)[0])
        time.sleep(0.3)  # the main thread goes to sleep, too
        return target

    def dumps(self, target, n=20):
        """Role -> its threads in n dumps."""
        seen = collections.defaultdict(list)
        for _ in range(n):
            threads = {thread["tid"]: thread for thread in self.dump(target.pid)["threads"]}
            self.assertEqual(set(threads), set(target.tids.values()))
            for role, tid in target.tids.items():
                seen[role].append(threads[tid])
        return seen

    def check_share(self, seen, role, states, at_least=1.0):
        counts = collections.Counter(thread["state"] for thread in seen[role])
        share = sum(counts[state] for state in states) / len(seen[role])
        self.assertGreaterEqual(share, at_least, f"{role}: {dict(counts)}")

    def check_asleep(self, seen, roles=ASLEEP):
        for role in set(roles) & set(seen):
            self.check_share(seen, role, {ASLEEP[role]})
            self.assertEqual({thread["waits_for"] for thread in seen[role]}, {None}, role)


@per_interpreter
class States(StatesCase):
    def test_asleep_beside_a_hog(self):
        target = self.start_roles("hog", *(role for role in ASLEEP if role != "main"))
        seen = self.dumps(target)
        self.check_asleep(seen)
        self.check_share(seen, "hog", HOLDS)

    def test_waiter_waits_for_the_hog(self):
        target = self.start_roles("hog", "waiter")
        seen = self.dumps(target, 30)
        self.check_asleep(seen)
        self.check_share(seen, "hog", HOLDS, 0.7)
        self.check_share(seen, "waiter", WANTS, 0.7)
        blamed = collections.Counter(thread["waits_for"] for thread in seen["waiter"]
                                     if thread["state"] in WANTS)
        self.assertGreater(blamed[target.tids["hog"]], 0.8 * sum(blamed.values()), blamed)
        self.assertLessEqual(set(blamed), {target.tids["hog"], None})

    def test_hashing_needs_no_gil(self):
        target = self.start_roles("hashes", "receives", "sleeps")
        seen = self.dumps(target)
        self.check_asleep(seen)
        self.check_share(seen, "hashes", WITHOUT_GIL)

    def test_hashing_beside_hogs(self):
        """Nobody takes it for a waiter when there are real ones and no CPU is free."""
        target = self.start_roles("hashes", "hog", "waiter")
        seen = self.dumps(target, 30)
        self.check_share(seen, "hashes", WITHOUT_GIL, 0.8)
        self.check_share(seen, "waiter", WANTS, 0.6)

    def check_blocked_holder(self, holder):
        target = self.start_roles(holder, "waiter", "receives", "sleeps")
        time.sleep(0.7)
        seen = self.dumps(target, 20)
        self.check_asleep(seen, set(ASLEEP) - {"main"})  # that one may still want the GIL
        self.check_share(seen, holder, {"gil-blocked"})
        # It wakes up now and then to see whether the GIL is free.
        self.check_share(seen, "waiter", WANTS, 0.8)
        self.assertEqual({thread["waits_for"] for thread in seen["waiter"]
                          if thread["state"] in WANTS}, {target.tids[holder]})

    def test_holder_asleep_in_c(self):
        self.check_blocked_holder("holder_asleep")

    def test_holder_reading_in_c(self):
        self.check_blocked_holder("holder_reading")

    def test_stopped(self):
        target = self.start_roles("hog", "waiter", "receives")
        target.process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        seen = self.dumps(target, 3)
        for role in seen:
            self.check_share(seen, role, {"stopped"})
            self.assertTrue(seen[role][0]["stack"])
        target.process.send_signal(signal.SIGCONT)
        time.sleep(0.05)  # all of them run, to go on with what they slept in
        self.check_asleep(self.dumps(target, 3))


@per_interpreter
class RecordedStates(StatesCase):
    """The same, from a recording."""

    once = True  # how figures come out under a sanitizer is not what ships

    def test_shares(self):
        target = self.start_roles("hog", "waiter", "receives", "polls", "sleeps", "waits_for_a_lock")
        report = self.report(self.record(target.pid, 2))
        threads = {thread["tid"]: thread for thread in report["threads"]}
        self.assertEqual(set(threads), set(target.tids.values()))

        def share(role, states):
            thread = threads[target.tids[role]]
            return sum(thread["states"].get(state, 0) for state in states) / thread["wall_s"]

        for role in set(ASLEEP) & set(target.tids):
            self.assertGreater(share(role, {ASLEEP[role]}), 0.999, role)
        self.assertGreater(share("hog", HOLDS), 0.7)
        self.assertGreater(share("waiter", WANTS), 0.7)
        of_waiter = [pair for pair in report["blame"]
                     if pair["waiter"]["tid"] == target.tids["waiter"]]
        by_hog = sum(pair["seconds"] for pair in of_waiter
                     if pair["holder"] and pair["holder"]["tid"] == target.tids["hog"])
        self.assertGreater(by_hog, 0.8 * sum(pair["seconds"] for pair in of_waiter))
        self.assertEqual({pair["holder"]["function"] for pair in of_waiter
                          if pair["kind"] == "held"}, {"hog"})

    def test_short_runs_of_many_sleepers(self):
        """Threads that have slept for long are not looked at one by one, and yet nothing is lost."""
        target = self.start(TARGETS / "naps.py")
        time.sleep(0.5)
        report = self.report(self.record(target.pid, 3))
        naps = [thread for thread in report["threads"] if thread["name"].startswith("nap-")]
        self.assertEqual(len(naps), 40)
        cpu_s = sum(thread["cpu_s"] for thread in naps)
        run_s = sum(thread["states"].get(state, 0) for thread in naps
                    for state in ("native", "gil-running"))
        self.assertGreater(cpu_s, 0.05)
        self.assertGreater(run_s, 0.4 * cpu_s)  # a quarter without what is made up for afterwards
        self.assertLess(run_s, 1.6 * cpu_s + 0.1)
