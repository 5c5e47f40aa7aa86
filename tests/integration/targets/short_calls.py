# SPDX-License-Identifier: Apache-2.0
"""Two threads that make short calls all the time: each function has one possible caller."""
import os
import threading

SOURCE = """
def leaf_{i}(x):
    return x + {i}

def middle_{i}(x):
    return leaf_{i}(leaf_{i}(x))

def outer_{i}(x):
    return middle_{i}(x)

def generator_{i}(x):
    for k in range(2):
        yield x + k

def drain_{i}(x):
    return sum(generator_{i}(x))
"""
N_FAMILIES = 20


def main():
    names = {}
    for i in range(N_FAMILIES):
        exec(compile(SOURCE.format(i=i), "short_calls", "exec"), names)
    calls = [names[kind + str(i)] for i in range(N_FAMILIES) for kind in ("outer_", "drain_")]

    def loop():
        while True:
            for call in calls:
                call(1)

    for i in range(2):
        threading.Thread(target=loop, name="loop-%d" % i, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    threading.Event().wait()


main()
