# SPDX-License-Identifier: Apache-2.0
"""Parents of processes, each of which has two threads that want the GIL all the time.

workers.py KIND N SECONDS; KIND is
  fork, spawn   multiprocessing with that start method
  prefork       a server as gunicorn is one: it forks workers that share its socket
  turnover      workers that live for a third of a second each, N of them, one after the other
  programs      N children that are no Python
"""
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time


def compute(end):
    while time.monotonic() < end:
        for n in range(100):
            n * n


def work(seconds):
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=compute, args=[end], name="compute") for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def serve(server, seconds):
    """A worker of the prefork server: one thread computes, another one waits for clients."""
    threading.Thread(target=server.accept, name="accept", daemon=True).start()
    work(seconds)


def fork(function, *args):
    pid = os.fork()
    if pid == 0:
        try:
            function(*args)
        finally:
            os._exit(0)
    return pid


def multi(method, n, seconds):
    context = multiprocessing.get_context(method)
    processes = [context.Process(target=work, args=[seconds]) for _ in range(n)]
    for process in processes:
        process.start()
    print("ready", *(process.pid for process in processes), flush=True)
    for process in processes:
        process.join()


def prefork(n, seconds):
    with socket.create_server(("127.0.0.1", 0)) as server:
        pids = [fork(serve, server, seconds) for _ in range(n)]
        print("ready", *pids, flush=True)
        for pid in pids:
            os.waitpid(pid, 0)


def turnover(n, seconds):
    print("ready", flush=True)
    for _ in range(n):
        pid = fork(work, 1 / 3)
        print(pid, flush=True)
        os.waitpid(pid, 0)


def programs(n, seconds):
    children = [subprocess.Popen(["sleep", "3600"]) for _ in range(n)]
    print("ready", *(child.pid for child in children), flush=True)
    work(seconds)
    for child in children:
        child.send_signal(signal.SIGKILL)
        child.wait()


def main():
    kind, n, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    if kind in ("fork", "spawn"):
        multi(kind, n, seconds)
    else:
        globals()[kind](n, seconds)


if __name__ == "__main__":
    main()
