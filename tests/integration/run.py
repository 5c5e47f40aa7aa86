#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the integration tests: each test class in a process of its own, several at a time.

A class that hangs or crashes takes only itself along. One line is printed per test, the text of a
failure below it, and a last line that counts. Classes marked `exclusive` run after the others,
alone.
"""
import argparse
import concurrent.futures
import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

import harness

HERE = pathlib.Path(__file__).resolve().parent
LOADER = unittest.TestLoader()


class Recorder(unittest.TestResult):
    """Writes one JSON line per finished test: [test, status, seconds, text]."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.began = 0.0
        self.outcome = None

    def write(self, test, status, text):
        self.stream.write(json.dumps([test, status, time.monotonic() - self.began, text]) + "\n")
        self.stream.flush()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.outcome = ("passed", "")

    def stopTest(self, test):
        super().stopTest(test)
        self.write(test.id().rpartition(".")[2], *self.outcome)

    def note(self, test, status, text):
        """Of several things that happen to one test (subtests, cleanups) all failures count."""
        if not hasattr(test, "_testMethodName") and not hasattr(test, "test_case"):
            self.began = time.monotonic()
            self.write("*", status, text)  # setUpClass or tearDownClass: about the whole class
        elif self.outcome[0] == "failed" and status == "failed":
            self.outcome = ("failed", self.outcome[1] + "\n" + text)
        elif self.outcome[0] != "failed":
            self.outcome = (status, text)

    def addError(self, test, err):
        self.note(test, "failed", "".join(traceback.format_exception(*err)))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note(test, "failed", str(subtest) + "\n" + "".join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self.note(test, "passed", "")

    def addUnexpectedSuccess(self, test):
        self.note(test, "failed", "it was expected to fail, and did not")


def run_group(group, result_path):
    """In the child: runs one class and leaves the results in a file."""
    module, name = group.split(".")
    suite = LOADER.loadTestsFromTestCase(getattr(importlib.import_module(module), name))
    with open(result_path, "w", encoding="utf-8") as stream:
        suite.run(Recorder(stream))


def groups_in(module):
    """Class name -> (exclusive, time limit, tests, once) of one module."""
    found = {}
    for name, value in sorted(vars(module).items()):
        if isinstance(value, type) and issubclass(value, unittest.TestCase):
            tests = LOADER.getTestCaseNames(value)
            if tests and value.__module__ == module.__name__:
                found[f"{module.__name__}.{name}"] = (
                    getattr(value, "exclusive", False), getattr(value, "time_limit", 180), tests,
                    getattr(value, "once", False))
    return found


def kill_marked(marker):
    """Kills what has the marker in its environment: all that a class started and left behind."""
    for environ in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker in environ.read_bytes().split(b"\0"):
                os.kill(int(environ.parent.name), signal.SIGKILL)
        except OSError:
            pass  # gone meanwhile, or somebody else's


def run_child(group, time_limit, folder):
    """Runs one class in a child, which leaves its results in FOLDER/results; returns how it ended
    and its output. It is killed when over time, and what it started never outlives it."""
    marker = f"GW_TEST_RUN={folder}".encode()
    with open(folder / "output", "w+b") as output:
        child = subprocess.Popen([sys.executable, __file__, "--group", group, folder / "results"],
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                 env=dict(os.environ, GW_TEST_RUN=str(folder)))
        try:
            ending = f"exit status {child.wait(time_limit)}"
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            ending = f"not done after {time_limit} s, killed"
        kill_marked(marker)
        output.seek(0)
        return ending + "\n" + output.read()[-8000:].decode(errors="replace")


def results_of(group, time_limit, tests):
    """Runs one class; returns a [test, status, seconds, text] for each of its tests."""
    with tempfile.TemporaryDirectory(prefix="gilwait-run-") as name:
        folder = pathlib.Path(name)
        ending = run_child(group, time_limit, folder)
        results = folder / "results"
        lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    reported, whole = {}, None
    for line in lines:
        test, status, seconds, text = json.loads(line)
        if test == "*" and status == "failed" or test == "*" and whole is None:
            whole = [status, seconds, text]
        elif test != "*":
            reported[test] = [status, seconds, text]
    if whole is None and not (ending.startswith("exit status 0\n") and len(reported) == len(tests)):
        whole = ["failed", 0.0, ending]
    results = [[f"{group}.{test}", *(reported.get(test) or whole)] for test in tests]
    # What fails after the last test (tearDownClass, a crash at exit) is charged to that test.
    if whole and whole[0] == "failed":
        results[-1][1:] = whole
    failed = [result for result in results if result[1] == "failed"]
    if failed and failed[-1][1:] != whole:
        failed[-1][3] += "output of the whole class: " + ending
    return results


def show(results, counts):
    words = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}
    for name, status, seconds, text in results:
        counts[status] += 1
        reason = f"  {text}" if status == "skipped" else ""
        print(f"{words[status]} {name} ({seconds:.1f} s){reason}", flush=True)
        if status == "failed":
            print("     " + text.rstrip().replace("\n", "\n     "), flush=True)


def matches(group, tests, patterns):
    return [test for test in tests
            if not patterns or any(pattern in f"{group}.{test}" for pattern in patterns)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="*", help="only classes with a test whose name contains it")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--counts", help="a file to write 'PASSED FAILED SKIPPED' into")
    parser.add_argument("--no-exclusive", action="store_true",
                        help="leave out the exclusive classes, whose figures are those of another "
                        "build than the one that ships, and those that are run once")
    parser.add_argument("--list", action="store_true", help="print the names and run nothing")
    parser.add_argument("--group", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    if options.group:
        return run_group(*options.group)

    with tempfile.NamedTemporaryFile("w", prefix="gilwait-interpreters-") as listed:
        if "GW_INTERPRETER_LIST" not in os.environ:
            # Looked for once, here, and not by every class again.
            listed.writelines("\t".join(each) + "\n" for each in harness.interpreters().values())
            listed.flush()
            os.environ["GW_INTERPRETER_LIST"] = listed.name
        return run_all(options)


def run_all(options):
    groups, counts = {}, {"passed": 0, "failed": 0, "skipped": 0}
    for path in sorted(HERE.glob("test_*.py")):
        try:
            groups.update(groups_in(importlib.import_module(path.stem)))
        except Exception:  # a module that cannot be imported is one failed test
            show([[path.stem, "failed", 0.0, traceback.format_exc()]], counts)
    groups = {group: value for group, value in groups.items()
              if matches(group, value[2], options.pattern) and
              not (options.no_exclusive and (value[0] or value[3]))}
    if options.list:
        print("\n".join(f"{group}.{test}" for group in groups for test in groups[group][2]))
        return 0

    def run(group):
        return results_of(group, *groups[group][1:3])

    together = [group for group in groups if not groups[group][0]]
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run, each) for each in together]):
            show(done.result(), counts)
    for group in groups:
        if groups[group][0]:
            show(run(group), counts)
    if options.counts:
        pathlib.Path(options.counts).write_text("{passed} {failed} {skipped}\n".format(**counts))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
