# SPDX-License-Identifier: Apache-2.0
"""One recording of gilwait beside the exact reference, on one scenario under one condition."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import harness  # noqa: E402  (found by the line above)

REFERENCE = harness.PROGRAMS.parent / "tests" / "truth"
SCENARIOS = ("hogs2", "hogs4", "hogs16", "convoy", "native", "locks", "blocked", "long_calls",
             "short", "bursts", "many", "server", "churn", "interpreters")
# Where the target and the profiler may run, and what else does.
CONDITIONS = ("free", "pinned", "loaded", "shared")
CPUS = sorted(os.sched_getaffinity(0))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Reference:
    """The log that the preloaded library keeps in a target; it outlives the target."""

    def __init__(self, pid):
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            try:
                if os.readlink(link).startswith("/memfd:gilref"):
                    self.log = open(link, "rb")
                    return
            except FileNotFoundError:
                pass  # a socket of the server that was closed meanwhile
        raise LookupError(f"process {pid} was started without the reference")

    @staticmethod
    def environment():
        return {"LD_PRELOAD": str(REFERENCE / "gilref.so")}

    def ask(self, *arguments):
        done = subprocess.run([REFERENCE / "gilref_sum", *arguments[:-3],
                               f"/proc/self/fd/{self.log.fileno()}", *map(str, arguments[-3:])],
                              pass_fds=[self.log.fileno()], check=True, stdout=subprocess.PIPE)
        return done.stdout

    def sums(self, *window):
        """What gilref_sum says of a window of CLOCK_MONOTONIC: start, end and period."""
        sums = json.loads(self.ask(*window))
        if sums["lost"]:
            raise RuntimeError(f"the reference lost {sums['lost']} events")
        return sums

    def intervals(self, *window):
        """(tid, what, from_ns, to_ns) of all that threads did."""
        for line in self.ask("--intervals", *window).decode().splitlines():
            tid, what, from_ns, to_ns = line.split()
            yield int(tid), what, int(from_ns), int(to_ns)

    def close(self):
        self.log.close()


def busy_seconds():
    """CPU time of the whole machine so far, time that the host took away included."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def own_seconds():
    """CPU time of this process and of all that it has started, however deep."""
    parents, used = {}, {}
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
            used[int(folder.name)] = sum(map(int, fields[11:15])) / TICKS_PER_SECOND
    total = 0
    for pid in used:
        ancestor = pid
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor]
        total += used[pid] if ancestor == os.getpid() else 0
    return total


def start_target(scenario, python, cpus, stack):
    command = python.command(HERE / "scenarios.py", scenario)
    if scenario == "server":
        command = python.command(harness.EXAMPLES / "server.py", "--seconds", 120)
    command = ["taskset", "-c", ",".join(map(str, cpus)), *command]
    target = harness.Target(command, env=Reference.environment(), stderr=subprocess.DEVNULL)
    stack.callback(target.close)
    ready = target.wait_for("ready", 60)
    if scenario == "server":
        load = subprocess.Popen(["/usr/bin/python3", harness.EXAMPLES / "load.py",
                                 ready.split()[-1], "--seconds", "120"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                preexec_fn=harness.die_with_parent)
        stack.callback(load.wait)
        stack.callback(load.kill)
        time.sleep(1)
    return target


def start_load(stack):
    """Twice as many as there are CPUs."""
    for _ in range(2 * len(CPUS)):
        burner = subprocess.Popen(["/usr/bin/python3", "-c", "while True: pass"],
                                  preexec_fn=harness.die_with_parent)
        stack.callback(burner.wait)
        stack.callback(burner.kill)


def record(pid, capture, seconds, cpus, options):
    command = ["taskset", "-c", ",".join(map(str, cpus)), str(harness.PROGRAMS / "gilwait"),
               "record", "-q", "-p", str(pid), "-d", str(seconds), "-o", str(capture), *options]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return report_on(capture)


def report_on(capture):
    shown = subprocess.run([harness.PROGRAMS / "gilwait", "report", "--json", capture], check=True,
                           stdout=subprocess.PIPE)
    return json.loads(shown.stdout)


def measure(scenario, condition, python, seconds, folder, options=(), also=None):
    """{report, exact, disturbed}: what gilwait and the reference say of the same window, and what
    share of a CPU processes of somebody else took meanwhile. `also` is called with the reference,
    the capture and the window."""
    one = CPUS[-1:]
    capture = pathlib.Path(folder) / "truth.gilwait"
    with contextlib.ExitStack() as stack:
        target = start_target(scenario, python, one if condition in ("pinned", "shared") else CPUS,
                              stack)
        if condition == "loaded":
            start_load(stack)
        reference = Reference(target.pid)
        stack.callback(reference.close)
        others, began = busy_seconds() - own_seconds(), time.monotonic()
        report = record(target.pid, capture, seconds, one if condition == "shared" else CPUS,
                        options)
        others = busy_seconds() - own_seconds() - others
        disturbed = max(0, others / (time.monotonic() - began))
        start_ns = int(report["recorded"]["start_monotonic_s"] * 1e9)
        end_ns = start_ns + int(report["duration_s"] * 1e9)
        period_ns = int(report["duration_s"] * 1e9 / max(1, report["quality"]["ticks"]))
        exact = reference.sums(start_ns, end_ns, period_ns)
        if also:
            also(reference, capture, (start_ns, end_ns, period_ns))
    return {"report": report, "exact": exact, "disturbed": disturbed}
