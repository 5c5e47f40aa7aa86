# SPDX-License-Identifier: Apache-2.0
"""N threads at one stack depth: the first makes short calls all the time, the second and third
compute for a moment and sleep for a millisecond in turn, the rest are blocked.

usage: target.py THREADS DEPTH FILE; prints a line when all threads stand where they should. FILE
holds what the first thread has done so far: its calls, and its CPU time in ns, 8 bytes each.
"""
import mmap
import struct
import sys
import threading
import time

CALLS = 1000


def short_call(x):
    return x + 1


def hog(work):
    x = 0
    while True:
        for _ in range(CALLS):
            x = short_call(x)
        struct.pack_into("<QQ", work, 0, x, time.thread_time_ns())


def contend():
    while True:
        x = 0
        for _ in range(100):
            x = short_call(x)
        time.sleep(0.001)


def at_depth(depth, leaf, *args):
    if depth <= 1:
        leaf(*args)
    else:
        at_depth(depth - 1, leaf, *args)


def main():
    n_threads, depth = int(sys.argv[1]), int(sys.argv[2])
    with open(sys.argv[3], "r+b") as file:
        work = mmap.mmap(file.fileno(), 16)
    sys.setrecursionlimit(10000)
    there = threading.Semaphore(0)
    forever = threading.Event()

    def block():
        there.release()
        forever.wait()

    for i in range(n_threads - 1):
        leaf = contend if i < 2 else block
        threading.Thread(target=at_depth, args=(depth, leaf), name="%s-%d" % (leaf.__name__, i),
                         daemon=True).start()
        if i >= 2:
            there.acquire()
    print("ready", flush=True)
    at_depth(depth, hog, work)


if __name__ == "__main__":
    main()
