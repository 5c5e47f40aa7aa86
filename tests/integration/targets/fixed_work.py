# SPDX-License-Identifier: Apache-2.0
"""A fixed amount of work, shared out over threads or over processes.

usage: fixed_work.py threads|processes python|native WORKERS

Prints "ready", waits for a line on standard input, works, and prints the seconds that it took and
the CPU seconds in them.
`python` is work that needs the GIL all the time, `native` such that releases it.
"""
import hashlib
import os
import sys
import threading
import time

STEPS = 6000000
BYTES = bytes(100000000)


def compute():
    total = 0
    for step in range(STEPS):
        total += step


def digest():
    for _ in range(3):
        hashlib.sha256(BYTES).digest()


def run_threads(work, workers):
    threads = [threading.Thread(target=work, name="worker-%d" % i) for i in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_processes(work, workers):
    children = []
    for _ in range(workers):
        pid = os.fork()
        if pid == 0:
            work()
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


def main():
    run = {"threads": run_threads, "processes": run_processes}[sys.argv[1]]
    work = {"python": compute, "native": digest}[sys.argv[2]]
    print("ready", flush=True)
    sys.stdin.readline()
    begin, before = time.monotonic(), sum(os.times()[:4])
    run(work, int(sys.argv[3]))
    print(time.monotonic() - begin, sum(os.times()[:4]) - before, flush=True)
    sys.stdin.readline()


main()
