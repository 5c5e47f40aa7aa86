#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the depths we find for the value stack against co_stacksize, for the code of the
interpreters' whole standard libraries: the greatest one has to be it, or at most that where the
compiler allows for more than it uses.

usage: check_depths.py DEPTHS_DUMP [STEP]     every STEPth file of the library (default: 1)
       check_depths.py --emit STEP            run by each interpreter
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_linetables

SKIP = 77
GENERATORS = 0x20 | 0x80 | 0x200 # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
# Part of the code objects where co_stacksize is more than any path needs: 3.8 allows for a finally
# block that raises in its own handler, 3.9 for tuples that became constants, 3.13 for a value in code
# that has none.
SLACK = {8: 0.02, 9: 0.01, 13: 0.05}
USUAL_SLACK = 0.002


def emit(step):
    seen = set()
    for code in check_linetables.code_objects(step):
        exceptions = getattr(code, "co_exceptiontable", b"")
        key = (code.co_code, exceptions, code.co_stacksize)
        if key not in seen:
            seen.add(key)
            print(int(code.co_flags & GENERATORS != 0), code.co_code.hex(), exceptions.hex() or "-",
                  code.co_stacksize)


def check(dump, interpreter, step):
    """Counts: code objects, those we find less for, those we find more for."""
    emitted = subprocess.run(interpreter.command("-I", "-W", "ignore", os.path.abspath(__file__),
                                                 "--emit", step),
                             stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout
    cases = [line.rsplit(" ", 1) for line in emitted.splitlines()]
    answer = subprocess.run([dump, str(interpreter.minor)], check=True,
                            input="".join(case + "\n" for case, _ in cases),
                            stdout=subprocess.PIPE, universal_newlines=True).stdout.split()
    if len(answer) != len(cases):
        raise SystemExit("%d code objects in, %d out" % (len(cases), len(answer)))
    pairs = [(int(got), int(size)) for got, (_, size) in zip(answer, cases)]
    return (len(pairs), sum(got < size for got, size in pairs),
            sum(got > size for got, size in pairs))


def main(dump, step):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "integration"))
    import harness
    found = harness.interpreters()
    if not found:
        print("no interpreter to check against")
        return SKIP
    failed = False
    for version, interpreter in found.items():
        n, less, more = check(dump, interpreter, step)
        print("%s: of %d code objects %d need less than co_stacksize, %d more" % (
            version, n, less, more), flush=True)
        slack = SLACK.get(interpreter.minor, USUAL_SLACK)
        failed = failed or more > 0 or less > slack * n + 1 or n < 1000 // int(step)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--emit":
        emit(int(sys.argv[2]))
    elif len(sys.argv) in (2, 3):
        sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "1"))
    else:
        sys.exit(__doc__)
