# SPDX-License-Identifier: Apache-2.0
"""Stacks of threads that sit still are those that the target itself sees, frame by frame."""
import json

from harness import TARGETS, Case, per_interpreter, python_frames

MAX_FRAMES = 256   # GW_MAX_FRAMES
MAX_STRING = 4096  # GW_MAX_STRING


def as_shown(text):
    """How gilwait writes a string of Python's: always UTF-8, not endless (base/text.h)."""
    text = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    data = text.encode()
    if len(data) <= MAX_STRING:
        return text
    return data[:MAX_STRING].decode("utf-8", "ignore") + "…"


def expected_stack(stack):
    frames = [(as_shown(function), as_shown(file), line or 0) for function, file, line in stack]
    if len(frames) <= MAX_FRAMES:
        return frames
    half = MAX_FRAMES // 2
    mark = (f"[{len(frames) - MAX_FRAMES} frames omitted]", "", 0)
    return [*frames[:half], mark, *frames[-half:]]


def shown_stack(thread):
    return [(frame["function"], frame["file"], frame["line"])
            for frame in python_frames(thread["stack"])]


@per_interpreter
class Stacks(Case):
    def test_equal_what_the_target_sees(self):
        target = self.start(TARGETS / "stacks.py", ready="{")
        own = json.loads(target.ready_line)["stacks"]
        target.wait_for("ready")
        dump = self.dump(target.pid)
        shown = {thread["tid"]: thread for thread in dump["threads"]}
        self.assertEqual(len(shown), len(dump["threads"]), "a thread is listed twice")
        self.assertIn(target.pid, shown)
        self.assertGreater(len(own), 30)
        for tid, stack in own.items():
            thread = shown.get(int(tid))
            with self.subTest(thread=thread and thread["name"], tid=tid):
                self.assertIsNotNone(thread, stack)
                self.assertEqual(shown_stack(thread), expected_stack(stack))

    def test_stay_equal_while_other_threads_run(self):
        """The same stacks again, read while others keep the GIL and the memory busy."""
        target = self.start(TARGETS / "stacks.py", "--hogs", "2", ready="{")
        own = json.loads(target.ready_line)["stacks"]
        target.wait_for("ready")
        for _ in range(5):
            shown = {thread["tid"]: thread for thread in self.dump(target.pid)["threads"]}
            for tid, stack in own.items():
                thread = shown.get(int(tid))
                with self.subTest(thread=thread and thread["name"], tid=tid):
                    self.assertIsNotNone(thread, stack)
                    self.assertEqual(shown_stack(thread), expected_stack(stack))
