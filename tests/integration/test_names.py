# SPDX-License-Identifier: Apache-2.0
"""Threads are called as the target itself calls them, whatever the name."""
import json

from harness import TARGETS, Case, per_interpreter

from test_stacks import as_shown


@per_interpreter
class Names(Case):
    def check(self, target, line):
        own = {int(tid): name for tid, name in json.loads(line).items()}
        shown = {thread["tid"]: thread["name"] for thread in self.dump(target.pid)["threads"]}
        self.assertEqual(set(shown), set(own))
        for tid, name in own.items():
            with self.subTest(name=name):
                if name:
                    self.assertEqual(shown[tid], as_shown(name))
                else:
                    self.assertTrue(shown[tid])  # not nameless
        return own, shown

    def test_names(self):
        target = self.start(TARGETS / "names.py", ready="{")
        own, shown = self.check(target, target.ready_line)
        self.assertGreater(len(own), 18)
        unknown = [tid for tid, name in own.items() if name is None]
        self.assertEqual([shown[tid] for tid in unknown], [f"thread {tid}" for tid in unknown])
        target.send("rename")
        self.check(target, target.readline())

    def test_names_in_a_report(self):
        target = self.start(TARGETS / "names.py", ready="{")
        report = self.report(self.record(target.pid, 0.5))
        own = {int(tid): name for tid, name in json.loads(target.ready_line).items()}
        shown = {thread["tid"]: thread["name"] for thread in report["threads"]}
        for tid, name in own.items():
            if name:
                self.assertEqual(shown[tid], as_shown(name))
