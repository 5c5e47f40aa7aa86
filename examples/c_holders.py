#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# One thread in C code of a library that keeps the GIL, and one that wants it now and then. numpy and
# pandas have to be installed for the last two.
#
# What the report should show: after `gilwait record --native --stop`, in the table of C functions,
# which ones of the library keep the GIL.
"""usage: c_holders.py [--seconds N] json | re | sort | pickle | sqlite3 | zlib | numpy | pandas"""
import argparse
import os
import signal
import threading
import time


def json_dumps():
    import json
    records = [{"id": i, "tags": ["a", "b", str(i)], "price": i * 1.1} for i in range(20000)]
    return lambda: json.dumps(records)


def re_search():
    import re
    pattern, text = re.compile(r"(\w+\s?)*;"), "many words without an end " * 8
    return lambda: pattern.search(text[:24])


def sort():
    import random
    numbers = [random.random() for _ in range(200000)]
    return lambda: sorted(numbers)


def pickle_dumps():
    import pickle
    records = [(i, str(i), {"price": i}) for i in range(50000)]
    return lambda: pickle.dumps(records)


def sqlite3_fetch():
    import sqlite3
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("create table goods (id integer, name text, price real)")
    database.executemany("insert into goods values (?, ?, ?)",
                         ((i, f"name {i}", i * 1.1) for i in range(50000)))
    return lambda: database.execute("select * from goods").fetchall()


def zlib_crc32():
    import zlib
    pieces = [os.urandom(4000) for _ in range(1000)]  # of less than 5 KiB it keeps the GIL
    return lambda: [zlib.crc32(piece) for piece in pieces]


def numpy_array():
    import numpy
    numbers = list(range(300000))
    return lambda: numpy.array(numbers)


def pandas_read_csv():
    import io
    import pandas
    text = "id,name,price\n" + "".join(f"{i},name {i},{i * 1.1}\n" for i in range(50000))
    return lambda: pandas.read_csv(io.StringIO(text))


WORK = {"json": json_dumps, "re": re_search, "sort": sort, "pickle": pickle_dumps,
        "sqlite3": sqlite3_fetch, "zlib": zlib_crc32, "numpy": numpy_array,
        "pandas": pandas_read_csv}


def keep(work, end):
    while time.monotonic() < end:
        work()


def ask(end):
    while time.monotonic() < end:
        time.sleep(0.001)


def main():
    parser = argparse.ArgumentParser(usage=__doc__[len("usage: "):])
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("library", choices=WORK)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    work = WORK[options.library]()
    end = time.monotonic() + options.seconds
    threads = [threading.Thread(target=keep, args=(work, end), name="keeper", daemon=True),
               threading.Thread(target=ask, args=(end,), name="asker", daemon=True)]
    for thread in threads:
        thread.start()
    print("ready: pid %d" % os.getpid(), flush=True)
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)


if __name__ == "__main__":
    main()
