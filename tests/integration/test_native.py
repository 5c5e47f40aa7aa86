# SPDX-License-Identifier: Apache-2.0
"""The C functions that a thread is in, against an extension whose stacks are known."""
import re
import shutil
import subprocess
import time

from harness import TARGETS, Case, per_interpreter

NESTED = ["innermost", "middle", "outermost"]


def native(thread):
    """(function, object) of the native frames, innermost first."""
    return [(frame["function"], frame["file"]) for frame in thread["stack"]
            if frame["kind"] == "native"]


def kinds(thread):
    """The kinds of frames from the innermost on, runs of one kind as one."""
    out = []
    for frame in thread["stack"]:
        if out[-1:] != [frame["kind"]]:
            out.append(frame["kind"])
    return out


class NativeCase(Case):
    def build(self, *options):
        compiler = shutil.which("cc")
        if compiler is None:
            self.skipTest("no C compiler")
        extension = self.folder / "c_stacks.so"
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-fno-omit-frame-pointer"
                        if "frame pointer" in options else "-fomit-frame-pointer",
                        "-fvisibility=hidden", "-o", extension, TARGETS / "c_stacks.c"], check=True)
        if "stripped" in options:
            subprocess.run(["strip", extension], check=True)
        return extension

    def threads(self, target, *options):
        """By name, as soon as all of them sleep."""
        end = time.monotonic() + 20
        while True:
            dump = self.gilwait("dump", "-p", target.pid, "--json", *options).json()
            threads = {thread["name"]: thread for thread in dump["threads"]}
            awake = [name for name, thread in threads.items() if name != "spin" and
                     thread["state"] not in ("io-wait", "sleep", "gil-blocked", "gil-wait")]
            if time.monotonic() > end or not awake:
                return threads
            time.sleep(0.05)

    def functions_of(self, thread, extension):
        return [function for function, file in native(thread) if file == extension.name]

    def check_libc_first(self, thread):
        """What blocks is the C library, which the extension has called."""
        files = [file for _, file in native(thread)]
        self.assertRegex(files[0], r"^(libc|libpthread)[.-]")
        self.assertNotIn("[native frames unknown]", [function for function, _ in native(thread)])


@per_interpreter
class Native(NativeCase):
    def test_holder_blocked_in_nested_functions(self):
        extension = self.build()
        target = self.start(TARGETS / "c_stacks.py", extension, "let_go", "keep")
        threads = self.threads(target, "--native")
        for name, state in (("keep", "gil-blocked"), ("let_go", "io-wait")):
            thread = threads[name]
            self.assertEqual(thread["state"], state)
            self.assertEqual(self.functions_of(thread, extension), NESTED + [name], thread)
            self.assertEqual(kinds(thread), ["native", "c", "python"])
            self.check_libc_first(thread)
            calls = [frame for frame in thread["stack"] if frame["kind"] == "c"]
            self.assertEqual([call["function"] for call in calls], [f"c_stacks.{name}"])
        self.assertEqual(threads["spin"]["state"], "gil-wait")
        self.assertEqual(native(threads["spin"]), [])  # the wait itself

    def test_python_called_by_c(self):
        """Frames of C belong below the Python frame that is in them, not below those it calls."""
        extension = self.build()
        target = self.start(TARGETS / "c_stacks.py", extension, "call_back")
        thread = self.threads(target, "--native")["call_back"]
        self.assertEqual(self.functions_of(thread, extension), [])
        self.assertEqual(kinds(thread), ["native", "c", "python"])
        python = [frame["function"] for frame in thread["stack"] if frame["kind"] == "python"]
        self.assertEqual(python[:2], ["called_back", "run"])

    def test_not_asked_for(self):
        target = self.start(TARGETS / "c_stacks.py", self.build(), "keep")
        self.assertEqual(native(self.threads(target)["keep"]), [])


    def recorded(self, function, *options):
        """What the report of some seconds says of the C functions that hold the GIL, by function."""
        target = self.start(TARGETS / "c_stacks.py", self.build(), function)
        report = self.report(self.record(target.pid, 3, "--native", *options))
        self.check_laws(report)
        rows = [row for row in report["native"]["functions"] if row["object"] == "c_stacks.so"]
        self.assertEqual({row["call"] for row in rows}, {f"c_stacks.{function}"})
        return report, {row["function"]: row for row in rows}

    def test_holder_that_computes(self):
        """Its stops find it in both of its functions, as often as these deserve."""
        report, rows = self.recorded("compute", "--stop")
        self.assertEqual(set(rows), {"long_part", "short_part"})
        held = sum(row["held_s"] for row in rows.values())
        waited = sum(row["waited_s"] for row in rows.values())
        self.assertGreater(sum(row["stops"] for row in rows.values()), 10)
        long_part = rows["long_part"]
        self.assertLess(abs(long_part["held_s"] - 0.6 * held), 2 * long_part["margin_s"], rows)
        self.assertAlmostEqual(long_part["waited_s"] / waited, long_part["held_s"] / held, 6)
        stopped = report["quality"]["stopped_s"]
        self.assertTrue(0 < stopped < 0.005 * (report["duration_s"] + 0.1) + 0.01, stopped)

    def test_holder_that_sleeps(self):
        """No stop is needed, and the time is as exact as that of its state."""
        report, rows = self.recorded("nap")
        self.assertEqual(set(rows), {"naps"})
        blocked = sum(thread["states"].get("gil-blocked", 0) for thread in report["threads"])
        self.assertGreater(blocked, 0.5)
        self.assertAlmostEqual(rows["naps"]["held_s"], blocked, delta=0.05 * blocked)
        self.assertEqual((rows["naps"]["stops"], rows["naps"]["margin_s"]), (0, 0))
        self.assertEqual(report["quality"]["stops"], 0)


@per_interpreter(versions=("3.12",))
class NativeSymbols(NativeCase):
    def test_without_symbols(self):
        """Where nothing names a function it is known by where it begins; none takes a neighbour's
        name."""
        extension = self.build()
        starts = {name: int(address, 16) for address, name in
                  re.findall(r"^(\w+) t (\w+)$",
                             subprocess.run(["nm", extension], check=True, text=True,
                                            stdout=subprocess.PIPE).stdout, re.MULTILINE)}
        subprocess.run(["strip", extension], check=True)
        target = self.start(TARGETS / "c_stacks.py", extension, "keep")
        thread = self.threads(target, "--native")["keep"]
        self.assertEqual(self.functions_of(thread, extension),
                         [f"[+{starts[name]:#x}]" for name in NESTED + ["keep"]])

    def test_frame_pointers(self):
        """The unwind tables speak of a register then that only a stop would tell."""
        extension = self.build("frame pointer")
        target = self.start(TARGETS / "c_stacks.py", extension, "keep")
        thread = self.threads(target, "--native")["keep"]
        self.assertEqual(self.functions_of(thread, extension), NESTED + ["keep"])
        self.check_libc_first(thread)

    def test_frame_that_cannot_be_found(self):
        """And where the code does not tell either, nothing is invented."""
        extension = self.build()
        target = self.start(TARGETS / "c_stacks.py", extension, "keep_room")
        thread = self.threads(target, "--native")["keep_room"]
        self.assertEqual(self.functions_of(thread, extension), ["innermost", "with_room"])
        self.assertEqual(native(thread)[-1], ("[native frames unknown]", ""))

    def test_frame_by_an_expression(self):
        """Which libunwind reads again whenever it comes there."""
        extension = self.build()
        target = self.start(TARGETS / "c_stacks.py", extension, "keep_expression")
        thread = self.threads(target, "--native")["keep_expression"]
        self.assertEqual(self.functions_of(thread, extension),
                         ["innermost", "by_expression", "keep_expression"])
        self.check_libc_first(thread)

    def test_cxx(self):
        extension = self.build()
        target = self.start(TARGETS / "c_stacks.py", extension, "keep_cxx")
        thread = self.threads(target, "--native")["keep_cxx"]
        self.assertEqual(self.functions_of(thread, extension),
                         ["innermost", "shop::index(int)", "keep_cxx"])

    def test_extension_that_is_replaced(self):
        """The names are those of the file that is mapped, not of the one that has its place now."""
        extension = self.build()
        target = self.start(TARGETS / "c_stacks.py", extension, "keep")
        extension.unlink()
        extension.write_bytes(b"no ELF file any more")
        thread = self.threads(target, "--native")["keep"]
        self.assertEqual(self.functions_of(thread, extension), NESTED + ["keep"])

    def test_internals(self):
        target = self.start(TARGETS / "c_stacks.py", self.build(), "keep")
        folded = native(self.threads(target, "--native")["keep"])
        every = native(self.threads(target, "--native=all")["keep"])
        self.assertLess(len(folded), len(every))
        self.assertEqual([frame for frame in every if frame in folded], folded)
        inside = {function for function, _ in every} - {function for function, _ in folded}
        self.assertTrue(all(re.match(r"_?Py|cfunction_", function) for function in inside), inside)

    def test_in_words(self):
        target = self.start(TARGETS / "c_stacks.py", self.build(), "keep")
        self.threads(target, "--native")
        text = self.gilwait("dump", "-p", target.pid, "--native").out
        self.assertRegex(text, r"    innermost \[c_stacks\.so\]\n    middle \[c_stacks\.so\]\n"
                               r"    outermost \[c_stacks\.so\]\n    keep \[c_stacks\.so\]\n"
                               r"    c_stacks\.keep \[C\]\n    run \(")
        self.assertIn(" in run (", text)  # whom the main thread waits for
        self.assertRegex(text, r"→ c_stacks\.keep\n")

    def test_holder_that_is_stopped(self):
        target = self.start(TARGETS / "c_stacks.py", self.build(), "compute")
        seen = set()
        for _ in range(10):
            threads = self.gilwait("dump", "-p", target.pid, "--json", "--native", "--stop").json()
            for thread in threads["threads"]:
                if thread.get("stopped_for_stack"):
                    names = tuple(function for function, file in native(thread)
                                  if file == "c_stacks.so")
                    seen.add((thread["name"], names))
        self.assertTrue(seen & {("compute", (part, "computes", "compute"))
                                for part in ("long_part", "short_part")}, seen)
        self.assertLessEqual({names for name, names in seen if name == "spin"}, {()})
        result = self.gilwait("dump", "-p", target.pid, "--stop", status=2)
        self.assertIn("--stop goes with --native", result.err)

    def test_bad_option(self):
        result = self.gilwait("dump", "-p", 1, "--native=some", status=2)
        self.assertIn("--native or --native=all", result.err)
