#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a source file includes something above or beside its own floor, or asks for the
Python version outside the one floor that may know it.

usage: check_floors.py REPOSITORY
"""
import pathlib
import re
import sys

# Floor -> the floors it may include beside itself. What is not listed is upward or sideways.
PROFILER_BELOW_SAMPLE = {"profiler/base", "profiler/format", "profiler/target", "profiler/cpython",
                         "profiler/native"}
PROFILER = PROFILER_BELOW_SAMPLE | {"profiler/sample"}
ALLOWED = {
    "profiler/base": set(),
    "profiler/format": {"profiler/base"},
    "profiler/target": {"profiler/base", "profiler/format"},
    "profiler/cpython": {"profiler/base", "profiler/format", "profiler/target"},
    "profiler/native": {"profiler/base", "profiler/format", "profiler/target"},
    "profiler/sample": PROFILER_BELOW_SAMPLE,
    "profiler": PROFILER,
    "viewer/model": {"profiler/base", "profiler/format"},
    "viewer/export": {"profiler/base", "profiler/format", "viewer/model"},
    "viewer": {"profiler/base", "profiler/format", "viewer/model", "viewer/export"},
    "agent": PROFILER | {"viewer/model", "viewer/export"},
}

# The folders an include may be written from, beside that of the including file.
INCLUDE_ROOTS = ("profiler", "viewer", "agent", "")
# Made at build time from a .proto that lies somewhere in the tree.
GENERATED = re.compile(r"^(?:.*/)?([\w-]+)\.pb-c\.h$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)

# A line that names the Python version and decides something by it.
VERSION = re.compile(r"\b(?:PY_(?:VERSION|MAJOR|MINOR)\w*|python_(?:hex|version|major|minor))\b")
DECISION = re.compile(r"[<>!=]=|(?<![<>-])[<>](?![<>])|\bswitch\b|\?")
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def floor_of(path):
    """The floor a file (relative to the repository) lives on, or None: it is outside them all."""
    folder = path.parent.as_posix()
    named = [floor for floor in ALLOWED if folder == floor or folder.startswith(floor + "/")]
    return max(named, key=len, default=None)


def resolve(repository, source, name):
    """The file, relative to the repository, that #include "name" in source means; None if none."""
    generated = GENERATED.match(name)
    if generated:
        for proto in sorted(repository.glob("[a-z]*/**/" + generated[1] + ".proto")):
            if floor_of(proto.relative_to(repository)):
                return proto.relative_to(repository)
        return None
    for root in (source.parent, *(repository / root for root in INCLUDE_ROOTS)):
        candidate = (root / name).resolve()
        if candidate.is_file() and candidate.is_relative_to(repository):
            return candidate.relative_to(repository)
    return None


def blank(match):
    """Comments and strings are no code; their line ends stay, so that line numbers do."""
    return re.sub(r"[^\n]", " ", match[0])


def faults_in(repository, source):
    path = source.relative_to(repository)
    floor = floor_of(path)
    text = source.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
        target = resolve(repository, source, match[1])
        if target is None:
            yield f'{where}: "{match[1]}" is no file of the tree'
            continue
        other = floor_of(target)
        if other != floor and other not in ALLOWED[floor]:
            yield f'{where}: {floor} must not include "{match[1]}" of {other or "no floor"}'
    if floor == "profiler/cpython":
        return
    code = COMMENT_OR_STRING.sub(blank, text)
    for number, line in enumerate(code.split("\n"), 1):
        if VERSION.search(line) and DECISION.search(line):
            yield f"{path}:{number}: decides by the Python version; only profiler/cpython may"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    repository = pathlib.Path(sys.argv[1]).resolve()
    sources = [source for top in ("profiler", "viewer", "agent")
               for source in sorted((repository / top).rglob("*"))
               if source.suffix in (".c", ".h", ".def", ".inc") and "node_modules" not in source.parts]
    if not sources:
        sys.exit(f"no source files under {repository}")
    faults = [fault for source in sources for fault in faults_in(repository, source)]
    print("\n".join([*faults, f"{len(sources)} files, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
