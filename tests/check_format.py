#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of captures, written from profiler/format/FORMAT.md and capture.proto alone.

It sums tick by tick, in the plainest way, and compares with the JSON report of gilwait-view: for the
example in FORMAT.md and for the captures given. Compressed chunks need the zstd program; where it
is missing, captures with such chunks are left out, and said so.

usage: check_format.py FORMAT.md GILWAIT_VIEW CAPTURE...
"""
import collections
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

MAGIC = b"\x89GILW\r\n\x1a"
HEADER, DATA, KEYFRAME, END = 1, 2, 3, 4
GIL_WAIT, GIL_HANDOFF, STOPPED = 4, 5, 11
HELD, HANDOFF, UNKNOWN = "held", "handoff", "unknown"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def chunks(data):
    """(kind, message bytes) of each chunk."""
    assert data[:10] == MAGIC + b"\1\0", "file head"
    at = 16
    while at < len(data):
        length, crc, kind, codec, reserved = struct.unpack_from("<IIBBH", data, at)
        payload = data[at + 12:at + 12 + length]
        assert crc32c(struct.pack("<IIBBH", length, 0, kind, codec, reserved) + payload) == crc
        if codec == 2:
            payload = subprocess.run(["zstd", "-dc"], input=payload, stdout=subprocess.PIPE,
                                     check=True).stdout
        yield kind, payload
        at += 12 + length


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """Field number -> list of raw values: numbers, and bytes for what has a length."""
    found, at = collections.defaultdict(list), 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 1:
            value, at = data[at:at + 8], at + 8
        else:
            assert tag & 7 == 2, "wire type"
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        found[tag >> 3].append(value)
    return found


def number(message, field):
    return message[field][-1] if message[field] else 0


def column(message, field):
    """A packed repeated field of numbers."""
    values = []
    for packed in message[field]:
        at = 0
        while at < len(packed):
            value, at = varint(packed, at)
            values.append(value)
    return values


class Capture:
    def __init__(self, data):
        self.strings, self.functions, self.stacks = [""], [None], [None]
        self.c_functions, self.native_functions = set(), set()
        self.natives = []  # (ns since the block's start, tid, stack, held a GIL)
        self.threads = {}
        self.state_ns = collections.Counter()  # (tid, state)
        self.blame_ns = collections.Counter()  # (waiter, function, line, holder, function, line, kind)
        for kind, payload in chunks(data):
            if kind in (DATA, KEYFRAME):
                self.take(fields(payload))

    def take(self, data):
        assert not number(data, 1), "reset_ids is not in these captures"
        for raw in data[2]:
            strings = fields(raw)
            self.strings[number(strings, 1):] = [text.decode() for text in strings[2]]
        for raw in data[3]:
            functions = fields(raw)
            first = number(functions, 1)
            self.functions[first:] = column(functions, 2)
            for at, kind in enumerate(column(functions, 5)):
                if kind:
                    (self.c_functions if kind == 1 else self.native_functions).add(first + at)
        for raw in data[4]:
            stacks = fields(raw)
            self.stacks[number(stacks, 1):] = zip(column(stacks, 2), column(stacks, 3),
                                                  column(stacks, 4))
        for raw in data[6]:
            thread = fields(raw)
            self.threads[number(thread, 1)] = number(thread, 3)
        for raw in data[8]:
            self.take_block(fields(raw))
            for natives in fields(raw).get(9, []):
                self.take_natives(fields(natives))

    def take_natives(self, natives):
        columns = [column(natives, at) for at in (1, 2, 3, 4)]
        assert len({len(each) for each in columns}) == 1
        at_ns = 0
        for dt_ns, thread, stack, holds in zip(*columns):
            at_ns += dt_ns
            assert stack == 0 or self.stacks[stack] is not None
            self.natives.append((at_ns, self.threads[thread], stack, holds))

    def python_part(self, stack):
        """A stack without its native frames."""
        while stack and self.stacks[stack][1] in self.native_functions:
            stack = self.stacks[stack][0]
        return stack

    def place(self, stack):
        """Function and line of the innermost Python frame."""
        stack = self.python_part(stack)
        if self.c_function(stack):
            stack = self.stacks[stack][0]
        if stack == 0 or self.stacks[stack] is None:
            return "", 0
        _, function, line = self.stacks[stack]
        return self.strings[self.functions[function]], line

    def c_function(self, stack):
        """The C function that the innermost Python frame has called, "" if it is in none."""
        stack = self.python_part(stack)
        if stack == 0 or self.stacks[stack] is None or self.stacks[stack][1] not in self.c_functions:
            return ""
        return self.strings[self.functions[self.stacks[stack][1]]]

    def take_block(self, block):
        weights = column(block, 3)
        for tick, lost in zip(column(block, 4), column(block, 5)):
            weights[tick] -= lost
        tracks = [fields(raw) for raw in block[6]]
        holders = {number(h, 1): expand(h, (3,), len(weights), 0) for h in map(fields, block[7])}
        seen = {}  # thread -> tick -> (state, stack, gil)
        for track in tracks:
            columns = (3, 4, 5) if track[5] else (3, 4)
            entries = expand(track, columns, len(weights), number(track, 7))
            one_gil = () if track[5] else (number(track, 6),)
            seen[number(track, 1)] = [entry and entry + one_gil for entry in entries]
        for tick, weight in enumerate(weights):
            for thread, entries in seen.items():
                if entries[tick] is None:
                    continue
                state, stack, gil = entries[tick]
                tid = self.threads[thread]
                self.state_ns[tid, state] += weight
                if state in (GIL_WAIT, GIL_HANDOFF):
                    holder = self.holder(holders.get(gil), tick, thread, seen)
                    self.blame_ns[(tid, *self.place(stack), *holder)] += weight

    def holder(self, entries, tick, waiter, seen):
        entry = entries[tick] if entries else None
        thread = entry[0] - 2 if entry else -1
        if entry == (0,):
            return None, "", 0, HANDOFF
        if thread < 0 or thread == waiter:
            return None, "", 0, UNKNOWN
        at = seen.get(thread, [None] * (tick + 1))[tick]
        return (self.threads[thread], *self.place(at[1] if at else 0), HELD)


class Leaves(Capture):
    """Ticks of a thread, or of all, by the innermost Python function."""

    def __init__(self, data, tid=None):
        self.tid, self.ticks = tid, collections.Counter()
        super().__init__(data)

    def take_block(self, block):
        n = len(column(block, 3))
        for track in map(fields, block[6]):
            if self.tid not in (None, self.threads[number(track, 1)]):
                continue
            for entry in expand(track, (4,), n, number(track, 7)):
                if entry:
                    self.ticks[self.place(entry[0])[0]] += 1


def expand(message, columns, n, end):
    """Tick -> tuple of the columns' values, or None where there is no entry."""
    ticks, values = [], list(zip(*(column(message, field) for field in columns)))
    for difference in column(message, 2):
        ticks.append(difference + (ticks[-1] if ticks else 0))
    entries = [None] * n
    for i, tick in enumerate(ticks):
        stop = ticks[i + 1] if i + 1 < len(ticks) else end or n
        entries[tick:stop] = [values[i]] * (stop - tick)
    return entries


def reported(view, path):
    """The same two sums from the report, in whole nanoseconds."""
    run = subprocess.run([view, "report", "--json", path], stdout=subprocess.PIPE, check=True,
                         stderr=subprocess.DEVNULL)
    report = json.loads(run.stdout)
    states, blame = collections.Counter(), collections.Counter()
    for thread in report["threads"]:
        for state, seconds in thread["states"].items():
            states[thread["tid"], state] += round(seconds * 1e9)
    for pair in report["blame"]:
        waiter, holder = pair["waiter"], pair["holder"]
        key = (waiter["tid"], waiter["function"], waiter["line"])
        key += (holder["tid"], holder["function"], holder["line"]) if holder else (None, "", 0)
        blame[(*key, pair["kind"])] += round(pair["seconds"] * 1e9)
    return states, blame


def state_names(format_md):
    header = format_md.with_name("vocabulary.h").read_text()
    return {int(n): text for n, text in re.findall(r'X\([A-Z_]+, (\d+), "([a-z-]+)"', header)}


def check(name, path, view, names):
    capture = Capture(path.read_bytes())
    states, blame = reported(view, path)
    mine = collections.Counter()
    for (tid, state), ns in capture.state_ns.items():
        mine[tid, names[state]] += ns
    good = +mine == +states and +capture.blame_ns == +blame
    print(f"{name}: {sum(blame.values())} ns of blame in {len(blame)} pairs",
          "agree" if good else "DIFFER")
    if not good:
        print((+mine - states) + (states - mine), (+capture.blame_ns - blame) + (blame - capture.blame_ns))
    return good


def main():
    format_md, view = pathlib.Path(sys.argv[1]), sys.argv[2]
    names = state_names(format_md)
    example = re.search(r"```\n((?:[0-9a-f]{2}[ \n])+)```", format_md.read_text())[1]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "example.capture"
        path.write_bytes(bytes.fromhex(example))
        good = check("example of FORMAT.md", path, view, names)
    for path in map(pathlib.Path, sys.argv[3:]):
        if shutil.which("zstd") or b"\x28\xb5\x2f\xfd" not in path.read_bytes():
            good = check(path.name, path, view, names) and good
        else:
            print(f"{path.name}: left out, it is compressed and there is no zstd program")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
