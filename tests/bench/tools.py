# SPDX-License-Identifier: Apache-2.0
"""How each profiler is started, as its own documentation says: all threads, wall time."""
import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import peers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import check_format  # noqa: E402  (a reader of captures, found by the line above)


class Run:
    """One recording: what it cost and what came of it."""

    def __init__(self, usage, wall_s, peak_kib, output):
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.peak_kib = peak_kib
        self.wall_s = wall_s
        self.output = output
        self.ticks = 0.0        # looks at all threads
        self.lost = None        # of them: part, None if the tool does not say
        self.bytes = 0
        self.report_s = None    # from the end of the recording to a report


def peak_kib_of(pid):
    """rusage will not do: it starts with what the process was before it became the program."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s*(\d+)", status)
    return int(found[1]) if found else 0


def start(command, timeout):
    """Runs a command to its end; after `timeout` seconds it is asked to end, as by Control-C."""
    began = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.set_blocking(process.stdout.fileno(), False)
    output, peak_kib, interrupted = b"", 0, False
    while True:
        output += process.stdout.read() or b""
        if time.monotonic() - began > 0.3:
            peak_kib = max(peak_kib, peak_kib_of(process.pid))
        pid, _, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() - began > timeout and not interrupted:
            process.send_signal(signal.SIGINT)
            interrupted = True
        if time.monotonic() - began > 2 * timeout:
            process.kill()
        time.sleep(0.02)
    process.returncode = 0
    output += process.stdout.read() or b""
    process.stdout.close()
    return Run(usage, time.monotonic() - began, peak_kib, output.decode(errors="replace"))


class Tool:
    name = fastest = None  # rate that it can't keep up
    versions = ("3.13",)   # of the target
    leaves_rate = None     # at which leaves() is asked

    def prepare(self):
        """Raises peers.Missing."""

    def record(self, target, seconds, rate, file):
        run = start(self.command(target, seconds, rate, file), 2 * seconds + 10)
        if os.path.exists(file):
            run.bytes = os.path.getsize(file)
        self.read(run, target, file)
        if not run.ticks:
            last = (run.output.strip().splitlines() or ["no output"])[-1]
            raise peers.Missing(f"recorded nothing: {last}")
        return run

    def command(self, target, seconds, rate, file):
        raise NotImplementedError

    def read(self, run, target, file):
        raise NotImplementedError

    def leaves(self, target, file):
        """Samples of the main thread in a recording, by the function that is on top of its stack;
        None if that is not known of this profiler."""


class Gilwait(Tool):
    name, fastest, versions = "gilwait", 100000, ("3.13", "3.15")
    leaves_rate = 1000
    options = ()

    def prepare(self):
        self.program = peers.harness.PROGRAMS / "gilwait"
        if not self.program.exists():
            raise peers.Missing(f"{self.program} is not built; GW_BIN names the folder")

    def command(self, target, seconds, rate, file):
        budget = 100 if rate == self.fastest else 50
        return [self.program, "record", "-q", "-p", target.pid, "-d", seconds, "-r", rate,
                "--max-cpu", budget, *self.options, "-o", file]

    def read(self, run, target, file):
        began = time.monotonic()
        done = subprocess.run([self.program, "report", "--json", file], check=True,
                              stdout=subprocess.PIPE)
        run.report_s = time.monotonic() - began
        quality = json.loads(done.stdout)["quality"]
        run.ticks = quality["ticks"]
        run.lost = quality["dropped"] / max(1, run.ticks)
        run.torn = quality["torn"] / max(1, run.ticks)

    def leaves(self, target, file):
        return check_format.Leaves(file.read_bytes(), target.pid).ticks


class GilwaitNative(Gilwait):
    name, options, leaves_rate = "gilwait --native", ("--native",), None


class GilwaitNativeStop(Gilwait):
    name, options, leaves_rate = "gilwait --native --stop", ("--native", "--stop"), None


class Austin(Tool):
    fastest = 1000000

    def command(self, target, seconds, rate, file):
        return self.program + ["-i", max(1, round(1e6 / rate)), "-x", max(1, round(seconds)), "-p",
                               target.pid, "-o", file]

    def read(self, run, target, file):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", run.output)
        found = re.search(r"Error rate[ .:]*(\d+)/(\d+)", plain)
        if found:  # it counts the samples of each thread
            run.ticks = int(found[2]) / target.threads
            run.lost = int(found[1]) / max(1, int(found[2]))


class Austin4(Austin):
    name = "Austin 4"

    def prepare(self):
        self.program = peers.under_newer_libc(peers.from_pypi("austin-dist", "austin"))


class Austin3(Austin):
    name = "Austin 3"

    def prepare(self):
        self.program = peers.under_newer_libc(peers.from_debian("austin", "austin"))


class PySpy(Tool):
    name, fastest, options = "py-spy", 10000, ()
    leaves_rate = 200

    def prepare(self):
        self.program = peers.from_pypi("py-spy", "py-spy")

    def command(self, target, seconds, rate, file):
        return [self.program, "record", "-i", "-t", "-F", "-f", "raw", *self.options, "-r", rate,
                "-d", max(1, round(seconds)), "-p", target.pid, "-o", file]

    def read(self, run, target, file):
        found = re.search(r"Samples: (\d+) Errors: (\d+)", run.output)
        if found:
            run.ticks = int(found[1]) / target.threads
            run.lost = int(found[2]) / max(1, int(found[1]) + int(found[2]))

    def leaves(self, target, file):
        found = collections.Counter()
        for line in file.read_text().splitlines():
            stack, _, samples = line.rpartition(" ")
            if ";hog (" in stack:
                found[re.sub(r" \(.*", "", stack.rpartition(";")[2])] += int(samples)
        return found


class PySpyNonblocking(PySpy):
    name, options = "py-spy --nonblocking", ("--nonblocking",)


class PySpyNative(PySpy):
    name, options, leaves_rate = "py-spy --native", ("--native",), None


class Tachyon(Tool):
    name, fastest, versions = "profiling.sampling", 1000000, ("3.15",)

    def prepare(self):
        self.python = peers.harness.interpreters().get("3.15")
        if not self.python:
            raise peers.Missing("there is no CPython 3.15")

    def inside(self, target, *arguments):
        python = [self.python.path, "-m", "profiling.sampling", *arguments]
        if self.python.root == "/":
            return python
        return ["nsenter", "-t", target.pid, "--mount", "--root", *python]

    def command(self, target, seconds, rate, file):
        return self.inside(target, "attach", "-a", "--binary", "-r", rate, "-d", seconds, "-o", file,
                           target.pid)

    def read(self, run, target, file):
        found = re.search(r"Captured ([\d,]+) samples", run.output)
        wrong = re.search(r"Error rate: ([\d.]+)", run.output)
        if found:
            run.ticks = int(found[1].replace(",", ""))
            run.lost = float(wrong[1]) / 100 if wrong else None
            began = time.monotonic()
            subprocess.run([str(part) for part in self.inside(
                target, "replay", "--collapsed", "-o", f"{file}.txt", file)], check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            run.report_s = time.monotonic() - began


ALL = [Gilwait(), Austin4(), Austin3(), PySpy(), PySpyNonblocking(), Tachyon()]
NATIVE = [Gilwait(), GilwaitNative(), GilwaitNativeStop(), PySpy(), PySpyNative()]
