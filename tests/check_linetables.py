#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks our reading of line tables against the interpreters' own, for the code of their whole
standard libraries and for code with lines in no order at all.

usage: check_linetables.py LINETABLE_DUMP [STEP]     every STEPth file of the library (default: 1)
       check_linetables.py --emit STEP               run by each interpreter: tables and their lines
"""
import ast
import collections
import dis
import os
import pathlib
import random
import subprocess
import sys
import sysconfig
import types

SKIP = 77
NOT_LIBRARY = {"site-packages", "dist-packages", "test", "tests", "lib2to3", "__pycache__"}
STATEMENTS = """
x = [a(b) for a in c if d]
try:
    with e as f:
        g()
finally:
    h(lambda: i)
for j in k:
    if l: continue
    class m(n): o = p
while q:
    r = (s +
         t)
    break
"""


def library_sources(step):
    root = pathlib.Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py"))[::step]:
        if not NOT_LIBRARY.intersection(path.relative_to(root).parts[:-1]):
            yield path.read_bytes()


def disordered_modules(step):
    """Modules whose nodes have lines at random: deltas of any size, to and fro. Up to 3.10 a delta
    takes a byte for each 127 lines, so the largest make tables of megabytes."""
    chance = random.Random(1)
    for spread in (3, 100, 200, 5000) + ((100000, 10000000) if step == 1 else ()):
        for _ in range(20):
            module = ast.parse(STATEMENTS)
            for node in ast.walk(module):
                if hasattr(node, "lineno"):
                    node.lineno = node.end_lineno = chance.randrange(1, spread)
                    node.col_offset = chance.randrange(100)
                    node.end_col_offset = node.col_offset + chance.randrange(100)
            yield module


def code_objects(step):
    for source in [*library_sources(step), *disordered_modules(step), "", "\n" * 1000 + "x = 1\n"]:
        try:
            todo = [compile(source, "f", "exec", dont_inherit=True)]
        except (SyntaxError, ValueError, UnicodeDecodeError):
            continue
        while todo:
            code = todo.pop()
            yield code
            todo.extend(const for const in code.co_consts if isinstance(const, types.CodeType))


def lines_of_units(code):
    """The interpreter's own answer, one per two-byte unit; 0: no line."""
    n_bytes = len(code.co_code)
    if sys.version_info >= (3, 10):
        ranges = code.co_lines()
    else:
        starts = [*dis.findlinestarts(code), (n_bytes, None)]
        ranges = [(at, starts[i + 1][0], line) for i, (at, line) in enumerate(starts[:-1])]
    lines = [0] * (n_bytes // 2)
    for start, end, line in ranges:
        for unit in range(start // 2, min(end, n_bytes) // 2):
            lines[unit] = line or 0
    return lines


def in_runs(lines):
    runs = []
    for line in lines:
        if runs and runs[-1][0] == line:
            runs[-1][1] += 1
        else:
            runs.append([line, 1])
    return " ".join("%dx%d" % (line, units) for line, units in runs)


def emit(step):
    seen = set()
    for code in code_objects(step):
        table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
        key = (code.co_firstlineno, len(code.co_code), table)
        if key in seen:
            continue
        seen.add(key)
        print(code.co_firstlineno, len(code.co_code), table.hex() or "-", sep=" ", end="\t")
        print(in_runs(lines_of_units(code)))


def family_of(minor):
    return "lnotab" if minor < 10 else "linetable" if minor == 10 else "locations"


def check(dump, interpreter, step):
    """The number of tables checked and a list of what differs."""
    emitted = subprocess.run(interpreter.command("-I", "-W", "ignore", os.path.abspath(__file__),
                                                 "--emit", step),
                             stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout
    cases = [line.split("\t") for line in emitted.splitlines()]
    answer = subprocess.run([dump, family_of(interpreter.minor)], check=True,
                            input="".join(table + "\n" for table, _ in cases),
                            stdout=subprocess.PIPE, universal_newlines=True).stdout.splitlines()
    if len(answer) != len(cases):
        return len(cases), ["%d tables in, %d out" % (len(cases), len(answer))]
    return len(cases), ["%s\n  is       %s\n  but read %s" % (table, expected, got)
                        for (table, expected), got in zip(cases, answer) if got.rstrip() != expected]


def main(dump, step):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "integration"))
    import harness
    found = harness.interpreters()
    if not found:
        print("no interpreter to check against")
        return SKIP
    failed = False
    for version, interpreter in found.items():
        n_tables, differences = check(dump, interpreter, step)
        print("%s: %d of %d tables differ" % (version, len(differences), n_tables), flush=True)
        for difference in differences[:3]:
            print(difference)
        failed = failed or bool(differences) or n_tables < 1000 // int(step)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--emit":
        emit(int(sys.argv[2]))
    elif len(sys.argv) in (2, 3):
        sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "1"))
    else:
        sys.exit(__doc__)
