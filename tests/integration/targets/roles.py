# SPDX-License-Identifier: Apache-2.0
"""For targets whose threads have a role each: starts them and prints who is who."""
import json
import os
import threading
import time

roles = {}


def role(function):
    """Decorator: this function is run in a thread of its own, named like it."""
    roles[function.__name__] = function
    return function


def start(wanted=None, settle=0.2):
    """Starts the threads of the wanted roles (all by default) and prints one line of JSON: role to
    thread id, "main" among them. The line is printed when all have had time to get where they
    stay; a role that never lets go of the GIL has to wait until then by itself."""
    wanted = list(roles) if wanted is None else wanted
    threads = [threading.Thread(target=roles[name], name=name, daemon=True) for name in wanted]
    for thread in threads:
        thread.start()
    time.sleep(settle)
    tids = {thread.name: thread.native_id for thread in threads}
    print(json.dumps({"main": os.getpid(), **tids}), "ready", flush=True)
