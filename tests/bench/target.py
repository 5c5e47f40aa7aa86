# SPDX-License-Identifier: Apache-2.0
"""N threads at one stack depth: the first makes short calls all the time, the rest are blocked.

usage: target.py THREADS DEPTH; prints its pid when all threads stand where they should.
"""
import os
import sys
import threading

def short_call(x):
    return x + 1

def hog():
    x = 0
    while True:
        x = short_call(x)

def at_depth(depth, leaf):
    if depth <= 1:
        leaf()
    else:
        at_depth(depth - 1, leaf)

def main():
    n_threads, depth = int(sys.argv[1]), int(sys.argv[2])
    forever = threading.Event()
    there = threading.Semaphore(0)

    def blocked():
        there.release()
        forever.wait()

    for i in range(n_threads - 1):
        threading.Thread(target=at_depth, args=(depth, blocked), name="blocked-%d" % i, daemon=True).start()
        there.acquire()
    print(os.getpid(), flush=True)
    at_depth(depth, hog)

if __name__ == "__main__":
    main()
