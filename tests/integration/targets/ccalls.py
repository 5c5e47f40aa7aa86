# SPDX-License-Identifier: Apache-2.0
"""Threads that call C functions, one kind of call on each line. usage: ccalls.py long|short

The comment behind a line names the C function that is called there, or the two with | between them;
nothing else is called on it.
"""
import array
import ctypes
import functools
import hashlib
import json
import operator
import os
import re
import sys
import threading
import time
import zlib

DATA = os.urandom(100000)
TEXT = "a" * 17
TABLE = {str(number): [number] * 20 for number in range(1000)}
WORDS = [str(number) for number in range(20000)]
NUMBERS = list(range(30000))
OCTETS = list(range(256)) * 200
pattern = re.compile("(a+)+b")
encode = json.encoder.c_make_encoder(None, json.JSONEncoder().default, json.encoder.encode_basestring_ascii,
                                     None, ":", ",", False, False, True)
compress_fast = functools.partial(zlib.compress, DATA)
getter = operator.methodcaller("index", 19999)


class Holder:
    words = WORDS


def positional():
    zlib.compress(DATA)  # C: zlib.compress


def keyword():
    hashlib.pbkdf2_hmac("sha1", b"a", salt=b"b", iterations=300)  # C: _hashlib.pbkdf2_hmac


def starred():
    arguments = (DATA,)
    zlib.crc32(*arguments)  # C: zlib.crc32


def partial():
    compress_fast()  # C: zlib.compress


def method():
    pattern.search(TEXT)  # C: re.Pattern.search


def method_of_str():
    ",".join(WORDS)  # C: str.join


def method_of_list():
    NUMBERS.index(29999)  # C: list.index


def attribute():
    Holder.words.count("no")  # C: list.count


def builtin():
    sum(NUMBERS)  # C: sum


def builtin_with_key():
    sorted(NUMBERS, reverse=True)  # C: sorted


def of_a_type():
    bytes(OCTETS)  # C: bytes()


def of_an_instance():
    encode(TABLE, 0)  # C: _json.Encoder.__call__


def by_another_name():
    length = max
    length(NUMBERS)  # C: max


def nested_in_arguments():
    repr(NUMBERS[:5000])  # C: repr | list.__getitem__


def in_try():
    try:
        try:
            zlib.adler32(DATA)  # C: zlib.adler32
        finally:
            NUMBERS.count(1)  # C: list.count
    except ValueError:
        pass


def in_with():
    with LOCKS[0]:
        DATA.find(b"\0\0\0\0\0")  # C: bytes.find | _thread.lock.__exit__


def sleeps():
    time.sleep(0.002)  # C: time.sleep


def foreign():
    LIBC.usleep(2000)  # C: usleep (ctypes)


def power():
    BIG ** 5  # C: int.__pow__


def contains():
    "no" in WORDS  # C: list.__contains__


def enters():
    with BUSY:  # C: _thread.lock.__enter__ | _thread.lock.__exit__
        pass


def in_generator():
    def numbers():
        while True:
            yield max(NUMBERS)  # C: max
    for _ in zip(range(20), numbers()):
        pass


BIG = 7 ** 20000
BUSY = threading.Lock()  # one thread has it for long
LIBC = ctypes.PyDLL(None)  # calls that keep the GIL
LOCKS = [threading.Lock()]
LONG = (positional, keyword, starred, partial, method, method_of_str, method_of_list, attribute,
        builtin, builtin_with_key, of_a_type, of_an_instance, by_another_name, nested_in_arguments,
        in_try, in_with, sleeps, foreign, power, contains, enters, in_generator)


def short_calls():
    word, numbers, stamp = "word", [1, 2, 3], array.array("i", [1])
    while True:
        abs(-1)  # C: abs
        len(word)  # C: len
        word.upper()  # C: str.upper
        hash(word)  # C: hash
        numbers.count(2)  # C: list.count
        stamp.tobytes()  # C: array.array.tobytes
        ord("a")  # C: ord
        word.find("r")  # C: str.find
        id(word)  # C: id
        callable(word)  # C: callable


def keep_busy():
    while True:
        BUSY.acquire()
        time.sleep(0.01)
        BUSY.release()
        time.sleep(0.001)


def repeat(function):
    while True:
        function()


def computes():
    while True:
        for number in range(1000):
            number * number


def main():
    if sys.argv[1] == "short":
        threads = [threading.Thread(target=short_calls, name="short", daemon=True)]
    else:
        threads = [threading.Thread(target=repeat, args=(function,), name=function.__name__,
                                    daemon=True) for function in LONG]
        threads += [threading.Thread(target=function, name=function.__name__, daemon=True)
                    for function in (computes, keep_busy)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    while True:
        time.sleep(60)


main()
