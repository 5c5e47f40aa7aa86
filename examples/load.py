#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Puts load on server.py: a few clients, each of which asks again as soon as it has its answer.
# Prints requests per second and how long an answer took. Only talks to this machine.
"""usage: load.py http://127.0.0.1:PORT/customers/1 [--clients N] [--seconds N]"""
import argparse
import http.client
import random
import sys
import threading
import time
import urllib.parse

MAX_CLIENTS = 64
MAX_SECONDS = 3600
TIMEOUT = 10.0
# A client that gets no answer so many times in a row gives up: the server has ended.
MAX_ERRORS = 10


class Client(threading.Thread):
    def __init__(self, number, host, port, end):
        super().__init__(name="client-%d" % number)
        self.host, self.port, self.end = host, port, end
        self.seconds, self.errors = [], 0

    def run(self):
        errors_in_a_row = 0
        while time.monotonic() < self.end and errors_in_a_row < MAX_ERRORS:
            start = time.monotonic()
            if self.ask("/customers/%d" % random.randrange(500)):
                self.seconds.append(time.monotonic() - start)
                errors_in_a_row = 0
            else:
                self.errors += 1
                errors_in_a_row += 1
                time.sleep(0.1)

    def ask(self, path):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read() and answer.status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def quantile(ordered, share):
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=8, help="at most %d" % MAX_CLIENTS)
    parser.add_argument("--seconds", type=float, default=30, help="at most %d" % MAX_SECONDS)
    options = parser.parse_args()
    url = urllib.parse.urlsplit(options.url)
    if url.hostname not in ("127.0.0.1", "localhost", "::1") or not url.port:
        parser.error("the URL must be one of this machine, with its port")
    if not 1 <= options.clients <= MAX_CLIENTS or not 0 < options.seconds <= MAX_SECONDS:
        parser.error("too many clients or seconds")

    start = time.monotonic()
    clients = [Client(i + 1, url.hostname, url.port, start + options.seconds)
               for i in range(options.clients)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    ordered = sorted(seconds for client in clients for seconds in client.seconds)
    errors = sum(client.errors for client in clients)
    if not ordered:
        print("no answer from %s, %d errors" % (options.url, errors))
        return 1
    print("%d answers, %.0f per second, half of them within %.0f ms, 99 %% within %.0f ms, %d errors"
          % (len(ordered), len(ordered) / (time.monotonic() - start), quantile(ordered, 0.5) * 1e3,
             quantile(ordered, 0.99) * 1e3, errors))
    return 0


if __name__ == "__main__":
    sys.exit(main())
