# SPDX-License-Identifier: Apache-2.0
"""Six threads that compute without the GIL and with it in turn, for a millisecond or so each: on one
CPU most of them are queued for it, and whether they want the GIL depends."""
import hashlib
import threading

DATA = bytes(500000)


def take_turns():
    while True:
        hashlib.sha256(DATA).digest()
        sum(n & 3 for n in range(10000))


for _ in range(6):
    threading.Thread(target=take_turns, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
