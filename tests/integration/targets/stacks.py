# SPDX-License-Identifier: Apache-2.0
"""Threads that sit still in every kind of Python frame, and a line of JSON that says where.

Each function under @place runs in a thread of its own and ends in block(). When all of them sit
still, their stacks are printed as sys._current_frames() has them: {tid: [[function, file, line]]},
leaf first; the function is qualified from 3.11 on, a line is null where there is none. `--hogs N` then starts N busy threads.
"""
import asyncio
import concurrent.futures
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
gate = threading.Lock()
gate.acquire()
arrived = []
tids = {}
places = []


def arrive():
    tids[threading.get_ident()] = threading.get_native_id()
    arrived.append(None)


def block(*_):
    arrive()
    gate.acquire()


def place(function):
    places.append(function)
    return function


def renamed(function, name):
    changes = {"co_name": name}
    if sys.version_info >= (3, 11):
        changes["co_qualname"] = name
    function.__code__ = function.__code__.replace(**changes)
    return function


# ---- calls, recursion, lambdas ----

@place
def plain():
    block()


@place
def recursion(n=40):
    if n:
        return recursion(n - 1)
    return block()


@place
def recursion_of_256_frames():
    # block and this function, and what threading puts below: four or five frames.
    descend(depth_left(256))


@place
def recursion_to_the_limit():
    descend(depth_left(sys.getrecursionlimit()) - 30)


def depth_left(limit):
    frame, n = sys._getframe(), 0
    while frame:
        frame, n = frame.f_back, n + 1
    return limit - n


def descend(n):
    if n > 0:
        descend(n - 1)
    else:
        block()


@place
def lambdas():
    (lambda inner: (lambda: inner())())(lambda: block())


@place
def closure():
    def outer():
        def inner():
            block()
        inner()
    outer()


@place
def call_over_several_lines():
    str(
        "one line",
    ).join([
        str(block(
            "another",
            "and another",
        ))
    ])


@place
def exceptions():
    try:
        raise ValueError
    except ValueError:
        try:
            raise KeyError
        except KeyError:
            pass
        finally:
            block()


@place
def context_managers():
    @contextlib.contextmanager
    def manager():
        with contextlib.ExitStack() as stack:
            stack.callback(block)
            yield
    with manager():
        pass


# ---- generators and coroutines ----

@place
def nested_generators():
    def leaf():
        yield 1
        block()
        yield 2

    def branch():
        yield from leaf()

    for _ in branch():
        pass


@place
def deep_generators():
    def level(n):
        if n:
            yield from level(n - 1)
        else:
            yield block()
    list(level(150))


@place
def generator_expression():
    sum(value for value in (block() for _ in "x"))


@place
def comprehensions():
    return {k: [block() for _ in {v for v in "y"}] for k in "x"}


@place
def coroutine_that_blocks():
    async def leaf():
        block()

    async def numbers():
        yield await leaf()

    async def main():
        return [number async for number in numbers()]

    asyncio.run(main())


@place
def event_loop_that_waits():
    async def main():
        asyncio.get_running_loop().call_soon(arrive)
        await asyncio.gather(asyncio.sleep(3600), asyncio.Event().wait())
    asyncio.run(main())


# ---- called back from C ----

@place
def called_from_map_and_sorted():
    sorted([1], key=lambda _: list(map(block, [1])))


@place
def called_from_a_regular_expression():
    re.sub("x", lambda match: functools.reduce(block, [1, 2]), "x")


@place
def called_from_a_dict():
    class Key:
        def __hash__(self):
            return 1

        def __eq__(self, other):
            return block()
    {Key(): 1}.get(Key())


@place
def called_from_del():
    class Cyclic:
        def __del__(self):
            block()
    gc.disable()
    cyclic = Cyclic()
    cyclic.itself = cyclic
    del cyclic
    gc.collect()


@place
def called_from_foreign_code():
    compare_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    array = (ctypes.c_int * 2)(2, 1)
    ctypes.CDLL(None).qsort(array, 2, ctypes.sizeof(ctypes.c_int),
                            compare_type(lambda a, b: block() or 0))


@place
def called_from_lru_cache_and_partial():
    functools.lru_cache(maxsize=None)(functools.partial(block, 1))()


# ---- classes ----

class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args)


class Outer(metaclass=Meta):
    class Inner:
        def __get__(self, instance, owner):
            return self.method()

        def method(self):
            return Outer.klass()

    attribute = Inner()

    def __init__(self):
        self.attribute

    @classmethod
    def klass(cls):
        cls.static()

    @staticmethod
    def static():
        block()


@place
def methods():
    Outer()


@place
def class_body():
    class Body:
        attribute = block()


class Runner(threading.Thread):
    def run(self):
        block()


# ---- code from elsewhere ----

@place
def text_that_is_executed():
    exec(compile("def f():\n\n    eval('block()')\nf()", "", "exec"), {"block": block})


@place
def strange_file_names():
    source = "\n" * 70000 + "block()"
    innermost = compile(source, "", "exec").replace(
        co_filename="semi;colon\nnew line\tand \x00 and \udc80.py")
    inner = compile("exec(innermost)", "/tmp/ünï/名前/\U0001f40d.py", "exec")
    exec(inner, {"innermost": innermost, "block": block})


@place
def strange_function_names():
    def größe_名前_𝔵():
        block()
    long_name = renamed(lambda: größe_名前_𝔵(), "ab" + "名" * 3000)
    surrogate = renamed(lambda: long_name(), "lone \udcff\ud800 surrogates")
    empty = renamed(lambda: surrogate(), "")
    renamed(lambda: empty(), "<script>\n;\x00")()


@place
def code_without_lines():
    def inner():
        block()
    table = "co_lnotab" if sys.version_info < (3, 10) else "co_linetable"
    inner.__code__ = inner.__code__.replace(co_firstlineno=0, **{table: b""})
    inner()


@place
def module_being_imported():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        with open(os.path.join(folder, "blocking_module.py"), "w") as module:
            module.write("import __main__\n\nclass Body:\n    __main__.block()\n")
        sys.path.append(folder)
        importlib.invalidate_caches()
        importlib.import_module("blocking_module")


# ---- watched code: the interpreter changes the bytecode ----

@place
def traced():
    def tracer(frame, event, argument):
        return tracer
    sys.settrace(tracer)
    recursion(3)


@place
def profiled():
    sys.setprofile(lambda frame, event, argument: None)
    recursion(3)


# ---- taking stock ----

def stack_of(frame):
    stack = []
    while frame:
        code = frame.f_code
        stack.append([getattr(code, "co_qualname", code.co_name), code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return stack


def stacks():
    return {tids[ident]: stack_of(frame) for ident, frame in sys._current_frames().items()
            if ident in tids}


def report(n_expected):
    while len(arrived) < n_expected:
        time.sleep(0.01)
    before, now = None, stacks()
    while before != now:
        time.sleep(0.2)
        before, now = now, stacks()
    print(json.dumps({"pid": os.getpid(), "stacks": now}), flush=True)
    for _ in range(int(sys.argv[2]) if sys.argv[1:2] == ["--hogs"] else 0):
        threading.Thread(target=hog, daemon=True).start()
    print("ready", flush=True)


def hog():
    while True:
        sum(range(100))


def main():
    threading.stack_size(64 << 20)
    for function in places:
        threading.Thread(target=function, name=function.__name__, daemon=True).start()
    Runner(name="runner", daemon=True).start()
    pool = concurrent.futures.ThreadPoolExecutor(1)
    pool.submit(arrive)
    threading.Thread(target=report, args=[len(places) + 3], daemon=True).start()
    signal.signal(signal.SIGUSR1, lambda number, frame: block())
    os.kill(os.getpid(), signal.SIGUSR1)


main()
