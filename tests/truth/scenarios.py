# SPDX-License-Identifier: Apache-2.0
"""What the truth is measured on: programs whose threads want, hold and lose the GIL in different ways.

usage: scenarios.py NAME     runs it; prints "ready" and goes on until standard input ends

Runs under every CPython from 3.8 on, so it knows no newer words. Threads have names that tell their
part; names that end in -N are one group.
"""
import hashlib
import os
import random
import re
import socket
import sys
import threading
import time
import zlib

SCENARIOS = {}
over = False


def scenario(function):
    SCENARIOS[function.__name__.strip("_")] = function
    return function


def start(name, function, *args):
    threading.Thread(target=function, args=args, name=name, daemon=True).start()


def count_to(n):
    """Pure Python: lets go of the GIL only when made to."""
    total = 0
    for i in range(n):
        total += i & 3
    return total


def compute():
    while not over:
        count_to(10000)


def calibrate(seconds):
    """Argument of count_to for about that much time."""
    took = min(timed(count_to, 20000) for _ in range(5))
    return max(1, int(20000 * seconds / took))


def timed(function, *args):
    began = time.perf_counter()
    function(*args)
    return time.perf_counter() - began


# --- computing side by side ------------------------------------------------------------------------

@scenario
def hogs2():
    for i in range(2):
        start("hog-%d" % i, compute)


@scenario
def hogs4():
    for i in range(4):
        start("hog-%d" % i, compute)


@scenario
def hogs16():
    for i in range(16):
        start("hog-%d" % i, compute)


# --- one that computes, others that answer -----------------------------------------------------------

def echo_after(delay_s, n):
    """n sockets whose other ends answer each byte after some time, in a process of its own."""
    pairs = [socket.socketpair() for _ in range(n)]
    if os.fork() == 0:
        ours = [there for here, there in pairs]
        for here, _ in pairs:
            here.close()
        for peer in ours[1:]:
            start("echo", answer, peer, delay_s)
        answer(ours[0], delay_s)
        os._exit(0)
    for _, there in pairs:
        there.close()
    return [here for here, there in pairs]


def answer(peer, delay_s):
    try:
        while peer.recv(1):
            time.sleep(delay_s * random.uniform(0.5, 1.5))
            peer.send(b"y")
    except OSError:
        pass  # the other side has gone


def ask(peer, work):
    while not over:
        peer.send(b"x")
        peer.recv(1)
        count_to(work)


@scenario
def convoy():
    """Threads with short requests behind one that computes: each answer costs a switch interval."""
    work = calibrate(0.0002)
    for i, peer in enumerate(echo_after(0.004, 4)):
        start("io-%d" % i, ask, peer, work)
    start("hog", compute)


# --- C code that lets go of the GIL --------------------------------------------------------------------

def digest():
    block = bytes(4 << 20)
    while not over:
        hashlib.sha256(block).digest()


def compress():
    block = os.urandom(1 << 18)
    while not over:
        zlib.compress(block, 1)


@scenario
def native():
    start("sha", digest)
    start("zlib", compress)
    for i in range(2):
        start("hog-%d" % i, compute)


# --- locks ---------------------------------------------------------------------------------------------

def take_turns(lock):
    while not over:
        with lock:
            time.sleep(0.004)


@scenario
def locks():
    """They wait for a lock and never for the GIL."""
    lock = threading.Lock()
    for i in range(4):
        start("turn-%d" % i, take_turns, lock)


# --- C code that keeps the GIL -----------------------------------------------------------------------

def keep_asleep(usleep):
    while not over:
        usleep(20000)
        time.sleep(0.01)


def little_by_little(work, pause_s):
    while not over:
        count_to(work)
        time.sleep(pause_s)


@scenario
def blocked():
    """A holder that sleeps with the GIL."""
    import ctypes
    work = calibrate(0.0005)
    start("sleeper", keep_asleep, ctypes.PyDLL(None).usleep)
    for i in range(2):
        start("worker-%d" % i, little_by_little, work, 0.002)


def search(text, pattern):
    while not over:
        pattern.search(text)
        time.sleep(0.02)


@scenario
def long_calls():
    """A regular expression that keeps the GIL for 50 ms at a time."""
    pattern = re.compile("(a*)*b")
    n = 10
    while timed(pattern.search, "a" * n) < 0.025 and n < 40:
        n += 1
    # Backtracking doubles with each letter: as many shorter texts as make up 50 ms in one call.
    once = min(timed(pattern.search, "a" * n) for _ in range(3))
    text = ("a" * n + "c") * max(1, round(0.05 / once))
    work = calibrate(0.0005)
    start("matcher", search, text, pattern)
    for i in range(2):
        start("worker-%d" % i, little_by_little, work, 0.002)


# --- short and rare -----------------------------------------------------------------------------------

def random_holds(unit, longest_s):
    choose = random.Random(threading.get_ident())
    while not over:
        count_to(int(unit * choose.uniform(0.05, 1)))
        time.sleep(longest_s * choose.uniform(0.2, 1))


@scenario
def short():
    """Holds of 50 us to 1 ms."""
    unit = calibrate(0.001)
    for i in range(5):
        start("short-%d" % i, random_holds, unit, 0.002)


def burst(work, barrier):
    while not over:
        barrier.wait()
        count_to(work)
        time.sleep(0.4)


@scenario
def bursts():
    """Nothing to do 95 % of the time, and then all at once."""
    work, barrier = calibrate(0.01), threading.Barrier(3)
    for i in range(3):
        start("burst-%d" % i, burst, work, barrier)


# --- many ----------------------------------------------------------------------------------------------

@scenario
def many():
    """200 threads, of which 5 matter."""
    event, work = threading.Event(), calibrate(0.0003)
    waiting = [socket.socketpair() for _ in range(40)]
    for i in range(155):
        start("idle-%d" % i, event.wait)
    for i, (here, there) in enumerate(waiting):
        start("listen-%d" % i, here.recv, 1)
    for i in range(2):
        start("hog-%d" % i, compute)
    for i, peer in enumerate(echo_after(0.004, 3)):
        start("io-%d" % i, ask, peer, work)
    return event, waiting


def spawn(work):
    slots = threading.Semaphore(6)

    def job():
        for _ in range(4):
            count_to(work)
            time.sleep(0.003)
        slots.release()

    n = 0
    while not over:
        slots.acquire()
        start("job-%d" % n, job)
        n += 1


@scenario
def churn():
    """Threads that start, live for some 50 ms and end, all the time."""
    start("spawner", spawn, calibrate(0.004))


# --- interpreters of their own -------------------------------------------------------------------------

CODE_OF_INTERPRETER = """
import threading
def compute():
    while True:
        total = 0
        for i in range(10000):
            total += i & 3
thread = threading.Thread(target=compute, name="inner", daemon=False)
thread.start()
compute()
"""


def in_new_interpreter():
    try:
        import _interpreters as interpreters
        interpreters.exec(interpreters.create("isolated"), CODE_OF_INTERPRETER)
    except ImportError:
        import _xxsubinterpreters as interpreters
        interpreters.run_string(interpreters.create(isolated=True), CODE_OF_INTERPRETER)


@scenario
def interpreters():
    """Two sub-interpreters, each with a GIL of its own and two threads that compute (3.12 on)."""
    for i in range(2):
        start("outer-%d" % i, in_new_interpreter)


def main():
    global over
    kept = SCENARIOS[sys.argv[1]]()  # what must live as long as the threads
    time.sleep(0.3)
    print("ready", flush=True)
    sys.stdin.read()
    over = True
    del kept
    os._exit(0)


if __name__ == "__main__":
    main()
