#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per tick and ticks per second of `gilwait record`, over threads and stack depth.

usage: bench.py [--bin DIR] [--python PATH] [--seconds S] [--rounds N] [--json FILE]

For each target: CPU time (user + system, start-up taken off) per tick at 1 kHz, and the most ticks
per second that it makes with no CPU budget. Medians over the rounds, with the range. Machines are
noisy: compare figures of one run only.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = [(threads, depth) for depth in (10, 100) for threads in (1, 8, 64, 256)]

def start_target(python, threads, depth):
    target = subprocess.Popen([python, os.path.join(HERE, "target.py"), str(threads), str(depth)],
                              stdout=subprocess.PIPE, text=True)
    return target, int(target.stdout.readline())

def record(gilwait, pid, seconds, rate):
    """Record once: CPU seconds of the recorder, and the report's quality."""
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "bench.gilwait")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([gilwait, "record", "-p", str(pid), "-d", str(seconds), "-r", str(rate),
                        "--max-cpu", "100", "-q", "-o", capture], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = subprocess.run([gilwait, "report", "--json", capture], check=True, capture_output=True)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return cpu, json.loads(report.stdout)["quality"], os.path.getsize(capture)

def measure(gilwait, python, threads, depth, seconds, rounds):
    rows = []
    target, pid = start_target(python, threads, depth)
    try:
        for _ in range(rounds):
            start_up, _, _ = record(gilwait, pid, 0.02, 100)
            cpu, quality, size = record(gilwait, pid, seconds, 1000)
            _, fastest, _ = record(gilwait, pid, seconds, 100000)
            rows.append({
                "us_per_tick": (cpu - start_up) / quality["ticks"] * 1e6,
                "ticks_per_s_at_1khz": quality["ticks"] / seconds,
                "max_ticks_per_s": fastest["ticks"] / seconds,
                "torn_per_tick": quality["torn"] / quality["ticks"],
                "max_rss_mib": quality["max_rss_bytes"] / 2**20,
                "kib_per_s": size / seconds / 1024,
            })
    finally:
        target.kill()
        target.wait()
    return {key: sorted(row[key] for row in rows) for key in rows[0]}

def cell(values, form):
    return "%s (%s-%s)" % tuple(form % value for value in
                                (statistics.median(values), values[0], values[-1]))

def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=os.path.join(HERE, "..", "..", "build", "release", "bin"))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    gilwait = os.path.join(options.bin, "gilwait")
    version = subprocess.run([options.python, "--version"], capture_output=True, text=True).stdout.strip()
    print("%s, %d CPUs, %s, load %.1f" % (version, os.cpu_count(), os.uname().release, os.getloadavg()[0]))
    print("%-14s  %-24s  %-24s  %-22s  %-9s  %s" % ("threads x depth", "us CPU per tick, 1 kHz",
          "most ticks per second", "torn stacks per tick", "peak MiB", "KiB/s"))
    results = []
    for threads, depth in CASES:
        row = measure(gilwait, options.python, threads, depth, options.seconds, options.rounds)
        results.append(dict(row, threads=threads, depth=depth))
        print("%6d x %-6d  %-24s  %-24s  %-22s  %-9.1f  %.1f" % (
            threads, depth, cell(row["us_per_tick"], "%.1f"), cell(row["max_ticks_per_s"], "%.0f"),
            cell(row["torn_per_tick"], "%.4f"), max(row["max_rss_mib"]),
            statistics.median(row["kib_per_s"])), flush=True)
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"python": version, "results": results}, out, indent=2)

if __name__ == "__main__":
    main()
