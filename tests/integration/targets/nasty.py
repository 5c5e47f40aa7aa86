# SPDX-License-Identifier: Apache-2.0
"""Processes that other profilers fall over. nasty.py KIND [LIBRARY]; prints facts and "ready".

deep          a thread 50,000 frames deep, another one as deep in generators, and a hog
no_frame      C threads with a thread state and no Python frame (c_threads.c), and a hog
many          300 threads that wait, some of which want the GIL now and then, and a hog
churn         threads that start and end all the time, and a hog
interpreters  two sub-interpreters with a GIL of their own, each with two threads that compute
calls         threads that go up and down known paths as fast as they can
big_line_table  a function with 100,000 lines
"""
import ctypes
import json
import sys
import threading
import time

DEEP = 50000


def hog():
    while True:
        for n in range(100):
            n * n


def start(function, *args, name=None):
    thread = threading.Thread(target=function, args=args, name=name or function.__name__,
                              daemon=True)
    thread.start()
    return thread


def ready(**facts):
    print(json.dumps(facts), "ready", flush=True)
    time.sleep(3600)


# ---- deep ----

def descend(n, arrived):
    if n:
        descend(n - 1, arrived)
    else:
        arrived.append(None)
        time.sleep(3600)


def deep():
    sys.setrecursionlimit(DEEP + 1000)
    # Up to 3.10 each Python call needs some 500 bytes of the C stack, too.
    threading.stack_size(512 << 20)
    arrived = []
    thread = start(descend, DEEP, arrived)
    while not arrived:
        time.sleep(0.01)
    threading.stack_size(0)
    start(hog)
    ready(deep=thread.native_id)


# ---- no frame ----

def no_frame():
    library = ctypes.CDLL(sys.argv[2])
    for kind in (1, 0, 2):
        if library.start_c_thread(kind):
            sys.exit("a thread cannot be started")
    start(hog)
    ready()


# ---- many threads ----

def many():
    lock = threading.Lock()
    lock.acquire()
    for number in range(250):
        start(lock.acquire, name="waits %d" % number)

    def wants():
        while True:
            time.sleep(0.05)
    for number in range(50):
        start(wants, name="wants %d" % number)
    start(hog)
    ready()


def churn():
    def short():
        sum(range(1000))

    def starter():
        while True:
            threads = [threading.Thread(target=short) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    start(starter)
    start(hog)
    ready()


# ---- interpreters ----

IN_INTERPRETER = """
import threading
def compute():
    while True:
        for n in range(100):
            n * n
for number in range(2):
    threading.Thread(target=compute, name="in interpreter %d" % number).start()
"""


def interpreters():
    if sys.version_info >= (3, 13):
        import _interpreters
        create, execute = _interpreters.create, _interpreters.exec
    else:
        import _xxsubinterpreters
        create, execute = _xxsubinterpreters.create, _xxsubinterpreters.run_string
    kept = [create(), create()]  # an id that is forgotten ends its interpreter
    for interpreter in kept:
        execute(interpreter, IN_INTERPRETER)
    start(hog)
    start(hog)
    ready()


# ---- calls: each function is called from one place only ----

def generate_calls(letter, depth):
    lines = []
    for n in range(depth):
        lines += ["def %s%d():" % (letter, n)]
        lines += ["    %s%d()" % (letter, n + 1)] if n < depth - 1 else ["    return 1"]
    namespace = {}
    exec(compile("\n".join(lines), letter, "exec"), namespace)
    return namespace[letter + "0"]


def calls():
    paths = [generate_calls(letter, depth) for letter, depth in
             (("a", 3), ("b", 7), ("c", 12), ("d", 25))]

    def walk():
        while True:
            for path in paths:
                path()
    start(walk, name="walk 0")
    start(walk, name="walk 1")
    ready()


def big_line_table():
    source = "def big(block):\n" + "    x = 1\n" * 100000 + "    block()\n"
    namespace = {}
    exec(compile(source, "big", "exec"), namespace)
    thread = start(namespace["big"], lambda: time.sleep(3600), name="big")
    ready(big=thread.native_id)


globals()[sys.argv[1]]()
