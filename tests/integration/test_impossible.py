# SPDX-License-Identifier: Apache-2.0
"""No stack is ever printed in which a caller and a callee stand together that cannot."""
import re

import harness

CALLER = {"leaf": "middle", "middle": "outer", "outer": "loop", "generator": "drain", "drain": "loop"}


def family(frame):
    """("leaf", "7") of "leaf_7 (short_calls:3)"; ("loop", None) of a function with no number."""
    name = frame.split(" ")[0].split(".")[-1]
    match = re.fullmatch(r"(\w+)_(\d+)", name)
    return match.groups() if match else (name, None)


@harness.per_interpreter
class ImpossibleStacks(harness.Case):
    def test_callers(self):
        target = self.start(harness.TARGETS / "short_calls.py")
        capture = self.record(target.pid, 2, "-r", 10000, "--max-cpu", 100)
        lines = self.gilwait("export", capture, "--format", "collapsed", "--blame").out.splitlines()
        checked = 0
        for line in lines:
            frames = line.rsplit(" ", 1)[0].split(";")
            for caller, callee in zip(frames, frames[1:]):
                kind, number = family(callee)
                if kind not in CALLER:
                    continue
                caller_kind, caller_number = family(caller)
                self.assertEqual(caller_kind, CALLER[kind], line)
                if caller_kind != "loop":
                    self.assertEqual(caller_number, number, line)
                checked += 1
        self.assertGreater(checked, 100, "too few frames to tell anything")
        quality = self.report(capture)["quality"]
        self.assertLess(quality["torn"], quality["ticks"] * 0.2)
