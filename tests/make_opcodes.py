#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes profiler/cpython/opcodes.inc: what each opcode of each version does to the depth of the
value stack, and where it jumps. The interpreters themselves are asked (opcode and dis modules).

usage: make_opcodes.py [FILE]         write FILE, by all interpreters of tests/interpreters.sh
       make_opcodes.py --check FILE   say what differs; exit status 1 if anything does, 77 if there
                                      is no interpreter to ask
       make_opcodes.py --emit         run by each interpreter: its part of it
"""
import os
import pathlib
import subprocess
import sys

SKIP = 77

# An effect is a constant and one of these of the argument; the names are those of enum gw_effect.
FORMS = [
    ("CONST", lambda n: 0),
    ("PLUS_N", lambda n: n),
    ("MINUS_N", lambda n: -n),
    ("MINUS_2N", lambda n: -2 * n),
    ("PLUS_ODD", lambda n: n & 1),
    ("MINUS_ODD", lambda n: -(n & 1)),
    ("MINUS_BITS", lambda n: -bin(n & 15).count("1")),
    ("MINUS_IS_3", lambda n: -(n == 3)),
    ("MINUS_BIT_2", lambda n: -(n & 4 == 4)),
    ("UNPACK", lambda n: (n & 255) + (n >> 8)),
]
ARGUMENTS = list(range(0, 40)) + [255, 256, 257, 513, 1030]

# What an opcode means to a search for a callable, where it is no bare effect: (3.MIN, 3.MAX, name,
# role, number). Where the callable of a call lies: see enum gw_op_role. Sources: Python/ceval.c up
# to 3.11, Python/bytecodes.c.
ROLES = [
    (8, 10, "CALL_FUNCTION", "CALL_N", 1),
    (8, 10, "CALL_METHOD", "CALL_PAIR", 0),
    (8, 10, "CALL_FUNCTION_KW", "CALL_N", 2),
    (8, 12, "CALL_FUNCTION_EX", "CALL_ODD", 2),
    (11, 11, "PRECALL", "CALL_PAIR", 0),
    (11, 12, "CALL", "CALL_PAIR", 0),
    (13, 15, "CALL", "CALL_N", 2),
    (13, 15, "CALL_KW", "CALL_N", 3),
    (13, 13, "CALL_FUNCTION_EX", "CALL_ODD", 3),
    (14, 15, "CALL_FUNCTION_EX", "CALL_FIXED", 4),
    # Names: the number is by how many bits the argument is shifted for the index of co_names.
    (8, 10, "LOAD_GLOBAL", "NAME", 0),
    (11, 15, "LOAD_GLOBAL", "NAME", 1),
    (8, 15, "LOAD_NAME", "NAME", 0),
    (8, 11, "LOAD_ATTR", "NAME_OF", 0),
    (12, 15, "LOAD_ATTR", "NAME_OF", 1),
    (8, 11, "LOAD_METHOD", "NAME_OF", 0),
    (8, 15, "EXTENDED_ARG", "EXTENDED", 0),
    # 3.8 keeps on its stack how a finally block was come to: Python/compile.c, stack_effect.
    (8, 8, "BEGIN_FINALLY", "F_BEGIN", 0),
    (8, 8, "CALL_FINALLY", "F_CALL", 0),
    (8, 8, "END_FINALLY", "F_END", 0),
    (8, 8, "POP_FINALLY", "F_POP", 0),
    (8, 8, "POP_EXCEPT", "F_POP_EXCEPT", 0),
    (8, 8, "WITH_CLEANUP_START", "F_WITH_START", 0),
    (8, 8, "WITH_CLEANUP_FINISH", "F_WITH_FINISH", 0),
    (8, 8, "SETUP_FINALLY", "F_SETUP", 0),
    (8, 8, "SETUP_WITH", "F_SETUP", 0),
    (8, 8, "SETUP_ASYNC_WITH", "F_SETUP", 0),
]
# Where C code runs for an operator, a with statement or a loop, for an operand of it: (3.MIN, 3.MAX,
# names, how many values below the top the operand lies, what runs). A COMPARE_OP says by its argument,
# shifted, what it compares, and a BINARY_OP what it does.
BINARY = {"ADD": "ADD", "SUBTRACT": "SUB", "MULTIPLY": "MUL", "TRUE_DIVIDE": "TRUEDIV",
          "FLOOR_DIVIDE": "FLOORDIV", "MODULO": "MOD", "POWER": "POW", "MATRIX_MULTIPLY": "MATMUL",
          "LSHIFT": "LSHIFT", "RSHIFT": "RSHIFT", "AND": "AND", "OR": "OR", "XOR": "XOR"}
SLOTS = [
    *((8, 10, "BINARY_" + name, 2, slot) for name, slot in BINARY.items()),
    *((8, 10, "INPLACE_" + name, 2, slot) for name, slot in BINARY.items()),
    (8, 13, "BINARY_SUBSCR", 2, "GETITEM"),
    (8, 15, "STORE_SUBSCR", 2, "SETITEM"),
    (8, 15, "DELETE_SUBSCR", 2, "DELITEM"),
    (9, 15, "CONTAINS_OP", 1, "CONTAINS"),
    (8, 15, "GET_ITER", 1, "ITER"),
    (8, 14, "FOR_ITER", 1, "NEXT"),
    (15, 15, "FOR_ITER", 2, "NEXT"),
    (8, 10, "SETUP_WITH", 1, "ENTER"),
    (11, 13, "BEFORE_WITH", 1, "ENTER"),
    (11, 15, "BINARY_OP", 2, "BY_BINARY"),
    (8, 11, "COMPARE_OP", 2, "BY_COMPARE"),
    (12, 12, "COMPARE_OP", 2, "BY_COMPARE_4"),
    (13, 15, "COMPARE_OP", 2, "BY_COMPARE_5"),
]
ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_ABSOLUTE",
        "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "INTERPRETER_EXIT")
# What the interpreter does not tell as it is, (3.MIN, 3.MAX, name): (effect, form). 3.11: the
# arguments of a call stay on the stack until CALL is over. RETURN_GENERATOR pushes the value that
# the generator is first resumed with.
CORRECTED = {
    (11, 11, "PRECALL"): (0, "CONST"),
    (11, 11, "CALL"): (-1, "MINUS_N"),
    (11, 12, "RETURN_GENERATOR"): (1, "CONST"),
}
# Put in the place of another opcode, which is kept elsewhere.
HIDING = ("INSTRUMENTED_LINE", "INSTRUMENTED_INSTRUCTION", "ENTER_EXECUTOR", "RESERVED")


def fit(effects):
    """(constant, form) that gives these effects of ARGUMENTS, None where the opcode has none."""
    if all(effect is None for effect in effects):
        return None
    for name, form in FORMS:
        constants = {effect - form(n) for n, effect in zip(ARGUMENTS, effects) if effect is not None}
        if len(constants) == 1:
            return constants.pop(), name
    raise SystemExit("no form for %r" % (list(zip(ARGUMENTS, effects)),))


def effects_of(number, has_argument, jump):
    import dis

    def effect(argument):
        try:
            return dis.stack_effect(number, argument if has_argument else None, jump=jump)
        except ValueError:
            return None
    return [effect(n) for n in ARGUMENTS] if has_argument else [effect(0)] * len(ARGUMENTS)


def lookup(table, minor, name):
    for (first, last, listed), value in table.items():
        if listed == name and first <= minor <= last:
            return value
    return None


def jump_kind(number, name):
    import dis
    if number in dis.hasjabs and sys.version_info < (3, 13):
        return "ABSOLUTE"
    if number in getattr(dis, "hasjump", ()) or number in dis.hasjrel:
        return "BACKWARD" if "BACKWARD" in name else "FORWARD"
    return "NOWHERE"


def base_row(minor, name, number, caches):
    import dis
    has_argument = number >= dis.HAVE_ARGUMENT if minor < 12 else number in dis.hasarg
    fall = lookup(CORRECTED, minor, name) or fit(effects_of(number, has_argument, False))
    if fall is None:
        return None
    kind = jump_kind(number, name)
    jump = fit(effects_of(number, has_argument, True)) if kind != "NOWHERE" else (0, "CONST")
    role = next(((role, value) for first, last, listed, role, value in ROLES
                 if listed == name and first <= minor <= last), ("PLAIN", 0))
    below, slot = next(((below, slot) for first, last, listed, below, slot in SLOTS
                        if listed == name and first <= minor <= last), (0, "NONE"))
    if below and role[0] == "PLAIN":
        role = ("SLOT", below)
    flow = kind + ("_ONLY" if name in ENDS and kind != "NOWHERE" else "")
    if name in ENDS and kind == "NOWHERE":
        flow = "END"
    return "{%d, GW_EFFECT_%s, %d, GW_EFFECT_%s, GW_FLOW_%s, GW_OP_%s, %d, GW_SLOT_%s, %d}" % (
        *fall, *jump, flow, *role, slot, caches)


def emit():
    """Lines of `NUMBER NAME ROW`, and `NUMBER NAME = BASE` for forms of another one."""
    import dis
    import opcode
    minor = sys.version_info[1]
    numbers = {name: number for name, number in getattr(dis, "_all_opmap", dis.opmap).items()
               if number < 256}
    deopt = getattr(dis, "deoptmap", {})
    caches = getattr(opcode, "_inline_cache_entries", {})

    def cache_units(name):
        if isinstance(caches, list):
            return caches[numbers[name]]
        return caches.get(name, 0)

    for name, number in sorted(numbers.items(), key=lambda item: item[1]):
        base = deopt.get(name, name)
        if base.startswith("INSTRUMENTED_") and base[13:] in numbers:
            base = base[13:]
        if minor >= 14 and name in ("JUMP_BACKWARD_JIT", "JUMP_BACKWARD_NO_JIT"):
            base = "JUMP_BACKWARD"
        if name in HIDING or name == "CACHE":
            continue
        if base != name:
            print(number, name, "=", base)
            continue
        row = base_row(minor, name, number, cache_units(name))
        if row:
            print(number, name, row)


def packed(pairs):
    """Designated initialisers, several to a line."""
    line = "           "
    for number, base in pairs:
        item = " [%d] = %d," % (number, base)
        if len(line + item) > 100:
            yield line
            line = "           "
        line += item
    yield line


def table_of(minor, lines):
    """C of one version's table, by what emit() printed there."""
    rows = [line.split(" ", 2) for line in lines]
    number_of = {name: int(number) for number, name, _ in rows}
    out = ["    [%d - GW_PYTHON_MINOR_FIRST] = {" % minor,
           "        .jump_unit = %d," % (1 if minor < 10 else 2),
           "        .generator_depth = %d," % (minor == 10), # what is sent in first lies there
           "        .rows = {"]
    bases = []
    for number, name, row in rows:
        if not row.startswith("= "):
            out.append("            [%s] = %s, /* %s */" % (number, row, name))
        elif row[2:] in number_of:
            bases.append((int(number), number_of[row[2:]]))
    if bases:
        out += ["        },", "        .base = {", *packed(bases)]
    return "\n".join(out + ["        },", "    },", ""])


def interpreters():
    script = pathlib.Path(__file__).resolve().parent / "interpreters.sh"
    answer = subprocess.run([script, "list"], check=True, stdout=subprocess.PIPE,
                            universal_newlines=True).stdout
    for line in answer.splitlines():
        version, root, path = line.split("\t")
        yield int(version.split(".")[1]), root, path


def ask(root, path):
    command = [path, "-c", pathlib.Path(__file__).read_text(), "--emit"]
    if root != "/":
        command = ["chroot", root, *command]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, universal_newlines=True,
                          env={**os.environ, "PYTHONWARNINGS": "ignore"}).stdout.splitlines()


HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tests/make_opcodes.py, which asks each interpreter itself. */
/* clang-format off */
static const struct op_table op_tables[] = {
"""
FOOT = """};
/* clang-format on */
"""


def main():
    if "--emit" in sys.argv:
        return emit()
    versions = {minor: table_of(minor, ask(root, path)) for minor, root, path in interpreters()}
    if "--check" not in sys.argv:
        text = HEAD + "".join(versions[minor] for minor in sorted(versions)) + FOOT
        if len(sys.argv) > 1:
            pathlib.Path(sys.argv[1]).write_text(text)
        else:
            print(text, end="")
        return 0
    if not versions:
        print("no interpreter to ask")
        return SKIP
    kept = pathlib.Path(sys.argv[-1]).read_text()
    wrong = [minor for minor, text in versions.items() if text not in kept]
    for minor in wrong:
        print("3.%d: the opcodes are others; make them anew: %s FILE" % (minor, sys.argv[0]))
    print("checked", *("3.%d" % minor for minor in sorted(versions)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
