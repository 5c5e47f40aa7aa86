# SPDX-License-Identifier: Apache-2.0
"""What integration tests stand on: interpreters, targets, and the programs under test.

A test module is tests/integration/test_*.py with plain unittest classes derived from Case. A class
under @per_interpreter is run once for each Python version, with self.python set. Run them with
tests/integration/run.py; any Python from 3.9 up runs the tests, whatever the targets are.

Environment: GW_BIN is the folder with the programs under test (default build/dev/bin);
GW_INTERPRETER_LIST a file with the output of tests/interpreters.sh (default: it is called);
GW_REQUIRED the versions whose absence is a failure and no skip.
"""
import collections
import ctypes
import functools
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGETS = REPOSITORY / "tests" / "integration" / "targets"
EXAMPLES = REPOSITORY / "examples"
INTERPRETERS_SH = REPOSITORY / "tests" / "interpreters.sh"
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
PROGRAMS = pathlib.Path(os.environ.get("GW_BIN") or REPOSITORY / "build" / "dev" / "bin")

# What a sanitizer prints; it must fail the test whatever exit code the test expects.
SANITIZER_REPORT = re.compile(r"(?:ERROR: \w+Sanitizer|runtime error: |SUMMARY: \w+Sanitizer)")
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class Interpreter(collections.namedtuple("Interpreter", "version root path")):
    """A CPython to test against; path lies inside root."""

    def command(self, *args):
        """The command that becomes this Python without changing its process id."""
        if self.root == "/":
            return [self.path, *map(str, args)]
        return [str(INTERPRETERS_SH), "enter", self.root, self.path, *map(str, args)]

    @property
    def minor(self):
        return int(self.version.split(".")[1])


@functools.lru_cache(maxsize=None)
def interpreters():
    """Version -> Interpreter, of what can be had on this machine."""
    listed = os.environ.get("GW_INTERPRETER_LIST")
    if listed:
        lines = pathlib.Path(listed).read_text().splitlines()
    else:
        lines = subprocess.run([INTERPRETERS_SH, "list"], check=True, stdout=subprocess.PIPE,
                               text=True, timeout=900).stdout.splitlines()
    found = (Interpreter(*line.split("\t")) for line in lines)
    return {interpreter.version: interpreter for interpreter in found}


def die_with_parent():
    """For preexec_fn: no process outlives a test run that is killed."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Target:
    """A running program whose pid is that of the process itself, also for one in a chroot.

    Ended by close(), which Case does for what it starts; it is killed too if the test run dies.
    """

    def __init__(self, command, **popen):
        popen.setdefault("stdin", subprocess.PIPE)
        popen.setdefault("stdout", subprocess.PIPE)
        popen["env"] = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1",
                            **popen.pop("env", {}))
        # A process group of its own: what the target forks ends with it.
        self.process = subprocess.Popen([str(word) for word in command], preexec_fn=die_with_parent,
                                        start_new_session=True, **popen)
        self.pid = self.process.pid
        self._unread = b""

    def readline(self, timeout=20):
        """The next line of its standard output without the line end."""
        end = time.monotonic() + timeout
        descriptor = self.process.stdout.fileno()
        while b"\n" not in self._unread:
            ready, _, _ = select.select([descriptor], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"target {self.pid} printed no line in {timeout} s")
            read = os.read(descriptor, 65536)
            if not read:
                raise EOFError(f"target {self.pid} ended: status {self.process.wait(timeout)}")
            self._unread += read
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode("utf-8", "backslashreplace")

    def wait_for(self, text, timeout=20):
        """Reads lines up to the first that contains text, and returns it."""
        end = time.monotonic() + timeout
        while True:
            line = self.readline(max(0, end - time.monotonic()))
            if text in line:
                return line

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def close(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        self.process.wait(10)


class Result:
    """How a run of a program ended: status, out and err (text), and json() of out."""

    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{self.command} ended with {self.status}\n{self.out[-4000:]}{self.err[-8000:]}"


class Case(unittest.TestCase):
    """Base of all integration tests."""

    python = None      # the Interpreter, under @per_interpreter
    exclusive = False  # True: needs the machine for itself (figures depend on the load)
    once = False       # True: a second build has nothing to add, or other tests run the same C code
    time_limit = 180   # seconds for the whole class, after which it is killed and has failed

    def setUp(self):
        # Below /tmp, which a target in another root sees at the same path.
        folder = tempfile.TemporaryDirectory(prefix="gilwait-test-", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, script, *args, python=None, ready="ready", **popen):
        """Starts script under the interpreter; returns the Target when it has printed a line with
        the word `ready` (None: at once)."""
        command = (python or self.python).command(script, *args)
        return self.start_command(command, ready=ready, **popen)

    def start_command(self, command, ready=None, **popen):
        target = Target(command, **popen)
        self.addCleanup(target.close)
        if ready is not None:
            target.ready_line = target.wait_for(ready)
        return target

    def gilwait(self, *args, status=0, timeout=60, program="gilwait", **popen):
        """Runs `gilwait ARGS...` to its end and checks its exit status (None: any)."""
        path = PROGRAMS / program
        if not path.exists():
            self.fail(f"{path} is not built; GW_BIN names the folder of the programs")
        command = [str(path), *map(str, args)]
        popen["env"] = dict(os.environ, **popen.pop("env", {}))
        try:
            run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=timeout,
                                 preexec_fn=die_with_parent, **popen)
        except subprocess.TimeoutExpired as expired:
            self.fail(f"{command} did not end in {timeout} s: {expired.stderr}")
        result = Result(" ".join(command), run.returncode,
                        run.stdout.decode("utf-8", "surrogateescape"),
                        run.stderr.decode("utf-8", "surrogateescape"))
        self.assertNotRegex(result.err, SANITIZER_REPORT, str(result))
        if status is not None:
            self.assertEqual(result.status, status, str(result))
        return result

    def record(self, pid, seconds, *options, name="test.gilwait", **kwargs):
        """Records pid for some seconds and returns the path of the capture."""
        path = self.folder / name
        self.gilwait("record", "-p", pid, "-d", seconds, "-o", path, *options,
                     timeout=seconds + 60, **kwargs)
        return path

    def report(self, capture, *options):
        """The report on a capture as a dict; what must hold for every capture is checked."""
        report = self.gilwait("report", "--json", capture, *options).json()
        self.check_laws(report)
        return report

    def dump(self, pid, *options):
        return self.gilwait("dump", "--json", "-p", pid, *options).json()

    def check_laws(self, report):
        """Blame over all pairs sums to the wait over all waiters; states sum to the time observed."""
        threads, blame = report["threads"], report["blame"]
        rounding = 1e-6 * (1 + len(threads) + len(blame))
        self.assertAlmostEqual(sum(pair["seconds"] for pair in blame),
                               sum(thread["gil_wait_s"] for thread in threads), delta=rounding)
        for thread in threads:
            states = thread["states"]
            self.assertAlmostEqual(thread["gil_wait_s"], states.get("gil-wait", 0) +
                                   states.get("gil-handoff", 0), delta=rounding, msg=thread)
            self.assertAlmostEqual(thread["wall_s"], sum(states.values()) -
                                   states.get("stopped", 0), delta=rounding * 10, msg=thread)
            low, high = thread["gil_wait_ci95_s"]
            self.assertTrue(low <= thread["gil_wait_s"] + rounding and
                            thread["gil_wait_s"] <= high + rounding, thread)


def python_frames(stack):
    """Frames of a stack without the C function that it may end in."""
    return [frame for frame in stack if frame["kind"] == "python"]


def per_interpreter(case=None, *, versions=VERSIONS):
    """Class decorator: puts a class per Python version in its place, named CLASS_3_14.

    A version that cannot be had is skipped with that as its reason, or fails if GW_REQUIRED has it.
    """
    if case is None:
        return functools.partial(per_interpreter, versions=versions)
    limit = os.environ.get("GW_INTERPRETERS", "").replace(",", " ").split()
    required = os.environ.get("GW_REQUIRED", "").replace(",", " ").split()
    module = sys.modules[case.__module__]
    for version in versions:
        if limit and version not in limit:
            continue
        name = f"{case.__name__}_{version.replace('.', '_')}"
        python = interpreters().get(version)
        body = {"python": python, "__module__": case.__module__, "__qualname__": name}
        if python is None:
            body["setUpClass"] = classmethod(functools.partial(absent, version, version in required))
        setattr(module, name, type(name, (case,), body))
    return None


def absent(version, required, case):
    reason = f"no Python {version} on this machine (tests/interpreters.sh tells why)"
    if required:
        raise AssertionError(reason + ", and GW_REQUIRED names it")
    raise unittest.SkipTest(reason)
