#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# A pool of threads for pure-Python computing, written in the hope that four are faster than one.
#
# What the report should show: the GIL is busy all the time and the worker-N threads wait for it by
# turns, each about three quarters of its time and each for the other three alike. There is no
# culprit to be found: threads gain nothing here.
"""usage: cpu_pool.py [--threads N] [--seconds N]"""
import argparse
import os
import signal
import sys
import threading


def count_primes(below):
    """By division, as slowly as possible: the point is that it computes."""
    found = 0
    for number in range(2, below):
        divisor = 2
        while divisor * divisor <= number and number % divisor:
            divisor += 1
        found += divisor * divisor > number
    return found


def work(stop, counts, mine):
    while not stop.is_set():
        count_primes(2000)
        counts[mine] += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seconds", type=float, help="end after this time")
    options = parser.parse_args()

    # Blocked before the first thread starts, so that the wait below gets the signals.
    ending = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    stop, counts = threading.Event(), [0] * options.threads
    pool = [threading.Thread(target=work, args=(stop, counts, i), name="worker-%d" % (i + 1))
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
    print("counted %d times" % sum(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
