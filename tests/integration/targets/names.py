# SPDX-License-Identifier: Apache-2.0
"""Threads with all kinds of names. Prints {tid: name}, null for one that threading does not know;
on any line of input it renames one and prints the names again."""
import _thread
import json
import sys
import threading
import time

NAMES = ["plain", "größe 名前 \U0001f40d", "x" * 300, "名" * 2000, "a) b", "new\nline", "semi;colon",
         "lone \udcff surrogate", "nul \0 inside", "<b>&amp;</b>", " ", "17", "\t\r\x1b[31m"]


class Attributes(threading.Thread):
    """So many attributes that its dict is of another kind."""

    def __init__(self, name):
        super().__init__(name=name, target=threading.Event().wait, daemon=True)
        for i in range(200):
            setattr(self, "attribute%d" % i, i)


class Slots(threading.Thread):
    __slots__ = ("one", "two")


def unknown(started):
    started.append(threading.get_native_id())
    while True:
        time.sleep(3600)


def show(threads, unknown_tids):
    names = {threading.get_native_id(): threading.current_thread().name}
    names.update((thread.native_id, thread.name) for thread in threads)
    names.update((tid, None) for tid in unknown_tids)
    print(json.dumps(names), flush=True)


def main():
    wait = threading.Event().wait
    threads = [threading.Thread(target=wait, name=name, daemon=True) for name in NAMES]
    threads.append(threading.Thread(target=wait, daemon=True))  # Thread-1
    threads.append(Attributes("many attributes"))
    threads.append(Slots(target=wait, name="slots", daemon=True))
    threads.append(threading.Timer(3600, print))
    materialised = threading.Thread(target=wait, name="materialised dict", daemon=True)
    materialised.__dict__["extra"] = 1
    threads.append(materialised)
    for thread in threads:
        thread.daemon = True
        thread.start()
    unknown_tids = []
    _thread.start_new_thread(unknown, (unknown_tids,))
    while not unknown_tids:
        time.sleep(0.01)
    empty = threading.Thread(target=wait, daemon=True)
    empty._name = empty.name = ""  # the constructor takes no empty name
    empty.start()
    threads.append(empty)
    show(threads, unknown_tids)
    for line in sys.stdin:
        threads[0].name = "renamed: größer"
        threading.current_thread().name = "main, renamed"
        show(threads, unknown_tids)


main()
