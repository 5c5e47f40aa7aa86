# SPDX-License-Identifier: Apache-2.0
"""A fixed amount of work, shared out over threads or over processes.

usage: fixed_work.py threads|processes python|native WORKERS STEPS
       fixed_work.py steps     prints how many steps of a worker take about half a second of CPU

Prints "ready", waits for a line on standard input, works, and prints the seconds that it took and
the CPU seconds in them.
`python` is work that needs the GIL all the time, `native` such that releases it.
"""
import hashlib
import os
import sys
import threading
import time

HALF_A_SECOND = 0.5
BYTES = bytes(100000000)


def compute(steps):
    total = 0
    for step in range(steps):
        total += step


def digest(_):
    for _ in range(3):
        hashlib.sha256(BYTES).digest()


def run_threads(work, workers, steps):
    threads = [threading.Thread(target=work, args=[steps], name="worker-%d" % i) for i in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_processes(work, workers, steps):
    children = []
    for _ in range(workers):
        pid = os.fork()
        if pid == 0:
            work(steps)
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


def count_steps():
    steps = 1000000
    while True:
        before = time.process_time()
        compute(steps)
        took = time.process_time() - before
        if took > HALF_A_SECOND / 4:
            return round(steps * HALF_A_SECOND / took)
        steps *= 2


def main():
    if sys.argv[1] == "steps":
        print("ready", count_steps(), flush=True)
        return
    run = {"threads": run_threads, "processes": run_processes}[sys.argv[1]]
    work = {"python": compute, "native": digest}[sys.argv[2]]
    print("ready", flush=True)
    sys.stdin.readline()
    begin, before = time.monotonic(), sum(os.times()[:4])
    run(work, int(sys.argv[3]), int(sys.argv[4]))
    print(time.monotonic() - begin, sum(os.times()[:4]) - before, flush=True)
    sys.stdin.readline()


main()
