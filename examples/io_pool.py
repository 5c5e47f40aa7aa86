#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# A pool of threads that fetch from a slow service and do little with the answer: what threads in
# Python are good for.
#
# What the report should show: the GIL is innocent. It is busy for a small part of the time, the
# fetcher-N threads wait on I/O nearly always, and the wait for the GIL is about nothing.
"""usage: io_pool.py [--threads N] [--seconds N]"""
import argparse
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time

ANSWER_SECONDS = 0.02


class SlowSession(socketserver.StreamRequestHandler):
    """The service: answers each line, after a while. It is a process of its own."""

    def handle(self):
        for line in self.rfile:
            time.sleep(ANSWER_SECONDS)
            self.wfile.write(line.upper())


def serve_slowly():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pool's to answer
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), SlowSession) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, name="acceptor", daemon=True).start()
        sys.stdin.read()  # ends when the pool does, however it does
        os._exit(0)


def fetch(stop, port, counts, mine):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        stream = connection.makefile("rwb")
        while not stop.is_set():
            stream.write(b"question\n")
            stream.flush()
            counts[mine] += len(stream.readline()) > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seconds", type=float, help="end after this time")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve_slowly()

    service = subprocess.Popen([sys.executable, __file__, "--serve"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    port = int(service.stdout.readline())
    # Blocked before the first thread starts, so that the wait below gets the signals.
    ending = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    stop, counts = threading.Event(), [0] * options.threads
    pool = [threading.Thread(target=fetch, args=(stop, port, counts, i), name="fetcher-%d" % (i + 1))
            for i in range(options.threads)]
    for thread in pool:
        thread.start()
    print("ready: pid %d" % os.getpid(), flush=True)

    if options.seconds is None:
        signal.sigwait(ending)
    else:
        signal.sigtimedwait(ending, options.seconds)
    stop.set()
    for thread in pool:
        thread.join()
    service.stdin.close()
    print("fetched %d times" % sum(counts))
    return service.wait()


if __name__ == "__main__":
    sys.exit(main())
