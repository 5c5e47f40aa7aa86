# SPDX-License-Identifier: Apache-2.0
"""Functions that take less time than looking at them are seen as often as they deserve."""
import sys

from harness import REPOSITORY, TARGETS, Case, per_interpreter

sys.path.insert(0, str(REPOSITORY / "tests"))
import check_format  # noqa: E402  (a reader of captures, found by the line above)


@per_interpreter
class BriefCalls(Case):
    exclusive = True

    def test_share_of_a_microsecond(self):
        for left in (2, 1, 0):  # its own clock tells less on a busy machine
            target = self.start(TARGETS / "brief_calls.py")
            truth = float(target.ready_line.split()[1])
            capture = self.record(target.pid, 2, "-r", 2000, "--max-cpu", 50)
            ticks = check_format.Leaves(capture.read_bytes()).ticks
            share = ticks["brief"] / sum(ticks.values())
            if abs(share - truth) < 0.08:
                return
            target.close()
            if not left:
                self.fail(f"{share:.3f} of the samples are in a call that takes {truth:.3f}")
