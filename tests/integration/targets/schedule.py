# SPDX-License-Identifier: Apache-2.0
"""Holds and releases the GIL on a known schedule, and tells at its end what that came to.

schedule.py holds   thread A keeps the GIL for 100 ms and lets go of it for 30 ms, in turn; B and C
                    want it all the time and hardly keep it.
schedule.py hogs    A and B compute all the time: each waits while the other one has the GIL.

One line of input starts the schedule (up to then everybody sleeps). When it is over a line of JSON
says in seconds what each thread used: "hold", how long A kept the GIL asleep, "cpu" for each thread,
and "seconds", how long it all took.
"""
import ctypes
import json
import sys
import threading
import time

TURNS, HOLD_S, PAUSE_S = 12, 0.1, 0.03
# PyDLL calls C without letting go of the GIL; usleep then sleeps with it.
usleep = ctypes.PyDLL(None).usleep
over = False


def holder(result):
    for _ in range(TURNS):
        began = time.perf_counter()
        usleep(int(HOLD_S * 1e6))
        result["hold"] += time.perf_counter() - began
        time.sleep(PAUSE_S)


def waiter(result):
    """It asks for the GIL again at once, so it waits for all of A's holds but their beginning."""
    while not over:
        time.sleep(0.0005)


def hog(result):
    end = time.perf_counter() + TURNS * (HOLD_S + PAUSE_S)
    while time.perf_counter() < end:
        for n in range(100):
            n * n


def with_cpu_time(name, function, result):
    function(result)
    result["cpu"][name] = time.thread_time()


def main():
    global over
    # A comes last: nobody can be started while it keeps the GIL.
    roles = {"C": waiter, "B": waiter, "A": holder} if sys.argv[1] == "holds" else \
        {"B": hog, "A": hog}
    result = {"hold": 0.0, "cpu": {}}
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    threads = [threading.Thread(target=with_cpu_time, args=[name, function, result], name=name)
               for name, function in roles.items()]
    for thread in threads:
        thread.start()
    threads[-1].join()
    over = True
    for thread in threads:
        thread.join()
    result["seconds"] = time.perf_counter() - began
    print(json.dumps(result), flush=True)
    sys.stdin.readline()


main()
