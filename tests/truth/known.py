# SPDX-License-Identifier: Apache-2.0
"""A target whose waits and holds are known: what the reference itself is held against.

A keeps the GIL asleep for 200 ms, eight times over; B asks for it 50 ms into each. Then A computes
GIL-free and sleeps. Prints a line of JSON when it is over, in seconds by its own clocks: "hold" (of
A), "wait" (of B for A), "native" (CPU of A without the GIL), "sleep" (of A) and "lock" (of A), and
the monotonic instants of its "start_ns" and "end_ns".
"""
import ctypes
import hashlib
import json
import sys
import threading
import time

TURNS, HOLD_S, ASK_S = 8, 0.2, 0.05
# PyDLL calls C without letting go of the GIL; usleep then sleeps with it.
usleep = ctypes.PyDLL(None).usleep
asleep, done = threading.Semaphore(0), threading.Semaphore(0)
asked_at = []


def waiter():
    for _ in range(TURNS):
        done.acquire()
        asleep.release()
        # The GIL goes to A when this sleeps, and A keeps it beyond the end of the sleep.
        asked_at.append(time.monotonic() + ASK_S)
        time.sleep(ASK_S)


def holder(result):
    for _ in range(TURNS):
        done.release()
        began = time.monotonic()
        asleep.acquire()
        result["lock"] += time.monotonic() - began
        began = time.monotonic()
        usleep(int(HOLD_S * 1e6))
        ended = time.monotonic()
        result["hold"] += ended - began
        result["wait"] += ended - asked_at[-1]
        began = time.monotonic()
        time.sleep(0.02)
        result["sleep"] += time.monotonic() - began
    block, began = bytes(1 << 25), time.thread_time()
    for _ in range(10):
        hashlib.sha256(block).digest()
    result["native"] += time.thread_time() - began


def main():
    result = dict.fromkeys(("hold", "wait", "native", "sleep", "lock"), 0.0)
    threads = [threading.Thread(target=holder, args=(result,), name="A"),
               threading.Thread(target=waiter, name="B")]
    print("ready", flush=True)
    sys.stdin.readline()
    start_ns = time.monotonic_ns()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(dict(result, start_ns=start_ns, end_ns=time.monotonic_ns())), flush=True)
    sys.stdin.readline()


main()
