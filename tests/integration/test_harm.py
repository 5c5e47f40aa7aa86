# SPDX-License-Identifier: Apache-2.0
"""The target is not stopped, not changed, and does not notice when gilwait is killed."""
import pathlib
import random
import signal
import subprocess
import time

from harness import PROGRAMS, TARGETS, Case, die_with_parent, per_interpreter


@per_interpreter(versions=("3.9", "3.11", "3.15"))
class Harm(Case):
    def states(self, pid):
        """The state letter of each of its threads."""
        return [path.read_text().rpartition(")")[2].split()[0]
                for path in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")]

    def tracer(self, pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(status.split("TracerPid:")[1].split()[0])

    def rounds(self, target):
        target.send("how many rounds?")
        return int(target.readline())

    def start_recorder(self, target, *options):
        return subprocess.Popen([PROGRAMS / "gilwait", *options, "-p", str(target.pid)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def test_killed_at_any_instant(self):
        self.kill_recorders()

    def test_killed_while_it_stops_threads(self):
        self.kill_recorders("--stop=100")

    def kill_recorders(self, *options):
        target = self.start(TARGETS / "hogs.py", 2)
        rounds = self.rounds(target)
        instants = random.Random(20)
        for turn in range(20):
            verb = ["dump"] if turn % 4 == 3 else \
                ["record", "-d", "20", "-r", "5000", "-o", str(self.folder / "killed.gilwait"),
                 *options]
            recorder = self.start_recorder(target, *verb)
            time.sleep(instants.uniform(0, 0.15))
            recorder.send_signal(signal.SIGKILL)
            recorder.wait(10)
            time.sleep(0.01 if options else 0)  # the kernel lets go of threads after the wait's end
            self.assertEqual(set(self.states(target.pid)) - set("RSD"), set())
            self.assertEqual(self.tracer(target.pid), 0)
            before, rounds = rounds, self.rounds(target)
            self.assertGreater(rounds, before)
        self.assertIsNone(target.process.poll())

    def test_never_stopped_or_traced(self):
        target = self.start(TARGETS / "hogs.py", 2)
        recorder = self.start_recorder(target, "record", "-d", "1", "-o",
                                       str(self.folder / "a.gilwait"))
        looks = 0
        while recorder.poll() is None:
            self.assertEqual(set(self.states(target.pid)) - set("RSD"), set())
            self.assertEqual(self.tracer(target.pid), 0)
            looks += 1
        self.assertEqual(recorder.returncode, 0)
        self.assertGreater(looks, 50)

    def test_nothing_is_left_in_the_target(self):
        target = self.start(TARGETS / "hogs.py", 2)
        folder = pathlib.Path(f"/proc/{target.pid}")

        def traces():
            files = sorted(str(path.readlink()) for path in folder.glob("fd/*"))
            mapped = {line.split(maxsplit=5)[5] for line in
                      (folder / "maps").read_text().splitlines() if "/" in line}
            return files, mapped, len(self.states(target.pid))

        before = traces()
        self.gilwait("dump", "-p", target.pid)
        self.record(target.pid, 0.5)
        self.assertEqual(traces(), before)
