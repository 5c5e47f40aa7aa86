#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gilwait beside the other profilers, on the same targets in turn.

usage: bench.py [--cases 8x10,64x100,server] [--tools NAME,...]
                [--measures cost,fastest,first,leaves,slowdown] [--native] [--rounds N]
                [--seconds S] [--results FOLDER] [--json FILE] [--table]

Every result is kept in the folder: what is there is not measured again, so a run goes on where it
was stopped, and --table only prints. Machines are noisy: the figures are medians with their range,
and only those of one run are to be compared.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import peers
import report
import targets
import tools

CASES = [f"{threads}x{depth}" for depth in (10, 100) for threads in (1, 8, 64, 256, 1000)]
SHORT_S = 1   # as short as all of them can record
WINDOW_S = 0.1  # of work alone, and of work while sampled
WINDOWS = 200   # of each kind, in turn
LEAVES_S = 10


def facts():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
             if line.startswith("model name")]
    return {"cpu": model[0] if model else "unknown", "cpus": os.cpu_count(),
            "kernel": os.uname().release, "load": os.getloadavg()[0],
            "when": time.strftime("%Y-%m-%d %H:%M", time.gmtime()) + " UTC"}


def cost(tool, target, options, folder):
    """Starting and ending are in both recordings, and fall out of the difference."""
    short = tool.record(target, SHORT_S, 1000, folder / "short")
    long = tool.record(target, SHORT_S + options.seconds, 1000, folder / "long")
    ticks = max(1, long.ticks - short.ticks)
    took_s = max(options.seconds, long.wall_s - short.wall_s)
    return {"us_per_tick": 1e6 * (long.cpu_s - short.cpu_s) / ticks,
            "ticks_per_s": ticks / took_s, "lost": long.lost,
            "torn": getattr(long, "torn", None), "peak_mib": long.peak_kib / 1024,
            "mib_per_min": (long.bytes - short.bytes) / 2**20 * 60 / options.seconds,
            "report_s": long.report_s}


def fastest(tool, target, options, folder):
    run = tool.record(target, options.seconds, tool.fastest, folder / "fastest")
    return {"most_ticks_per_s": run.ticks / max(options.seconds, run.wall_s),
            "fastest_lost": run.lost}


class FirstTick(tools.check_format.Capture):
    """The instant of the first tick of a capture, on CLOCK_MONOTONIC."""

    def __init__(self, data):
        self.ns = None
        super().__init__(data)

    def take_block(self, block):
        first_ns = tools.check_format.number(block, 2) + tools.check_format.column(block, 3)[0]
        self.ns = min(first_ns, self.ns or first_ns)


def first(tool, target, _, folder):
    """From exec to the first look: of gilwait only, as the others do not write down when that was."""
    began_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    tool.record(target, 0.2, 1000, folder / "first")
    return {"first_ms": (FirstTick((folder / "first").read_bytes()).ns - began_ns) / 1e6}


def work_per_cpu_s(target):
    calls, cpu_s = target.done()
    time.sleep(WINDOW_S)
    more_calls, more_cpu_s = target.done()
    return (more_calls - calls) / max(1e-9, more_cpu_s - cpu_s)


def slower_by(command, target):
    """(part, half of its 95 % interval). Machines change their speed within seconds, so the profiler
    is halted and let go in turn, and each window is held against the two around it."""
    alone, sampled = [], []
    with subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(1)
        for _ in range(WINDOWS):
            process.send_signal(signal.SIGSTOP)
            alone.append(work_per_cpu_s(target))
            process.send_signal(signal.SIGCONT)
            sampled.append(work_per_cpu_s(target))
        process.send_signal(signal.SIGSTOP)
        alone.append(work_per_cpu_s(target))
        process.kill()
    slower = [1 - 2 * work / max(1e-9, before + after)
              for work, before, after in zip(sampled, alone, alone[1:])]
    low, _, high = statistics.quantiles(slower, n=4)
    return statistics.median(slower), 1.96 * 1.25 * (high - low) / 1.35 / len(slower) ** 0.5


def slowdown(tool, target, _, folder):
    """What the target gets done in a second of its CPU, alone and while it is sampled."""
    cpus = sorted(os.sched_getaffinity(0))
    found = {}
    for task in os.listdir(f"/proc/{target.pid}/task"):
        os.sched_setaffinity(int(task), {cpus[0]})
    for place, of_tool in (("other", cpus[-1]), ("same", cpus[0])):
        for rate in (1000, 10000):
            long = round(WINDOWS * 2 * WINDOW_S * 1.1 + 5)
            command = ["taskset", "-c", of_tool,
                       *tool.command(target, long, rate, folder / "slowdown")]
            slower, uncertain = slower_by(command, target)
            found[f"slowdown_{place}_{rate}"] = slower
            found[f"slowdown_{place}_{rate}_uncertain"] = uncertain
    return found


def leaves(tool, target, _, folder):
    """Where the thread that makes short calls is seen: in the call, in what calls it, elsewhere. A
    profiler that does not stop it may see less of what lasts for moments only."""
    tool.record(target, LEAVES_S, tool.leaves_rate, folder / "leaves")
    found = tool.leaves(target, folder / "leaves")
    total = max(1, sum(found.values()))
    rest = total - found["short_call"] - found["hog"]
    return {"leaf_call": found["short_call"] / total, "leaf_caller": found["hog"] / total,
            "leaf_rest": rest / total, "leaf_samples": total}


MEASURES = {"cost": cost, "fastest": fastest, "first": first, "leaves": leaves,
            "slowdown": slowdown}


def applies(measure, tool, case):
    if measure == "first":
        return tool.name == "gilwait"
    if measure == "leaves":
        return case == "8x10" and tool.leaves_rate
    # One that stops threads must not be halted itself.
    return measure != "slowdown" or (case == "8x10" and "--stop" not in tool.name)


def measure_case(case, version, chosen, options):
    python = peers.harness.interpreters().get(version)
    if not python:
        print(f"{case}: there is no CPython {version}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="gilwait-bench-", dir="/tmp") as folder:
        folder = pathlib.Path(folder)
        with targets.started(case, python, folder) as target:
            for number in range(options.rounds):
                # In turn, and each time another one first.
                for tool in chosen[number % len(chosen):] + chosen[:number % len(chosen)]:
                    for measure in options.measures:
                        if applies(measure, tool, case):
                            keep(tool, target, measure, (case, version, number), options, folder)


def keep(tool, target, measure, key, options, folder):
    case, version, number = key
    path = options.results / f"{case}.{version}.{tool.name}.{measure}.{number}.json"
    if path.exists():
        return
    try:
        result = MEASURES[measure](tool, target, options, folder)
    except (peers.Missing, subprocess.SubprocessError) as error:
        result = {"error": str(error)}
    for file in folder.iterdir():
        if file.name != "work":
            file.unlink()
    path.write_text(json.dumps(dict(result, case=case, python=version, tool=tool.name)))
    print(f"{case} {tool.name} {measure}: {json.dumps(result)}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=",".join(CASES + ["server"]))
    parser.add_argument("--tools", default="")
    parser.add_argument("--measures", default=",".join(MEASURES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--results", type=pathlib.Path,
                        default=peers.harness.REPOSITORY / "build" / "bench")
    parser.add_argument("--native", action="store_true",
                        help="those that follow native stacks too, instead of the others")
    parser.add_argument("--json")
    parser.add_argument("--table", action="store_true", help="print what is there, measure nothing")
    options = parser.parse_args()
    options.measures = options.measures.split(",")
    return options


def usable(options):
    chosen, wanted = [], set(options.tools.split(",")) - {""}
    for tool in tools.NATIVE if options.native else tools.ALL:
        if wanted and tool.name not in wanted:
            continue
        try:
            tool.prepare()
            chosen.append(tool)
        except (peers.Missing, OSError) as error:
            print(f"{tool.name} is missing: {error}", file=sys.stderr)
    return chosen


def main():
    options = arguments()
    options.results.mkdir(parents=True, exist_ok=True)
    if not options.table:
        chosen = usable(options)
        (options.results / "facts.json").write_text(json.dumps(facts()))
        for case in options.cases.split(","):
            for version in ("3.13", "3.15"):
                of_version = [tool for tool in chosen if version in tool.versions]
                if len(of_version) > 1 or chosen == of_version:
                    measure_case(case, version, of_version, options)
    results = report.load(options.results)
    print(report.text(results))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
