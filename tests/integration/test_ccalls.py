# SPDX-License-Identifier: Apache-2.0
"""The C function that Python code is in, against what the lines of the target say."""
import collections
import sys

from harness import REPOSITORY, TARGETS, Case, per_interpreter

sys.path.insert(0, str(REPOSITORY / "tests"))
import check_format  # noqa: E402  (a reader of captures, found by the line above)

TARGET = TARGETS / "ccalls.py"
STATES = check_format.state_names(REPOSITORY / "profiler" / "format" / "FORMAT.md")
LINES = TARGET.read_text().splitlines()
EXPECTED = {number: set(line.split("# C: ")[1].split(" | "))
            for number, line in enumerate(LINES, 1) if "# C: " in line}
# Where 3.8 has several depths of the stack, according to how the block was come to.
IN_FINALLY = next(number for number in EXPECTED if "finally" in LINES[number - 2])
HOLDS = {"gil-running", "gil-queued"}
WAITS = {"gil-wait", "gil-handoff"}


class Calls(check_format.Capture):
    """Ticks by innermost Python function, its line, state, and the C function it is in."""

    def __init__(self, data):
        self.ticks = collections.Counter()
        super().__init__(data)

    def take_block(self, block):
        n = len(check_format.column(block, 3))
        for track in map(check_format.fields, block[6]):
            for entry in check_format.expand(track, (3, 4), n, check_format.number(track, 7)):
                if entry:
                    state, stack = entry
                    self.ticks[(*self.place(stack), STATES[state], self.c_function(stack))] += 1


@per_interpreter
class CCalls(Case):
    def calls(self, kind, seconds, *options):
        target = self.start(TARGET, kind)
        return Calls(self.record(target.pid, seconds, *options).read_bytes()).ticks

    def assert_none_wrong(self, ticks):
        wrong = collections.Counter()
        for (function, line, _, name), n in ticks.items():
            if name and line in EXPECTED and name not in EXPECTED[line]:
                wrong[function, line, name] += n
        self.assertEqual(wrong, {})

    def test_long_calls(self):
        """Whoever holds the GIL on a line with one long call is in that call; and so is who waits
        for the GIL there after the call has let go of it."""
        ticks = self.calls("long", 4, "-r", 2000, "--max-cpu", 50)
        self.assert_none_wrong(ticks)
        named, all_ = collections.Counter(), collections.Counter()
        for (function, line, state, name), n in ticks.items():
            if line in EXPECTED and state in HOLDS:
                all_[line] += n
                named[line] += n if name else 0
        # What a call gave is freed behind it: up to a third of the time.
        for line, n in all_.items():
            if n > 50 and "__enter__" not in str(EXPECTED[line]) and (self.python.minor, line) != (8, IN_FINALLY):
                self.assertGreater(named[line], 0.5 * n, f"line {line}")
        self.assertGreater(sum(named.values()), 0.8 * sum(all_.values()))
        self.assertGreater(len(all_), 12)

    def test_who_was_preempted_is_in_no_call(self):
        ticks = self.calls("long", 2, "-r", 2000, "--max-cpu", 50)
        of_hog = {key: n for key, n in ticks.items() if key[0] == "computes"}
        self.assertGreater(sum(of_hog.values()), 200)
        self.assertLessEqual({key[3] for key in of_hog}, {"", "range()"})
        lets_go = [(name, n) for (function, _, state, name), n in ticks.items()
                   if function.split(".")[-1] == "sleeps" and state in WAITS]
        self.assertGreater(sum(n for _, n in lets_go), 100)
        self.assertGreater(sum(n for name, n in lets_go if name == "time.sleep"),
                           0.95 * sum(n for _, n in lets_go))

    def test_short_calls(self):
        ticks = self.calls("short", 2, "-r", 5000, "--max-cpu", 50)
        self.assert_none_wrong(ticks)
        named = sum(n for key, n in ticks.items() if key[3] and key[1] in EXPECTED)
        self.assertGreater(named, 200)
