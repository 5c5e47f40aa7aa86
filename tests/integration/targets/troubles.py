# SPDX-License-Identifier: Apache-2.0
"""A program with one trouble, until it is killed.

usage: troubles.py convoy|culprit|in-turn|blocked-holder|lock|io|hot-thread|idle
"""
import ctypes
import os
import queue
import socket
import sys
import threading
import time


def compute():
    total = 0
    while True:
        for step in range(1000):
            total += step


def keep_gil():
    """Calls of C code that keep the GIL, each for ten switch intervals or more, however fast the
    machine."""
    steps = 1000000
    while True:
        began = time.thread_time()
        sum(range(steps))
        if time.thread_time() - began < 0.05:
            steps *= 2


def answer(connection):
    while True:
        question = connection.recv(1)
        connection.send(question)  # a line of its own: two waits at one line may look like one


def ask(connection):
    """Runs in a process of its own, and ends with the one that it asks."""
    while connection.send(b"?") and connection.recv(1):
        time.sleep(0.01)


def start_answering(count):
    for i in range(count):
        mine, other = socket.socketpair()
        if os.fork() == 0:
            mine.close()
            try:
                ask(other)
            finally:
                os._exit(0)
        other.close()
        start(answer, mine, name="answer-%d" % i)


def sleep_with_gil():
    sleep = ctypes.PyDLL(None).usleep
    while True:
        sleep(20000)
        time.sleep(0.001)


def tick():
    while True:
        time.sleep(0.002)


def hold(lock):
    while True:
        with lock:
            time.sleep(0.01)


def start(function, *args, **options):
    threading.Thread(target=function, args=args, daemon=True, **options).start()


def main():
    trouble = sys.argv[1]
    if trouble in ("convoy", "io"):
        start_answering(3)
    if trouble in ("culprit", "blocked-holder"):
        start(tick)
        start(tick)
    if trouble in ("convoy", "hot-thread", "in-turn"):
        start(compute, name="hog")
    if trouble == "in-turn":
        start(compute, name="hog")
    if trouble == "culprit":
        start(keep_gil, name="hog")
    if trouble == "blocked-holder":
        start(sleep_with_gil, name="hog")
    if trouble in ("hot-thread", "idle"):
        start(queue.Queue().get)
    if trouble == "lock":
        lock = threading.Lock()
        for _ in range(4):
            start(hold, lock)
    print("ready", flush=True)
    threading.Event().wait()


main()
