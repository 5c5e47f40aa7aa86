#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# A threaded HTTP API as people write them: a pool of threads, a database behind a socket, JSON in
# each request, and one background thread, report-builder, that computes without a pause.
#
# What the report should show: the http-N threads lose about half of their time to the GIL, and most
# of that while report-builder is in build_report. Their wait for the database is I/O, during which
# they do not want the GIL. With --no-report they wait less than half as long, and for each other.
"""usage: server.py [--port N] [--threads N] [--seconds N] [--no-report]"""
import argparse
import http.server
import json
import os
import queue
import random
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time

QUERY_SECONDS = 0.004
CUSTOMERS = 500
ORDERS = [{"id": i, "customer": i % CUSTOMERS, "cents": i * 104729 % 9973, "day": i % 365}
          for i in range(40000)]


class Database:
    """The client's side: one connection per thread, one line of JSON each way."""

    def __init__(self, port):
        self.port = port
        self.local = threading.local()

    def query(self, customer):
        if not hasattr(self.local, "stream"):
            connection = socket.create_connection(("127.0.0.1", self.port))
            self.local.stream = connection.makefile("rwb")
        stream = self.local.stream
        stream.write(b"%d\n" % customer)
        stream.flush()
        return json.loads(stream.readline())


class DatabaseSession(socketserver.StreamRequestHandler):
    """The other side, in a process of its own as real databases are."""

    def handle(self):
        for line in self.rfile:
            time.sleep(QUERY_SECONDS * random.uniform(0.5, 1.5))
            self.wfile.write(json.dumps(ORDERS[int(line)::CUSTOMERS]).encode() + b"\n")


def serve_database():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to answer
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), DatabaseSession) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, name="acceptor", daemon=True).start()
        sys.stdin.read()  # ends when the server does, however it does
        os._exit(0)


class Handler(http.server.BaseHTTPRequestHandler):
    """GET /customers/N: what a customer has ordered, with a sum per day."""

    def do_GET(self):
        try:
            customer = int(self.path.rsplit("/", 1)[1]) % CUSTOMERS
        except (IndexError, ValueError):
            self.send_error(404, "try /customers/1")
            return
        body = self.render(self.server.database.query(customer))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def render(orders):
        days = {}
        for order in orders:
            days[order["day"]] = days.get(order["day"], 0) + order["cents"]
        return json.dumps({"orders": orders, "cents_per_day": days}, indent=1).encode()

    def log_message(self, format, *args):
        pass


class PoolServer(http.server.HTTPServer):
    """Requests are handed to a fixed pool of named threads."""

    request_queue_size = 128

    def __init__(self, port, n_threads, database):
        super().__init__(("127.0.0.1", port), Handler)
        self.database = database
        self.requests = queue.Queue()
        self.pool = [threading.Thread(target=self.work, name="http-%d" % (i + 1))
                     for i in range(n_threads)]
        self.acceptor = threading.Thread(target=self.serve_forever, name="acceptor")

    def start(self):
        for thread in self.pool + [self.acceptor]:
            thread.start()

    def stop(self):
        self.shutdown()
        for _ in self.pool:
            self.requests.put(None)
        for thread in self.pool + [self.acceptor]:
            thread.join()
        self.server_close()

    def process_request(self, request, client_address):
        self.requests.put((request, client_address))

    def work(self):
        for request, client_address in iter(self.requests.get, None):
            try:
                self.finish_request(request, client_address)
            except OSError:
                pass  # the client has gone
            finally:
                self.shutdown_request(request)


def build_report(stop):
    """Adds up all orders, again and again: pure Python, so the GIL is held all the time."""
    while not stop.is_set():
        totals = {}
        for order in ORDERS:
            key = order["customer"] * 12 + order["day"] // 31
            totals[key] = totals.get(key, 0) + order["cents"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seconds", type=float, help="end after this time")
    parser.add_argument("--no-report", action="store_true", help="without the background thread")
    parser.add_argument("--serve-database", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_database:
        return serve_database()

    backend = subprocess.Popen([sys.executable, __file__, "--serve-database"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Blocked before the first thread starts, so that the wait below gets the signals.
    ending = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    server = PoolServer(options.port, options.threads, Database(int(backend.stdout.readline())))
    stop = threading.Event()
    report_builder = threading.Thread(target=build_report, args=(stop,), name="report-builder")
    server.start()
    if not options.no_report:
        report_builder.start()
    print("ready: pid %d, http://127.0.0.1:%d/customers/1" % (os.getpid(), server.server_port),
          flush=True)

    if options.seconds is None:
        signal.sigwait(ending)
    else:
        signal.sigtimedwait(ending, options.seconds)
    stop.set()
    server.stop()
    if not options.no_report:
        report_builder.join()
    backend.stdin.close()
    return backend.wait()


if __name__ == "__main__":
    sys.exit(main())
