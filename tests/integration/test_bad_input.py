# SPDX-License-Identifier: Apache-2.0
"""What cannot be done is refused in one clear sentence, with the documented exit code."""
import os
import pathlib
import shutil
import subprocess
import time

from harness import PROGRAMS, TARGETS, Case, per_interpreter

NOBODY = 65534
MAX_PID = 2 ** 22  # no process has a higher id on 64-bit Linux


class BadInputCase(Case):
    def check_refused(self, status, *args, words=(), **kwargs):
        """Nothing on standard output, and on standard error a few short lines."""
        result = self.gilwait(*args, status=status, **kwargs)
        self.assertEqual(result.out, "")
        lines = result.err.splitlines()
        self.assertIn(len(lines), (1, 2), result.err)
        for line in lines:
            self.assertRegex(line, "^(gilwait|gilwait-view|Try )", result.err)
            self.assertLess(len(line), 250)
        for word in words:
            self.assertIn(word, result.err)
        return result

    def check_pid_refused(self, status, pid, words=None):
        words = words or [str(pid)]
        self.check_refused(status, "dump", "-p", pid, words=words)
        capture = self.folder / "refused.gilwait"
        self.check_refused(status, "record", "-p", pid, "-o", capture, words=words)
        self.assertFalse(capture.exists())


class Targets(BadInputCase):
    def test_no_such_process(self):
        self.check_pid_refused(6, MAX_PID + 1)

    def test_process_that_has_ended(self):
        process = subprocess.Popen(["true"])
        process.wait()
        self.check_pid_refused(6, process.pid)

    def test_zombie(self):
        process = subprocess.Popen(["true"])
        self.addCleanup(process.wait)
        while "State:\tZ" not in pathlib.Path(f"/proc/{process.pid}/status").read_text():
            time.sleep(0.01)
        self.check_pid_refused(6, process.pid)

    def test_kernel_thread(self):
        flags = pathlib.Path("/proc/2/stat").read_text().rpartition(")")[2].split()[6] \
            if os.path.exists("/proc/2/stat") else "0"
        if not int(flags) & 0x00200000:  # PF_KTHREAD
            self.skipTest("process 2 is no kernel thread in this pid namespace")
        self.check_pid_refused(5, 2)

    def test_no_python(self):
        target = self.start_command(["sleep", "3600"])
        time.sleep(0.1)
        self.check_pid_refused(5, target.pid, [str(target.pid), "Python"])

    def test_python_that_is_too_old(self):
        for version in ("2.7", "3.6", "3.7"):
            found = sorted(pathlib.Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
            with self.subTest(version=version):
                if not found:
                    self.skipTest(f"no Python {version} under ~/.pyenv")
                program = "import sys, time; print('ready'); sys.stdout.flush(); time.sleep(3600)"
                target = self.start_command([found[0], "-c", program], ready="ready")
                self.check_pid_refused(5, target.pid, ["CPython", str(found[0].parents[1]), "3.8"])


@per_interpreter(versions=("3.11",))
class Rights(BadInputCase):
    """As another user than the target's, and without any right."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root, to become somebody else")
        # Nobody has to be able to run the program and to write somewhere.
        self.folder.chmod(0o777)
        self.program = self.folder / "gilwait"
        shutil.copy(PROGRAMS / "gilwait", self.program)

    def as_nobody(self, *args):
        run = subprocess.run([self.program, *map(str, args)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                             user=NOBODY, group=NOBODY, extra_groups=[], cwd=self.folder)
        return run

    def test_other_user(self):
        target = self.start(TARGETS / "hogs.py", 1)
        for verb in ("record", "dump"):
            run = self.as_nobody(verb, "-p", target.pid)
            self.assertEqual((run.returncode, run.stdout), (4, ""), run.stderr)
            self.assertIn(str(target.pid), run.stderr)
            self.assertIn("root", run.stderr)
            self.assertIn("gilwait doctor", run.stderr)
        self.assertEqual(list(self.folder.glob("*.gilwait")), [])

    def test_doctor_for_another_user(self):
        target = self.start(TARGETS / "hogs.py", 1)
        run = self.as_nobody("doctor", "-p", target.pid)
        self.assertEqual(run.returncode, 4, run.stdout + run.stderr)
        self.assertIn("FAIL", run.stdout)
        self.assertIn("->", run.stdout)

    def test_same_user_needs_no_rights(self):
        scope = pathlib.Path("/proc/sys/kernel/yama/ptrace_scope")
        if scope.exists() and scope.read_text().strip() != "0":
            self.skipTest("ptrace_scope forbids it here")
        # A Python that nobody may read and execute.
        program = "import time\nprint('ready', flush=True)\ntime.sleep(3600)"
        try:
            target = self.start_command(["/usr/bin/python3", "-c", program], ready="ready",
                                        user=NOBODY, group=NOBODY, extra_groups=[])
        except (EOFError, PermissionError, FileNotFoundError) as error:
            self.skipTest(f"nobody cannot run /usr/bin/python3: {error}")
        run = self.as_nobody("dump", "-p", target.pid)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("MainThread", run.stdout)


class Options(BadInputCase):
    def test_pids(self):
        for pid in ("0", "-1", "", "abc", "12x", "1.5", "99999999999999999999", " ", "0x10"):
            for verb in ("record", "dump", "doctor"):
                with self.subTest(pid=pid, verb=verb):
                    self.check_refused(2, verb, "-p", pid, words=[f"'{pid}'"])

    def test_numbers(self):
        for option, values in {"-d": ("0", "-1", "", "x", "1y", "nan", "inf", "1e99"),
                               "-r": ("0", "-5", "", "x", "1e99", "nan", "0.01"),
                               "--max-cpu": ("0", "-1", "101", "x", "", "5%%")}.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.check_refused(2, "record", "-p", "1", f"{option}", value,
                                       words=[f"'{value}'"])
        for value in ("0", "-1", "101", "x", ""):
            self.check_refused(2, "record", "-p", "1", f"--stop={value}", words=[f"'{value}'"])

    def test_unknown_ones(self):
        self.check_refused(2, "record", "--nonsense", "-p", 1, words=["--nonsense"])
        self.check_refused(2, "record", "-Z", "-p", 1, words=["-Z"])
        self.check_refused(2, "dump", "-p", 1, "more", words=["more"])
        self.check_refused(2, "nonsense", words=["nonsense"])

    def test_missing_ones(self):
        self.check_refused(2, "record", words=["-p"])
        self.check_refused(2, "dump", words=["-p"])
        self.check_refused(2, "record", "-p", words=["-p"])
        self.check_refused(2, "record", "-p", 1, "-o", "")
        self.assertTrue(self.gilwait(status=2).err)

    def test_help_and_version(self):
        for verb in ("record", "run", "dump", "doctor", "report", "html", "export"):
            with self.subTest(verb=verb):
                shown = self.gilwait(verb, "--help")
                self.assertRegex(shown.out, f"^Usage: gilwait(-view)? {verb}")
                self.assertEqual(shown.err, "")
        self.assertRegex(self.gilwait("--version").out, r"^gilwait \d+\.\d+\.\d+\n$")
        self.assertIn("record", self.gilwait("--help").out)


@per_interpreter(versions=("3.11",))
class Captures(BadInputCase):
    def setUp(self):
        super().setUp()
        target = self.start(TARGETS / "hogs.py", 2)
        self.good = self.record(target.pid, 1.5, name="good.gilwait").read_bytes()

    def test_dump_into_a_full_device(self):
        target = self.start(TARGETS / "hogs.py", 1)
        with open("/dev/full", "w") as full:
            for options in ([], ["--json"]):
                run = subprocess.run([PROGRAMS / "gilwait", "dump", "-p", str(target.pid), *options],
                                     stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
                self.assertEqual(run.returncode, 1, run.stderr)
                self.assertIn("cannot write", run.stderr)

    def check_capture(self, status, data, *options, name="bad.gilwait", words=()):
        path = self.folder / name
        path.write_bytes(data)
        for verb, *more in (["report"], ["summary"], ["export", "--format", "collapsed"],
                            ["html", "-o", self.folder / "out.html"]):
            with self.subTest(verb=verb):
                self.check_refused(status, verb, path, *more, *options, words=[name, *words])

    def test_missing(self):
        for verb in ("report", "summary", "html"):
            self.check_refused(1, verb, self.folder / "missing", words=["missing"])

    def test_empty(self):
        self.check_capture(1, b"", words=["empty"])

    def test_something_else(self):
        self.check_capture(1, b"GIF89a" + bytes(1000), words=["not a gilwait capture"])
        self.check_capture(1, b"x")

    def test_newer_version(self):
        """The major version stands behind the magic number (format/chunk.h)."""
        newer = bytearray(self.good)
        newer[8] += 1
        self.check_capture(5, bytes(newer), words=["version"])

    def test_folder(self):
        self.check_refused(1, "report", self.folder, words=[str(self.folder)])

    def test_cut_anywhere(self):
        """What is there is reported, with a warning; --strict refuses it."""
        path = self.folder / "cut.gilwait"
        for length in range(len(self.good) // 3, len(self.good), len(self.good) // 7):
            with self.subTest(length=length):
                path.write_bytes(self.good[:length])
                result = self.gilwait("report", "--json", path)
                self.check_laws(result.json())
                self.assertTrue(result.err)
                self.gilwait("report", "--strict", path, status=3)

    def test_corrupted_anywhere(self):
        path = self.folder / "corrupt.gilwait"
        for at in range(40, len(self.good), len(self.good) // 40):
            with self.subTest(at=at):
                data = bytearray(self.good)
                data[at] ^= 0x5A
                path.write_bytes(data)
                result = self.gilwait("report", "--json", path, status=None)
                self.assertIn(result.status, (0, 1), str(result))
                self.assertTrue(result.err)
                if result.status == 0:
                    self.check_laws(result.json())
