# SPDX-License-Identifier: Apache-2.0
"""Threads in C functions of known stacks: c_stacks.py EXTENSION FUNCTION..., one thread for each.

One that keeps the GIL comes last: nothing else runs from then on.
"""
import importlib.util
import os
import sys
import threading
import time

spec = importlib.util.spec_from_file_location("c_stacks", sys.argv[1])
c_stacks = importlib.util.module_from_spec(spec)
spec.loader.exec_module(c_stacks)
unread, written = os.pipe()


def called_back():
    os.read(unread, 1)


def spin():
    while True:
        pass


def run(name):
    function = getattr(c_stacks, name)
    argument = {"call_back": called_back, "compute": 2_000_000, "nap": 20_000}.get(name, unread)
    if name == sys.argv[-1]:
        print("ready", flush=True)
    function(argument)
    while name in ("compute", "nap"):
        function(argument)


threading.Thread(target=spin, name="spin", daemon=True).start()
for name in sys.argv[2:]:
    threading.Thread(target=run, args=(name,), name=name, daemon=True).start()
time.sleep(1000)
