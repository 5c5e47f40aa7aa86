# SPDX-License-Identifier: Apache-2.0
"""The JSON formats of `gilwait export`: read back and held against the report on the same capture."""
import collections
import json

from harness import REPOSITORY, TARGETS, Case, per_interpreter
from packages import node, npm

GOLDEN = REPOSITORY / "tests" / "golden"
NS = 1e-9


def sums(rows, key, value):
    """Of the rows the sum of a value for each key."""
    result = collections.Counter()
    for row in rows:
        result[key(row)] += value(row)
    return result


class ExportCase(Case):
    def recorded(self):
        hogs = self.start(TARGETS / "hogs.py", 3)
        capture = self.record(hogs.pid, 1)
        return capture, self.report(capture)

    def export(self, capture, name):
        return self.gilwait("export", capture, "--format", name).out


@per_interpreter(versions=("3.9", "3.13"))
class JsonLines(ExportCase):
    def test_lines_sum_to_the_report(self):
        capture, report = self.recorded()
        lines = collections.defaultdict(list)
        for number, text in enumerate(self.export(capture, "json-lines").splitlines()):
            line = json.loads(text)
            self.assertEqual(line["type"] == "meta", number == 0)
            lines[line["type"]].append(line)
        self.assertEqual(set(lines), {"meta", "process", "gil", "thread", "stack", "pair"})
        meta, threads = lines["meta"][0], lines["thread"]
        self.assertEqual((meta["schema_version"], meta["complete"]), (1, True))
        self.assertAlmostEqual(meta["duration_ns"] * NS, report["duration_s"], places=6)
        self.assertEqual({thread["tid"]: round(thread["gil_wait_s"] / NS) for thread in report["threads"]},
                         {thread["tid"]: thread["gil_wait_ns"] for thread in threads})

        in_states = sums(lines["stack"], lambda line: (line["thread"], line["state"]),
                         lambda line: line["ns"])
        self.assertEqual(in_states, {(thread["thread"], state): ns for thread in threads
                                     for state, ns in thread["states_ns"].items()})
        blame = sums(lines["pair"], lambda line: line["waiter"]["thread"], lambda line: line["ns"])
        self.assertEqual(blame, {thread["thread"]: thread["gil_wait_ns"] for thread in threads
                                 if thread["gil_wait_ns"]})
        for pair in lines["pair"]:
            self.assertEqual(pair["kind"] == "held", pair["holder"] is not None)


# Prints what the schema has against the file.
VALIDATE = """
const [schema, file] = process.argv.slice(1).map((path) => JSON.parse(fs.readFileSync(path)));
const validate = new (require("ajv"))({strict: false, allErrors: true}).compile(schema);
console.log(validate(file) ? "" : JSON.stringify(validate.errors.slice(0, 5)));
"""


class SpeedscopeCase(ExportCase):
    def read(self, capture):
        """The exported file, which follows the schema that speedscope publishes."""
        modules = npm("speedscope@1.25.0", "ajv@8.20.0")
        path = self.folder / "out.speedscope.json"
        self.gilwait("export", capture, "--format", "speedscope", "-o", path)
        schema = modules / "speedscope" / "dist" / "release" / "file-format-schema.json"
        self.assertEqual(node(VALIDATE, schema, path, modules=modules).strip(), "")
        return json.loads(path.read_text(encoding="utf-8"))

    def check_sums(self, file, report):
        """What the schema cannot say, and that the weights are the times of the report."""
        names = [frame["name"] for frame in file["shared"]["frames"]]
        self.assertEqual(len(names), len({json.dumps(frame) for frame in file["shared"]["frames"]}))
        threads = {f"({thread['pid']}/{thread['tid']})": thread for thread in report["threads"]
                   if thread["wall_s"]}
        self.assertEqual(len(file["profiles"]), len(threads))
        waits = []
        for profile in file["profiles"]:
            thread = threads[profile["name"].rpartition(" ")[2]]
            self.assertEqual(sum(profile["weights"]), profile["endValue"])
            self.assertEqual(len(profile["samples"]), len(profile["weights"]))
            states = collections.Counter()
            for sample, weight in zip(profile["samples"], profile["weights"]):
                words = [names[frame] for frame in sample]
                state = next(word for word in words[::-1] if word.startswith("["))
                states[state[1:-1]] += weight
                self.assertEqual(words[-1] != state, state in ("[gil-wait]", "[gil-handoff]"), words)
            self.assertEqual({state: round(seconds / NS) for state, seconds in thread["states"].items()
                              if state != "stopped"}, states)
            waits.append(round(thread["gil_wait_s"] / NS))
        self.assertEqual(waits[file["activeProfileIndex"]], max(waits))


class StoredSpeedscope(SpeedscopeCase):
    def test_stored_captures(self):
        for capture in sorted(GOLDEN.glob("*.capture")):
            with self.subTest(capture.name):
                self.check_sums(self.read(capture), self.report(capture))


@per_interpreter(versions=("3.13",))
class Speedscope(SpeedscopeCase):
    def test_a_recording(self):
        capture, report = self.recorded()
        file = self.read(capture)
        self.check_sums(file, report)
        self.assertTrue(any(frame["name"].startswith("held by ") for frame in file["shared"]["frames"]))
