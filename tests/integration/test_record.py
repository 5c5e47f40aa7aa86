# SPDX-License-Identifier: Apache-2.0
"""`gilwait record`: whatever ends it or goes wrong, what was recorded is kept and is right."""
import contextlib
import os
import pathlib
import pty
import signal
import subprocess
import time

from harness import PROGRAMS, TARGETS, Case, die_with_parent, per_interpreter

HOLDS_OR_WANTS = {"gil-running", "gil-queued", "gil-wait", "gil-handoff"}


class RecordCase(Case):
    def hogs(self, *args):
        return self.start(TARGETS / "hogs.py", *args)

    def start_gilwait(self, *args, **popen):
        """Starts `gilwait ARGS...`; end_gilwait() waits for it."""
        popen.setdefault("stdout", subprocess.PIPE)
        process = subprocess.Popen([PROGRAMS / "gilwait", *map(str, args)],
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=die_with_parent, **popen)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def end_gilwait(self, process, status=0):
        if process.stdout:
            process.stdout.close()
        with contextlib.closing(process.stderr):
            err = process.stderr.read()
        self.assertEqual(process.wait(30), status, err)
        return err

    def start_recording(self, pid, *options):
        capture = self.folder / "test.gilwait"
        recorder = self.start_gilwait("record", "-p", pid, "-o", capture, *options)
        recorder.capture = capture
        end = time.monotonic() + 10
        while not capture.exists() or capture.stat().st_size == 0:
            self.assertLess(time.monotonic(), end, "no capture was begun")
            self.assertIsNone(recorder.poll(), "the recording has ended")
            time.sleep(0.01)
        return recorder

    def check_hogs(self, report, n, seconds, pid=None):
        """n hogs shared the GIL for so long, and hardly anything else happened."""
        hogs = [thread for thread in report["threads"]
                if thread["name"].startswith("hog") and pid in (None, thread["pid"])]
        self.assertEqual(len(hogs), n, report["threads"])
        for hog in hogs:
            self.assertGreater(hog["wall_s"], seconds * 0.8)
            busy = sum(hog["states"].get(state, 0) for state in HOLDS_OR_WANTS)
            self.assertGreater(busy, 0.9 * hog["wall_s"], hog)
        self.assertGreater(sum(hog["gil_wait_s"] for hog in hogs), 0.6 * (n - 1) * seconds)


@per_interpreter(versions=("3.9", "3.11", "3.12", "3.15"))
class Record(RecordCase):
    def test_two_seconds(self):
        target = self.hogs(2)
        result = self.gilwait("record", "-p", target.pid, "-d", 2, "-o", self.folder / "a.gilwait")
        self.assertEqual(result.out, "")
        self.assertIn("a.gilwait", result.err)
        report = self.report(self.folder / "a.gilwait")
        self.check_hogs(report, 2, 2)
        self.assertEqual(report["schema_version"], 1)
        self.assertEqual(report["target"]["pid"], target.pid)
        self.assertTrue(report["target"]["python"].startswith(self.python.version))
        self.assertAlmostEqual(report["duration_s"], 2, delta=0.2)
        self.assertGreater(report["quality"]["ticks"], 200)
        self.assertGreater(report["gil"]["busy_share"], 0.8)
        self.assertGreater(report["gil"]["switches"], 50)
        self.assertAlmostEqual(report["gil"]["switch_interval_s"], 0.005)
        self.assertLess(report["quality"]["unknown_s"], 0.1)

    def test_target_becomes_another_python(self):
        target = self.hogs(2, 0.7, "exec", "python", TARGETS / "hogs.py", 3)
        report = self.report(self.record(target.pid, 2))
        after = [thread for thread in report["threads"] if thread["name"] == "hog 2"]
        self.assertEqual(len(after), 1, report["threads"])
        self.assertGreater(after[0]["wall_s"], 0.5)
        self.assertEqual(sum(thread["name"] == "hog 0" for thread in report["threads"]), 2)
        self.assertEqual({thread["pid"] for thread in report["threads"]}, {target.pid})

    def test_target_becomes_another_program(self):
        target = self.hogs(2, 0.7, "exec", "sleep", 3600)
        report = self.report(self.record(target.pid, 2))
        self.check_hogs(report, 2, 0.6)
        for thread in report["threads"]:
            self.assertLess(thread["wall_s"], 1.2, thread)

    def test_target_ends(self):
        target = self.hogs(2, 2)
        began = time.monotonic()
        report = self.report(self.record(target.pid, 20))
        self.assertLess(time.monotonic() - began, 10)
        self.check_hogs(report, 2, 1.8)

    def test_target_is_killed(self):
        target = self.hogs(2)
        recorder = self.start_recording(target.pid, "-d", 20)
        time.sleep(0.7)
        target.process.kill()  # and stays a zombie until the end of this test
        self.end_gilwait(recorder)
        self.check_hogs(self.report(recorder.capture), 2, 0.6)


@per_interpreter(versions=("3.11",))
class Signals(RecordCase):
    def check_signal(self, number):
        recorder = self.start_recording(self.hogs(2).pid, "-d", 20)
        time.sleep(1)
        recorder.send_signal(number)
        self.end_gilwait(recorder)
        self.check_hogs(self.report(recorder.capture, "--strict"), 2, 0.9)

    def test_ctrl_c(self):
        self.check_signal(signal.SIGINT)

    def test_terminated(self):
        self.check_signal(signal.SIGTERM)

    def test_terminal_closed(self):
        self.check_signal(signal.SIGHUP)

    def test_killed(self):
        recorder = self.start_recording(self.hogs(2).pid, "-d", 20)
        time.sleep(2.2)
        recorder.kill()
        self.end_gilwait(recorder, -signal.SIGKILL)
        report = self.report(recorder.capture)
        self.check_hogs(report, 2, 1.1)
        strict = self.gilwait("report", "--strict", recorder.capture, status=3)
        self.assertTrue(strict.err)

    def test_target_stopped_for_a_while(self):
        target = self.hogs(2)
        recorder = self.start_recording(target.pid, "-d", 2.5)
        time.sleep(0.5)
        target.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        target.process.send_signal(signal.SIGCONT)
        self.end_gilwait(recorder)
        report = self.report(recorder.capture)
        self.check_hogs(report, 2, 1.4)
        for thread in report["threads"]:
            self.assertAlmostEqual(thread["states"].get("stopped", 0), 1, delta=0.15, msg=thread)
            self.assertAlmostEqual(thread["wall_s"], 1.5, delta=0.2, msg=thread)
        self.assertLess(sum(pair["seconds"] for pair in report["blame"]), 1.7)

    def test_recorder_stopped_for_a_while(self):
        """Nobody is given the time in which nobody looked."""
        recorder = self.start_recording(self.hogs(2).pid, "-d", 2.5)
        time.sleep(0.5)
        recorder.send_signal(signal.SIGSTOP)
        time.sleep(1)
        recorder.send_signal(signal.SIGCONT)
        self.end_gilwait(recorder)
        report = self.report(recorder.capture)
        self.check_hogs(report, 2, 1.4)
        for thread in report["threads"]:
            self.assertAlmostEqual(thread["wall_s"], 1.5, delta=0.25, msg=thread)
        self.assertLess(sum(pair["seconds"] for pair in report["blame"]), 1.8)


@per_interpreter(versions=("3.11",))
class Output(RecordCase):
    def setUp(self):
        super().setUp()
        self.target = self.hogs(2)

    def check_refused(self, output, **kwargs):
        """Told at the start, before any time is spent on recording."""
        began = time.monotonic()
        result = self.gilwait("record", "-p", self.target.pid, "-d", 20, "-o", output, status=1,
                              **kwargs)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn(str(output), result.err)
        self.assertIn("cannot write", result.err)

    def test_folder_that_is_not_there(self):
        self.check_refused(self.folder / "missing" / "a.gilwait")

    def test_folder_instead_of_a_file(self):
        self.check_refused(self.folder)

    def test_folder_without_the_right_to_write(self):
        folder = self.folder / "locked"
        folder.mkdir(mode=0o555)
        # Root may write everywhere but where nobody can.
        self.check_refused((folder if os.geteuid() else pathlib.Path("/proc")) / "a.gilwait")

    def test_device_that_is_full(self):
        self.check_refused(pathlib.Path("/dev/full"))

    def test_disk_that_fills_up(self):
        """What was written until then stays readable."""
        disk = self.folder / "disk"
        disk.mkdir()
        script = ('mount -t tmpfs -o size=16k none "$1" || exit 77; shift; copy=$1; shift; "$@"; '
                  'status=$?; cp "$0" "$copy" && exit $status')
        capture, copy = disk / "a.gilwait", self.folder / "copy.gilwait"
        run = subprocess.run(["unshare", "--mount", "sh", "-c", script, capture, disk, copy,
                              PROGRAMS / "gilwait", "record", "-p", str(self.target.pid), "-d",
                              "20", "-r", "5000", "--max-cpu", "100", "-o", capture],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        if run.returncode == 77 or "unshare" in run.stderr:
            self.skipTest("a small disk cannot be mounted: " + run.stderr.strip())
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("cannot write", run.stderr)
        self.assertIn("space", run.stderr)
        report = self.report(copy)
        self.check_hogs(report, 2, min(0.5, report["duration_s"]))

    def test_closed_pipe(self):
        recorder = self.start_gilwait("record", "-p", self.target.pid, "-d", 20, "-o", "-")
        self.assertTrue(recorder.stdout.buffer.read(8))
        err = self.end_gilwait(recorder, 1)
        self.assertIn("cannot write", err)

    def test_pipe(self):
        result = subprocess.run(
            f"{PROGRAMS}/gilwait record -p {self.target.pid} -d 1 -o - | "
            f"{PROGRAMS}/gilwait report --json -", shell=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        (self.folder / "out.json").write_text(result.stdout)
        self.assertIn('"blame"', result.stdout)

    def test_default_name(self):
        result = self.gilwait("record", "-p", self.target.pid, "-d", 0.5, cwd=self.folder)
        captures = list(self.folder.iterdir())
        self.assertEqual(len(captures), 1, captures)
        self.assertRegex(captures[0].name, rf"^gilwait-{self.target.pid}-\d{{8}}-\d{{6}}\.gilwait$")
        self.assertIn(captures[0].name, result.err)

    def test_summary_sentence(self):
        result = self.gilwait("record", "-p", self.target.pid, "-d", 1, "-o", self.folder / "a")
        summary = self.gilwait("summary", self.folder / "a")
        self.assertTrue(summary.out.strip())
        self.assertIn(summary.out.strip(), result.err)
        self.assertNotIn("\r", result.err)  # progress is for terminals

    def test_quiet(self):
        result = self.gilwait("record", "-p", self.target.pid, "-d", 0.5, "-q", "-o",
                              self.folder / "a")
        self.assertEqual((result.out, result.err), ("", ""))
        self.report(self.folder / "a")

    def test_progress_on_a_terminal(self):
        terminal, theirs = pty.openpty()
        process = subprocess.Popen([PROGRAMS / "gilwait", "record", "-p", str(self.target.pid), "-d",
                                    "1", "-o", self.folder / "a"], stderr=theirs,
                                   stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # EIO: nobody has the other end open any more
            while True:
                shown += os.read(terminal, 65536)
        os.close(terminal)
        self.assertEqual(process.wait(30), 0)
        self.assertIn(b"recording ", shown)

    def test_existing_file_is_replaced(self):
        capture = self.folder / "a"
        capture.write_bytes(b"\xff" * 10000000)
        self.gilwait("record", "-p", self.target.pid, "-d", 0.5, "-o", capture)
        self.assertLess(capture.stat().st_size, 1000000)
        self.report(capture, "--strict")

    def test_refusal_leaves_files_alone(self):
        kept, new = self.folder / "kept", self.folder / "new"
        kept.write_text("precious")
        self.gilwait("record", "-p", 2 ** 22 + 1, "-o", kept, status=6)
        self.gilwait("record", "-p", 2 ** 22 + 1, "-o", new, status=6)
        self.assertEqual(kept.read_text(), "precious")
        self.assertFalse(new.exists())
