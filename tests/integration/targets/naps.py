# SPDX-License-Identifier: Apache-2.0
"""Forty threads that sleep most of the time and hash for a moment now and then, without the GIL."""
import hashlib
import random
import threading
import time

data = bytes(400000)  # about a millisecond


def naps():
    while True:
        time.sleep(0.2 + 0.3 * random.random())
        hashlib.sha256(data)


for i in range(40):
    threading.Thread(target=naps, name="nap-%d" % i, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
