# SPDX-License-Identifier: Apache-2.0
"""`gilwait run`: the program is as it would be without gilwait, and it is recorded."""
import os
import signal
import subprocess
import sys
import time

from harness import PROGRAMS, SANITIZER_REPORT, TARGETS, Case, die_with_parent, per_interpreter


class RunCase(Case):
    def run_gilwait(self, *command, options=(), status=0, text="", **popen):
        """`gilwait run -- COMMAND` with text as its input; returns (out, err)."""
        self.capture = self.folder / "run.gilwait"
        run = subprocess.run(
            [PROGRAMS / "gilwait", "run", "-o", self.capture, *map(str, options), "--",
             *map(str, command)], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=60, preexec_fn=die_with_parent, **popen)
        self.assertEqual(run.returncode, status, run.stderr)
        self.assertNotRegex(run.stderr, SANITIZER_REPORT)
        return run.stdout, run.stderr

    def check_computing(self, report, pid, seconds):
        """The two threads `compute` of a worker shared one GIL for so long."""
        threads = [thread for thread in report["threads"]
                   if thread["pid"] == pid and thread["name"] == "compute"]
        self.assertEqual(len(threads), 2, [thread["name"] for thread in report["threads"]
                                           if thread["pid"] == pid])
        self.assertGreater(sum(thread["wall_s"] for thread in threads), 0.5 * seconds)
        self.assertGreater(sum(thread["gil_wait_s"] for thread in threads), 0.15 * seconds)


@per_interpreter(versions=("3.9", "3.11", "3.12", "3.15"))
class Run(RunCase):
    def test_records_from_the_beginning(self):
        command = self.python.command(TARGETS / "workers.py", "programs", 0, 1)
        out, err = self.run_gilwait(*command)
        self.assertEqual(out, "ready\n")
        self.assertIn("run.gilwait", err)
        report = self.report(self.capture, "--strict")
        self.check_computing(report, report["target"]["pid"], 0.7)

    def test_input_and_output_are_its_own(self):
        program = "import sys; print(sys.stdin.read().upper(), end='')"
        out, _ = self.run_gilwait(*self.python.command("-c", program), text="hello\n" * 1000)
        self.assertEqual(out, "HELLO\n" * 1000)

    def test_exit_status(self):
        for program, status in [("pass", 0), ("raise SystemExit(3)", 3),
                                ("import os; os.kill(os.getpid(), 15)", 128 + 15),
                                ("import os; os.abort()", 128 + 6)]:
            with self.subTest(program=program):
                self.run_gilwait(*self.python.command("-c", program), status=status)


@per_interpreter(versions=("3.11",))
class RunOther(RunCase):
    def test_its_own_failures(self):
        plain = self.folder / "plain"
        plain.write_text("no program")
        for command, options, status in [
                (["true"], ["--rate", "nonsense"], 125), (["true"], ["--nonsense"], 125),
                (["true"], ["-o", "/nonexistent/a"], 125), ([], [], 125),
                ([plain], [], 126), ([self.folder], [], 126), ([self.folder / "missing"], [], 127),
                (["no-program-of-this-name"], [], 127)]:
            with self.subTest(command=command, options=options):
                _, err = self.run_gilwait(*command, options=options, status=status)
                self.assertIn("gilwait run: ", err)
                self.assertFalse(self.capture.exists())

    def test_standard_output_is_not_for_captures(self):
        self.run_gilwait("true", options=["-o", "-"], status=125)

    def test_command_that_is_no_python(self):
        out, err = self.run_gilwait("sh", "-c", "echo hello; exit 5", status=5)
        self.assertEqual(out, "hello\n")
        self.assertIn("no Python", err)
        self.assertFalse(self.capture.exists())

    def test_quiet(self):
        _, err = self.run_gilwait(sys.executable, "-c", "import time; time.sleep(.3)",
                                  options=["-q"])
        self.assertEqual(err, "")

    def test_recording_ends_before_the_program(self):
        command = self.python.command(TARGETS / "workers.py", "programs", 0, 2)
        began = time.monotonic()
        self.run_gilwait(*command, options=["-d", "0.5"])
        self.assertGreater(time.monotonic() - began, 1.8)
        self.assertAlmostEqual(self.report(self.capture)["duration_s"], 0.5, delta=0.3)

    def start_run(self, *command):
        """Starts it in a process group of its own, as a shell does; returns when it is ready."""
        self.capture = self.folder / "run.gilwait"
        target = self.start_command([PROGRAMS / "gilwait", "run", "-o", self.capture, "--",
                                     *command], ready="ready", stderr=subprocess.PIPE)
        time.sleep(0.5)
        return target

    def test_ctrl_c(self):
        """It reaches the program, which decides; the recording goes on until that has ended."""
        program = ("import signal, sys, time\n"
                   "signal.signal(signal.SIGINT, lambda *_: sys.exit(7))\n"
                   "print('ready', flush=True)\n"
                   "while True: time.sleep(0.01)\n")
        target = self.start_run(*self.python.command("-c", program))
        os.killpg(target.pid, signal.SIGINT)
        self.assertEqual(target.process.wait(20), 7)
        self.assertGreater(self.report(self.capture, "--strict")["duration_s"], 0.3)

    def test_terminated(self):
        target = self.start_run(*self.python.command(TARGETS / "hogs.py", 2))
        target.process.terminate()
        self.assertEqual(target.process.wait(20), 128 + signal.SIGTERM)
        self.assertGreater(self.report(self.capture, "--strict")["duration_s"], 0.3)

    def test_killed(self):
        """Its program goes on without it."""
        target = self.start_run(*self.python.command(TARGETS / "hogs.py", 2))
        target.process.kill()
        target.process.wait(20)
        target.send("how many rounds?")
        self.assertGreater(int(target.readline()), 0)


@per_interpreter(versions=("3.9", "3.12", "3.15"))
class Children(RunCase):
    def record_workers(self, kind, n, seconds):
        target = self.start(TARGETS / "workers.py", kind, n, 60)
        pids = [int(word) for word in target.ready_line.split()[1:]]
        time.sleep(0.3)  # spawned ones have to import things
        return target, pids, self.report(self.record(target.pid, seconds, "--children"))

    def check_workers(self, kind):
        target, pids, report = self.record_workers(kind, 2, 1.5)
        for pid in pids:
            self.check_computing(report, pid, 0.7)
        sampled = {process["pid"] for process in report["processes"] if not process["skipped"]}
        self.assertLessEqual({target.pid, *pids}, sampled)

    def test_fork(self):
        self.check_workers("fork")

    def test_spawn(self):
        self.check_workers("spawn")

    def test_prefork_server(self):
        self.check_workers("prefork")

    def test_without_the_option_only_the_process_itself(self):
        target = self.start(TARGETS / "workers.py", "fork", 2, 60)
        report = self.report(self.record(target.pid, 0.5))
        self.assertEqual({thread["pid"] for thread in report["threads"]}, {target.pid})

    def test_children_that_are_no_python(self):
        target, pids, report = self.record_workers("programs", 3, 1)
        self.check_computing(report, target.pid, 0.7)
        for pid in pids:
            listed = [process for process in report["processes"] if process["pid"] == pid]
            self.assertEqual(len(listed), 1, report["processes"])
            self.assertTrue(listed[0]["skipped"])
        self.assertEqual({thread["pid"] for thread in report["threads"]}, {target.pid})

    def test_workers_that_come_and_go(self):
        command = self.python.command(TARGETS / "workers.py", "turnover", 6, 0)
        out, _ = self.run_gilwait(*command, options=["--children"])
        report = self.report(self.capture, "--strict")
        pids = [int(line) for line in out.split()[1:]]
        self.assertEqual(len(pids), 6)
        self.assertLessEqual(set(pids), {process["pid"] for process in report["processes"]})
        observed = sum(thread["wall_s"] for thread in report["threads"]
                       if thread["name"] == "compute")
        self.assertGreater(observed, 0.5 * 6 * 2 / 3)

    def test_children_of_a_shell(self):
        command = [self.python.command(TARGETS / "workers.py", "programs", 0, 1)] * 2
        script = " & ".join(" ".join(words) for words in command) + " & wait; exit 9"
        self.run_gilwait("sh", "-c", script, options=["--children"], status=9)
        report = self.report(self.capture, "--strict")
        pids = {thread["pid"] for thread in report["threads"]}
        self.assertEqual(len(pids), 2)
        for pid in pids:
            self.check_computing(report, pid, 0.5)
        skipped = [process for process in report["processes"] if process["skipped"]]
        self.assertLessEqual(len(skipped), 1, "the shell is listed once at most")
