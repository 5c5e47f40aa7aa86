# SPDX-License-Identifier: Apache-2.0
"""What is profiled: the synthetic target and the example server under load."""
import contextlib
import os
import pathlib
import socket
import struct
import subprocess
import time

import peers

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = peers.harness.EXAMPLES


class Target:
    """A running process; `threads` of them have Python code."""

    def __init__(self, process, threads, work=None):
        self.process, self.pid, self.threads = process, process.pid, threads
        self.work = work

    def done(self):
        """Calls of the first thread so far, and its CPU seconds."""
        with open(self.work, "rb") as file:
            calls, cpu_ns = struct.unpack("<QQ", file.read(16))
        return calls, cpu_ns / 1e9


def end(process):
    process.kill()
    process.wait()


@contextlib.contextmanager
def synthetic(python, threads, depth, folder):
    work = pathlib.Path(folder) / "work"
    work.write_bytes(bytes(16))
    process = subprocess.Popen(python.command(HERE / "target.py", threads, depth, work),
                               stdout=subprocess.PIPE, text=True)
    try:
        if not process.stdout.readline():
            raise SystemExit(f"target.py did not start under {python.path}")
        time.sleep(0.5)
        yield Target(process, threads, work)
    finally:
        end(process)
        process.stdout.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(python):
    port = free_port()
    process = subprocess.Popen(python.command(EXAMPLES / "server.py", "--port", port, "--seconds",
                                              3600), stdout=subprocess.DEVNULL)
    load = None
    try:
        time.sleep(2)
        load = subprocess.Popen(["python3", EXAMPLES / "load.py",
                                 f"http://127.0.0.1:{port}/customers/1", "--seconds", "3600"],
                                stdout=subprocess.DEVNULL)
        time.sleep(1)
        n = len(os.listdir(f"/proc/{process.pid}/task"))
        yield Target(process, n)
    finally:
        if load:
            end(load)
        end(process)


def started(case, python, folder):
    """`case` is "server" or THREADSxDEPTH."""
    if case == "server":
        return server(python)
    threads, depth = map(int, case.split("x"))
    return synthetic(python, threads, depth, folder)
