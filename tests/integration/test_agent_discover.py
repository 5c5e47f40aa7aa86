# SPDX-License-Identifier: Apache-2.0
"""What the agent finds on a host, and what its configuration says of it."""
import json
import os
import pwd
import subprocess
import unittest

from harness import PROGRAMS, TARGETS, Case, interpreters, per_interpreter


class Agent(Case):
    def agent(self, *args, **kwargs):
        return self.gilwait(*args, program="gilwait-agent", **kwargs)

    def config(self, text):
        path = self.folder / "agent.yaml"
        path.write_text(text)
        return path

    def discover(self, config="min_age: 0", **kwargs):
        """pid -> what is said of it, of all Pythons."""
        found = self.agent("discover", "--json", "--config", self.config(config), **kwargs).json()
        self.assertEqual(found["schema_version"], 1)
        return {process["pid"]: process for process in found["processes"]}


@per_interpreter
class Discover(Agent):
    def test_found_by_what_is_mapped(self):
        target = self.start(TARGETS / "names.py", ready="{", env={"OTEL_SERVICE_NAME": "shop"})
        row = self.discover()[target.pid]
        self.assertEqual(row["verdict"], "profile", row)
        self.assertEqual(row["python"].split(".")[:2], self.python.version.split("."))
        self.assertEqual((row["service"], row["rule"]), ("shop", None))
        self.assertEqual(row["leader_pid"], target.pid)

    def test_rules_in_order(self):
        target = self.start(TARGETS / "names.py", ready="{", env={"STAGE": "test"})
        version = self.python.version
        row = self.discover(f"""
min_age: 0
rules:
  - match: {{python: {version}, env: {{STAGE: prod}}}}
    action: ignore
  - match: {{python: 2.7}}
    action: ignore
  - name: tests
    match: {{command: '.*/names\\.py', env: {{STAGE: test}}, user: root|{os.getuid()}}}
    service: named
  - action: ignore
""")[target.pid]
        self.assertEqual((row["verdict"], row["rule"], row["why"], row["service"]),
                         ("profile", 3, "rule tests", "named"))


class Groups(Agent):
    def setUp(self):
        super().setUp()
        self.python = interpreters()["3.11"]

    def test_prefork_workers_belong_to_their_master(self):
        target = self.start(TARGETS / "workers.py", "prefork", 3, 30)
        workers = [int(pid) for pid in target.ready_line.split()[1:]]
        rows = self.discover()
        for pid in (target.pid, *workers):
            self.assertEqual(rows[pid]["service"], "workers")
            self.assertEqual(rows[pid]["leader_pid"], target.pid)

    def test_spawned_workers_carry_their_parents_name(self):
        target = self.start(TARGETS / "workers.py", "spawn", 2, 30)
        workers = [int(pid) for pid in target.ready_line.split()[1:]]
        rows = self.discover()
        self.assertEqual({rows[pid]["service"] for pid in workers}, {"workers"})

    def test_too_young_and_no_python(self):
        target = self.start(TARGETS / "workers.py", "programs", 1, 30)
        child = int(target.ready_line.split()[1])
        rows = self.discover("min_age: 1h")
        self.assertEqual(rows[target.pid]["verdict"], "wait")
        self.assertEqual(rows[target.pid]["why"], "younger than 3600 s")
        self.assertNotIn(child, rows)

    def test_a_rule_may_ask_for_an_age(self):
        target = self.start(TARGETS / "naps.py")
        rows = self.discover("min_age: 0\nrules: [{match: {min_age: 1h}, action: ignore}]")
        self.assertEqual(rows[target.pid]["verdict"], "profile")

    @unittest.skipUnless(os.getuid() == 0, "only root can become another user")
    def test_without_the_right(self):
        target = self.start(TARGETS / "names.py", ready="{")
        os.chmod(self.folder, 0o755)
        nobody = pwd.getpwnam("nobody")
        copy = self.folder / "gilwait-agent"
        copy.write_bytes((PROGRAMS / "gilwait-agent").read_bytes())
        copy.chmod(0o755)
        config = self.config("min_age: 0")

        def drop():
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
        run = subprocess.run([copy, "discover", "--json", "--config", config], preexec_fn=drop,
                             stdout=subprocess.PIPE, timeout=60, check=True)
        rows = {each["pid"]: each for each in json.loads(run.stdout)["processes"]}
        self.assertEqual(rows[target.pid]["verdict"], "unable")
        self.assertIn("CAP_SYS_PTRACE", rows[target.pid]["why"])

    def test_table(self):
        target = self.start(TARGETS / "naps.py")
        table = self.agent("discover", "--dry-run", "--config", self.config("min_age: 0")).out
        lines = table.splitlines()
        self.assertEqual(lines[0].split(),
                         ["PID", "PYTHON", "USER", "SERVICE", "GROUP", "VERDICT", "WHY"])
        row = next(line for line in lines if line.split()[0] == str(target.pid))
        self.assertEqual(row.split()[3:], ["naps", str(target.pid), "profile", "no", "rule",
                                           "matches"])
        self.assertRegex(lines[-1], r"^\d+ processes looked at, ")


class CheckConfig(Agent):
    def test_good(self):
        path = self.config("rules:\n  - action: ignore\n")
        self.assertEqual(self.agent("check-config", path).out, f"{path}: ok, 1 rule\n")

    def test_bad(self):
        path = self.config("rules:\n  - actoin: ignore\n")
        result = self.agent("check-config", path, status=1)
        self.assertIn(f"{path}:2: a rule has no key 'actoin'; it has: name, match, action",
                      result.err)
        self.assertIn(f"{path}:2:", self.agent("discover", "-c", path, status=1).err)

    def test_help(self):
        text = self.agent("--help").out
        for line in ("gilwait-agent [--config FILE]\n", "gilwait-agent discover ",
                     "gilwait-agent check-config FILE\n"):
            self.assertIn(line, text)

    def test_usage(self):
        self.agent("check-config", status=2)
        self.agent("discover", "more", status=2)
        self.agent("--nonsense", status=2)
        self.agent("nonsense", status=2)
        self.agent("check-config", self.folder / "none.yaml", status=1)
