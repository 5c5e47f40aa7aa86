# SPDX-License-Identifier: Apache-2.0
"""Targets that one would rather not meet. One bad thread never spoils what is told of the others."""
import json
import os
import pathlib
import re
import shutil
import subprocess

from harness import TARGETS, Case, per_interpreter, python_frames

HOLDS = {"gil-running", "gil-queued"}
WANTS = {"gil-wait", "gil-handoff"}


class NastyCase(Case):
    def start_nasty(self, kind, *args):
        target = self.start(TARGETS / "nasty.py", kind, *args)
        target.facts = json.loads(target.ready_line.rsplit(" ", 1)[0])
        return target

    def threads(self, target, by="name"):
        dump = self.dump(target.pid)
        self.assertEqual(len({thread["tid"] for thread in dump["threads"]}), len(dump["threads"]))
        for thread in dump["threads"]:
            thread["stack"] = python_frames(thread["stack"])
        return {thread[by]: thread for thread in dump["threads"]}

    def share_of_wall(self, thread, states):
        return sum(thread["states"].get(state, 0) for state in states) / thread["wall_s"]


@per_interpreter
class Nasty(NastyCase):
    def test_50000_frames(self):
        """Root and leaf of a deep stack are kept, and it costs the other threads nothing."""
        target = self.start_nasty("deep")
        threads = self.threads(target, "tid")
        stack = threads[target.facts["deep"]]["stack"]
        self.assertEqual(len(stack), 257)
        omitted = re.fullmatch(r"\[(\d+) frames omitted\]", stack[128]["function"])
        self.assertEqual(int(omitted[1]) + 256, 50001 + 3)  # and the three of threading
        self.assertEqual({frame["function"] for frame in stack[:128]}, {"descend"})
        self.assertTrue(stack[-1]["function"].endswith("_bootstrap"))
        report = self.report(self.record(target.pid, 1))
        hog = [thread for thread in report["threads"] if thread["name"] == "hog"]
        self.assertGreater(self.share_of_wall(hog[0], HOLDS), 0.9)
        self.assertLess(report["quality"]["torn"], report["quality"]["ticks"] / 10)

    def test_function_of_100000_lines(self):
        target = self.start_nasty("big_line_table")
        stack = self.threads(target, "tid")[target.facts["big"]]["stack"]
        self.assertEqual((stack[1]["function"], stack[1]["line"]), ("big", 100002))

    def build_c_threads(self):
        compiler = shutil.which("cc")
        if compiler is None:
            self.skipTest("no C compiler")
        library = self.folder / "c_threads.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-pthread", "-o", library,
                        TARGETS / "c_threads.c"], check=True)
        return library

    def test_threads_without_a_frame(self):
        target = self.start_nasty("no_frame", self.build_c_threads())
        threads = self.threads(target)
        self.assertEqual(set(threads), {"MainThread", "hog", "c-idle", "c-hold"})
        for name in ("c-idle", "c-hold"):
            self.assertEqual(threads[name]["stack"], [])
        report = self.report(self.record(target.pid, 1))
        threads = {thread["name"]: thread for thread in report["threads"]}
        self.assertGreater(self.share_of_wall(threads["c-idle"], {"sleep", "io-wait"}), 0.99)
        self.assertGreater(self.share_of_wall(threads["c-hold"], {"gil-blocked"}), 0.1)
        blamed = sum(pair["seconds"] for pair in report["blame"]
                     if pair["waiter"]["name"] == "hog" and pair["holder"] and
                     pair["holder"]["name"] == "c-hold")
        self.assertGreater(blamed, 0.1)

    def test_300_threads(self):
        target = self.start_nasty("many")
        threads = self.threads(target)
        self.assertEqual(len(threads), 302)
        report = self.report(self.record(target.pid, 1.5))
        self.assertEqual(len(report["threads"]), 302)
        threads = {thread["name"]: thread for thread in report["threads"]}
        for number in range(250):
            self.assertGreater(self.share_of_wall(threads[f"waits {number}"], {"lock-wait"}), 0.99)
        self.assertGreater(self.share_of_wall(threads["hog"], HOLDS | WANTS), 0.9)
        self.assertGreater(sum(thread["gil_wait_s"] for name, thread in threads.items()
                               if name.startswith("wants")), 0.1)

    def test_threads_that_come_and_go(self):
        target = self.start_nasty("churn")
        for _ in range(5):
            self.assertIn("hog", self.threads(target))
        report = self.report(self.record(target.pid, 1))
        threads = {thread["name"]: thread
                   for thread in sorted(report["threads"], key=lambda each: each["wall_s"])}
        self.assertGreater(self.share_of_wall(threads["hog"], HOLDS | WANTS), 0.9)
        self.assertGreater(self.share_of_wall(threads["starter"], WANTS | HOLDS), 0.3)
        self.assertGreater(len(report["threads"]), 8)
        unknown = sum(pair["seconds"] for pair in report["blame"] if pair["kind"] == "unknown")
        self.assertLess(unknown, 0.1 * sum(pair["seconds"] for pair in report["blame"]) + 0.05)

    def test_stacks_are_possible(self):
        """Each function is called by one other only: no frame stands on a stranger."""
        target = self.start_nasty("calls")
        seen = set()
        for _ in range(40):
            for name, thread in self.threads(target).items():
                if not name.startswith("walk") or thread["stack"][0]["function"] == "[stack lost]":
                    continue
                names = [frame["function"] for frame in reversed(thread["stack"])]
                self.assertIn("calls.<locals>.walk" if self.python.minor > 10 else "walk", names)
                path = [name for name in names if re.fullmatch(r"[abcd]\d+", name)]
                self.assertEqual(path, [path[0][0] + str(n) for n in range(len(path))]
                                 if path else [])
                seen.add(tuple(path))
        self.assertGreater(len(seen), 5)


@per_interpreter(versions=("3.12", "3.13", "3.14", "3.15"))
class Interpreters(NastyCase):
    def test_each_has_its_own_gil(self):
        target = self.start_nasty("interpreters")
        dumped = self.dump(target.pid)["threads"]
        report = self.report(self.record(target.pid, 1.5))
        self.assertEqual(sorted(gil["interpreter"] for gil in report["gils"]), [0, 1, 2])
        for gil in report["gils"]:
            self.assertGreater(gil["busy_share"], 0.5, (gil, report))
            self.assertGreater(gil["switches"], 0, gil)
        computing = {thread["tid"]: thread for thread in report["threads"]
                     if thread["name"].startswith(("hog", "in interpreter"))}
        self.assertEqual(len(computing), 6, [thread["name"] for thread in report["threads"]])
        for thread in computing.values():
            self.assertGreater(self.share_of_wall(thread, HOLDS | WANTS), 0.8, thread)
        # Nobody waits for a thread of another interpreter.
        partners = {}
        for pair in report["blame"]:
            if pair["holder"] and pair["waiter"]["tid"] in computing \
                    and pair["holder"]["tid"] in computing:
                partners.setdefault(pair["waiter"]["tid"], set()).add(pair["holder"]["tid"])
        self.assertEqual({len(each) for each in partners.values()}, {1}, partners)
        self.assertEqual(len(partners), 6)
        # The main thread has been in all of them: where it is now is shown.
        main = [thread for thread in dumped if thread["tid"] == target.pid]
        self.assertEqual(main[0]["stack"][-1]["function"], "<module>")
        self.assertLessEqual(set(computing), {thread["tid"] for thread in dumped})


@per_interpreter(versions=("3.9", "3.11", "3.12", "3.15"))
class Elsewhere(NastyCase):
    def check_hogs(self, pid):
        """The dump knows the threads, and one of the two hogs waits for the other one."""
        for _ in range(20):
            threads = {thread["name"]: thread for thread in self.dump(pid)["threads"]}
            self.assertEqual(set(threads), {"MainThread", "answer", "hog 0", "hog 1"})
            # On top may be what `rounds[me] += 1` calls.
            own = [frame for frame in threads["hog 0"]["stack"] if frame["kind"] == "python"]
            self.assertEqual(own[0]["function"], "hog", threads["hog 0"])
            for name, other in (("hog 0", "hog 1"), ("hog 1", "hog 0")):
                if threads[name]["waits_for"] == threads[other]["tid"]:
                    return threads
        self.fail("no hog ever waits for the other one")

    def test_other_pid_namespace(self):
        command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child",
                   *self.python.command(TARGETS / "hogs.py", 2)]
        if subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest("a pid namespace cannot be made here")
        outer = self.start_command(command, ready="ready")
        children = pathlib.Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        pid = int(children[0])
        threads = self.check_hogs(pid)
        self.assertEqual(threads["MainThread"]["tid"], pid)
        self.assertEqual(threads["MainThread"]["ns_tid"], 1)
        self.assertEqual({thread["tid"] for thread in threads.values()},
                         set(map(int, os.listdir(f"/proc/{pid}/task"))))
        report = self.report(self.record(pid, 0.7))
        hogs = [thread for thread in report["threads"] if thread["name"].startswith("hog")]
        self.assertEqual([self.share_of_wall(hog, HOLDS | WANTS) > 0.9 for hog in hogs], [True] * 2)

    def test_deleted_interpreter(self):
        """As after an upgrade of the package: the file that runs has no name any more."""
        program = "import sys; print(sys.base_prefix, sys.executable)"
        out = subprocess.run(self.python.command("-c", program), stdout=subprocess.PIPE, text=True,
                             check=True).stdout
        prefix, executable = out.split()
        source = pathlib.Path(self.python.root, executable.lstrip("/"))
        copy = self.folder / "python"
        shutil.copy(source, copy)
        libraries = self.folder / "lib"
        libraries.mkdir()
        for library in source.resolve().parents[1].glob("lib/libpython3.*.so*"):
            shutil.copy(library, libraries)
        command = list(self.python.command(TARGETS / "hogs.py", 2))
        command[command.index(self.python.path)] = str(copy)
        target = self.start_command(command, ready="ready", env={
            "PYTHONHOME": prefix, "LD_LIBRARY_PATH": str(libraries)})
        copy.unlink()
        shutil.rmtree(libraries)
        self.check_hogs(target.pid)
