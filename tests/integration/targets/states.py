# SPDX-License-Identifier: Apache-2.0
"""A thread in every state that a thread can keep up. Arguments: the roles that are wanted."""
import ctypes
import hashlib
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time

import roles
from roles import role

forever = 3600


# ---- the GIL ----

@role
def hog():
    while True:
        for n in range(100):
            n * n


@role
def waiter():
    """Wants the GIL all the time and has it hardly ever."""
    while True:
        time.sleep(1e-6)


def keep_the_gil(c_call, *args):
    time.sleep(0.5)  # until the others are where they belong and the main thread has said so
    c_call(*args)


@role
def holder_asleep():
    keep_the_gil(ctypes.PyDLL(None).usleep, forever * 100000)


@role
def holder_reading():
    buffer = ctypes.create_string_buffer(1)
    keep_the_gil(ctypes.PyDLL(None).read, os.pipe()[0], buffer, 1)


# ---- asleep ----

@role
def receives():
    connection, other_end = socket.socketpair()
    connection.recv(1)


@role
def receives_with_timeout():
    """Python turns it into a poll."""
    connection, other_end = socket.socketpair()
    connection.settimeout(forever)
    connection.recv(1)


@role
def accepts():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.accept()


@role
def reads_a_pipe():
    os.read(os.pipe()[0], 1)


@role
def epolls():
    select.epoll().poll(forever)


@role
def polls():
    poller = select.poll()
    poller.register(os.pipe()[0], select.POLLIN)
    poller.poll()


@role
def selects():
    select.select([os.pipe()[0]], [], [], forever)


@role
def waits_for_a_child():
    with subprocess.Popen(["sleep", str(forever)]) as child:
        child.wait()


@role
def sleeps():
    time.sleep(forever)


@role
def waits_for_a_lock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


@role
def waits_for_an_event():
    threading.Event().wait()


@role
def waits_for_an_event_with_timeout():
    threading.Event().wait(forever)


@role
def waits_for_a_queue():
    queue.Queue().get(timeout=forever)


@role
def joins():
    threading.main_thread().join()  # it never ends


# ---- on a CPU without the GIL ----

@role
def hashes():
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2000000000)


# Long enough for the waiter's other doings not to count.
sys.setswitchinterval(0.05)
roles.start(sys.argv[1:])
threading.Event().wait()
