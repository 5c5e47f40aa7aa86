#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what gilwait-view makes of stored captures with what is stored beside them, byte for byte.

tests/golden/NAME.capture is the capture, made once from NAME.capture.txt (see
tests/support/capture_text.h): it is kept as bytes so that captures of older days stay readable.
With GW_UPDATE_GOLDEN=1 all of it is written anew, to be looked through before it is committed.

usage: check_golden.py GOLDEN_FOLDER CAPTURE_MAKE GILWAIT_VIEW
"""
import difflib
import os
import pathlib
import subprocess
import sys

# Arguments of gilwait-view and the ending of the file with its output.
OUTPUTS = {
    ".report.txt": ["report"],
    ".report.json": ["report", "--json"],
    ".summary.txt": ["summary"],
    ".export.jsonl": ["export", "--format", "json-lines"],
    ".trace.json": ["export", "--format", "chrome-trace"],
    ".firefox.json": ["export", "--format", "firefox"],
    ".speedscope.json": ["export", "--format", "speedscope"],
}
# Outputs about two captures: file, arguments before the names of the captures.
PAIRS = {
    "diff-convoy.txt": (["diff"], "convoy.capture", "convoy_fixed.capture"),
    "diff-convoy.json": (["diff", "--json"], "convoy.capture", "convoy_fixed.capture"),
}
# What one capture shows only if it is asked for.
SELECTED = {
    "convoy": {
        ".part.report.txt": ["report", "--from", "0.1", "--to", "-0.2"],
        ".part.report.json": ["report", "--from", "0.1", "--to", "-0.2", "--json"],
        ".part.summary.txt": ["summary", "--from", "0.1", "--to", "-0.2"],
        ".part.check.txt": ["check", "--from", "0.1", "--to", "-0.2", "--max-gil-wait", "40%"],
        ".shown.report.txt": ["report", "--thread", "http-*"],
        ".shown.report.json": ["report", "--thread", "http-*", "--json"],
        ".shown.summary.txt": ["summary", "--thread", "worker", "--thread", "700"],
    },
}


def outputs(golden, captures):
    """For each file: the arguments whose output it holds. They are run in the golden folder, so
    that names of captures in an output are the same everywhere."""
    for capture in captures:
        for ending, arguments in {**OUTPUTS, **SELECTED.get(capture.stem, {})}.items():
            yield golden / (capture.stem + ending), [*arguments, capture.name]
    for name, (arguments, *captures) in PAIRS.items():
        yield golden / name, [*arguments, *captures]


def main():
    golden, make, view = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    update = os.environ.get("GW_UPDATE_GOLDEN") == "1"
    failed = checked = 0
    sources = sorted(golden.glob("*.capture.txt"))
    for source in sources if update else ():
        made = subprocess.run([make], input=source.read_bytes(), capture_output=True, check=True)
        source.with_suffix("").write_bytes(made.stdout)
    for expected, arguments in outputs(golden, [source.with_suffix("") for source in sources]):
        run = subprocess.run([view, *arguments], capture_output=True, cwd=golden)
        checked += 1
        if run.returncode != 0:
            print(f"{expected.name}: exit status {run.returncode}: {run.stderr.decode()}")
            failed += 1
        elif update:
            expected.write_bytes(run.stdout)
        elif not expected.is_file() or run.stdout != expected.read_bytes():
            before = expected.read_text().splitlines() if expected.is_file() else []
            print("\n".join(difflib.unified_diff(before, run.stdout.decode().splitlines(),
                                                 expected.name, "now", lineterm="")))
            failed += 1
    print(f"{checked} outputs checked, {failed} differ")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
