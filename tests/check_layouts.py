#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares our layouts of CPython's structures with what each installed interpreter's own headers
say: a program of offsetofs is compiled against them.

usage: check_layouts.py LAYOUT_DUMP [INCLUDE_DIR...]   further folders of headers, for interpreters
                                                       that came without
       check_layouts.py --emit                         run by each interpreter: what it knows
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
FIRST_SELF_DESCRIBING = 13
HEADERS = ("Python.h", "frameobject.h", "longintrepr.h", "pycore_pystate.h", "pycore_interp.h",
           "pycore_runtime.h", "pycore_gil.h", "pycore_frame.h", "pycore_interpframe.h",
           "pycore_code.h", "pycore_dict.h", "pycore_moduleobject.h", "pycore_long.h")

# Our field -> (from 3.N on, type, member); a member of None: no installed header has it.
GIL = "struct _gil_runtime_state"
FIELDS = {
    "runtime.interpreters_head": [(8, "_PyRuntimeState", "interpreters.head")],
    "runtime.finalizing": [(8, "_PyRuntimeState", "finalizing"),
                           (9, "_PyRuntimeState", "_finalizing")],
    "runtime.gil": [(8, "_PyRuntimeState", "ceval.gil")],
    "interp.next": [(8, "PyInterpreterState", "next")],
    "interp.id": [(8, "PyInterpreterState", "id")],
    "interp.threads_head": [(8, "PyInterpreterState", "tstate_head"),
                            (11, "PyInterpreterState", "threads.head")],
    "interp.gil": [(12, "PyInterpreterState", "ceval.gil")],
    "interp.modules": [(8, "PyInterpreterState", "modules"),
                       (12, "PyInterpreterState", "imports.modules")],
    "tstate.next": [(8, "PyThreadState", "next")],
    "tstate.interp": [(8, "PyThreadState", "interp")],
    "tstate.frame": [(8, "PyThreadState", "frame"), (11, "PyThreadState", "cframe"),
                     (13, "PyThreadState", "current_frame")],
    "tstate.thread_id": [(8, "PyThreadState", "thread_id")],
    "tstate.native_thread_id": [(11, "PyThreadState", "native_thread_id")],
    "tstate.id": [(8, "PyThreadState", "id")],
    "tstate.datastack_chunk": [(11, "PyThreadState", "datastack_chunk")],
    "tstate.datastack_top": [(11, "PyThreadState", "datastack_top")],
    "tstate.eval_breaker": [(13, "PyThreadState", "eval_breaker")],
    "tstate.gil_requested": [(15, "PyThreadState", "gil_requested")],
    "cframe.current_frame": [(11, "_PyCFrame", "current_frame")],
    "frame.code": [(8, "PyFrameObject", "f_code"), (11, "_PyInterpreterFrame", "f_code"),
                   (13, "_PyInterpreterFrame", "f_executable")],
    "frame.previous": [(8, "PyFrameObject", "f_back"), (11, "_PyInterpreterFrame", "previous")],
    "frame.instr": [(8, "PyFrameObject", "f_lasti"), (11, "_PyInterpreterFrame", "prev_instr"),
                    (13, "_PyInterpreterFrame", "instr_ptr")],
    "frame.owner": [(11, "_PyInterpreterFrame", "owner")],
    "frame.stacktop": [(11, "_PyInterpreterFrame", "stacktop"),
                       (14, "_PyInterpreterFrame", None)],
    "frame.stackpointer": [(14, "_PyInterpreterFrame", "stackpointer")],
    "frame.valuestack": [(8, "PyFrameObject", "f_valuestack"), (11, "_PyInterpreterFrame", None)],
    "frame.localsplus": [(11, "_PyInterpreterFrame", "localsplus")],
    "code.units": [(8, "PyVarObject", "ob_size")],
    "code.flags": [(8, "PyCodeObject", "co_flags")],
    "code.stacksize": [(8, "PyCodeObject", "co_stacksize")],
    "code.nlocalsplus": [(11, "PyCodeObject", "co_nlocalsplus")],
    "code.names": [(8, "PyCodeObject", "co_names")],
    "code.exceptiontable": [(11, "PyCodeObject", "co_exceptiontable")],
    "code.filename": [(8, "PyCodeObject", "co_filename")],
    "code.name": [(8, "PyCodeObject", "co_name")],
    "code.qualname": [(11, "PyCodeObject", "co_qualname")],
    "code.firstlineno": [(8, "PyCodeObject", "co_firstlineno")],
    "code.linetable": [(8, "PyCodeObject", "co_lnotab"), (10, "PyCodeObject", "co_linetable")],
    "code.bytecode": [(8, "PyCodeObject", "co_code"), (11, "PyCodeObject", "co_code_adaptive")],
    "chunk.previous": [(8, "_PyStackChunk", None), (11, "_PyStackChunk", "previous")],
    "chunk.size": [(8, "_PyStackChunk", None), (11, "_PyStackChunk", "size")],
    "chunk.top": [(8, "_PyStackChunk", None), (11, "_PyStackChunk", "top")],
    "chunk.data": [(8, "_PyStackChunk", None), (11, "_PyStackChunk", "data")],
    "object.type": [(8, "PyObject", "ob_type")],
    "type.name": [(8, "PyTypeObject", "tp_name")],
    "type.flags": [(8, "PyTypeObject", "tp_flags")],
    "type.basicsize": [(8, "PyTypeObject", "tp_basicsize")],
    "type.dictoffset": [(8, "PyTypeObject", "tp_dictoffset")],
    "type.call": [(8, "PyTypeObject", "tp_call")],
    "tuple.items": [(8, "PyTupleObject", "ob_item")],
    "cfunction.definition": [(8, "PyCFunctionObject", "m_ml")],
    "cfunction.self": [(8, "PyCFunctionObject", "m_self")],
    "cfunction.module": [(8, "PyCFunctionObject", "m_module")],
    "descr.type": [(8, "PyMethodDescrObject", "d_common.d_type")],
    "descr.definition": [(8, "PyMethodDescrObject", "d_method")],
    "wrapped.function": [(8, "PyMethodObject", "im_func")],
    "definition.name": [(8, "PyMethodDef", "ml_name")],
    "heaptype.cached_keys": [(11, "PyHeapTypeObject", "ht_cached_keys")],
    "bytes.size": [(8, "PyBytesObject", "ob_base.ob_size")],
    "bytes.data": [(8, "PyBytesObject", "ob_sval")],
    "unicode.length": [(8, "PyASCIIObject", "length")],
    "unicode.state": [(8, "PyASCIIObject", "state")],
    "unicode.ascii_data": [(8, "PyASCIIObject", "")],
    "unicode.compact_data": [(8, "PyCompactUnicodeObject", "")],
    "module.dict": [(8, "PyModuleObject", None), (10, "PyModuleObject", "md_dict")],
    "pylong.size": [(8, "PyLongObject", "ob_base.ob_size"),
                    (12, "PyLongObject", "long_value.lv_tag")],
    "pylong.digits": [(8, "PyLongObject", "ob_digit"), (12, "PyLongObject", "long_value.ob_digit")],
    "dict.keys": [(8, "PyDictObject", "ma_keys")],
    "dict.values": [(8, "PyDictObject", "ma_values")],
    "dictkeys.size": [(8, "PyDictKeysObject", None)],
    "dictkeys.log2_index_bytes": [(11, "struct _dictkeysobject", "dk_log2_index_bytes")],
    "dictkeys.kind": [(11, "struct _dictkeysobject", "dk_kind")],
    "dictkeys.nentries": [(8, "PyDictKeysObject", None),
                          (11, "struct _dictkeysobject", "dk_nentries")],
    "dictkeys.indices": [(8, "PyDictKeysObject", None),
                         (11, "struct _dictkeysobject", "dk_indices")],
    "dictvalues.items": [(8, "PyDictValues", None), (11, "struct _dictvalues", "values")],
    "gil.interval": [(8, GIL, "interval")],
    "gil.last_holder": [(8, GIL, "last_holder")],
    "gil.locked": [(8, GIL, "locked")],
    "gil.switch_number": [(8, GIL, "switch_number")],
    "gil.cond": [(8, GIL, "cond")],
    "gil.mutex": [(8, GIL, "mutex")],
    "gil.switch_cond": [(8, GIL, "switch_cond")],
    "gil.switch_mutex": [(8, GIL, "switch_mutex")],
    "sizeof runtime": [(8, "_PyRuntimeState", "")],
    "sizeof interp": [(8, "PyInterpreterState", "")],
    "sizeof tstate": [(8, "PyThreadState", "")],
    "sizeof frame": [(8, "PyFrameObject", ""), (11, "_PyInterpreterFrame", "")],
    "sizeof code": [(8, "PyCodeObject", "")],
    "sizeof bytes": [(13, "PyBytesObject", "")],
    "sizeof unicode": [(13, "PyUnicodeObject", "")],
    "sizeof gil": [(8, GIL, "")],
}
# The interpreter tells these sizes itself, and its headers need not know: the JIT adds a word.
OWN_SIZES = {"sizeof runtime", "sizeof interp"}

# Where only the eval breaker can make a thread give up the GIL. Up to 3.10 any instruction is such
# a place; jumps stand for the loop.
BOUNDARY_UP_TO_3_10 = re.compile(r"JUMP_ABSOLUTE|POP_JUMP_IF_(TRUE|FALSE)")
BOUNDARY = re.compile(r"(INSTRUMENTED_)?(JUMP_BACKWARD|RESUME)(?!_NO_INTERRUPT)(_[A-Z]+)*"
                      r"|ENTER_EXECUTOR|POP_JUMP_BACKWARD_IF_\w+")


def emit():
    """Folders of headers, _Py_DebugOffsets, numbers of opcodes: one line each."""
    import dis
    import sysconfig
    print(sysconfig.get_path("include"), os.path.dirname(sysconfig.get_config_h_filename()),
          sep="\t")
    if sys.version_info >= (3, FIRST_SELF_DESCRIBING):
        import ctypes
        runtime = ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime")
        print(ctypes.string_at(ctypes.addressof(runtime), 1024).hex())
    else:
        print()
    opcodes = getattr(dis, "_all_opmap", dis.opmap)
    print(*("%s=%d" % item for item in opcodes.items() if item[1] < 256))


def expression(rows, minor):
    """C for the value of one of FIELDS in 3.minor; None if no header has it."""
    applicable = [row for row in rows if row[0] <= minor]
    if not applicable:
        raise KeyError
    _, type_, member = applicable[-1]
    if member is None:
        return None
    return "offsetof(%s, %s)" % (type_, member) if member else "sizeof(%s)" % type_


def has_internals(folder):
    return (folder / "internal" / "pycore_gil.h").is_file()


def headers_of(interpreter, emitted, more):
    """The folders to compile with, or None."""
    own = [pathlib.Path(interpreter.root, folder.lstrip("/")) for folder in emitted]
    if has_internals(own[0]):
        return own
    wanted = re.compile(r"#define\s+PY_MINOR_VERSION\s+%d\b" % interpreter.minor)
    for folder in map(pathlib.Path, more):
        if has_internals(folder) and wanted.search((folder / "patchlevel.h").read_text()):
            return [folder, folder.parent] # Debian's pyconfig.h is found from there
    return None


def values_by_headers(folders, expressions, minor):
    include = folders[0]
    found = [name for name in HEADERS
             if any((include / place / name).is_file() for place in ("", "internal"))
             and not (name == "longintrepr.h" and minor > 10)]
    lines = ["#define Py_BUILD_CORE 1", "#include <stddef.h>", "#include <stdio.h>"]
    lines += ['#include "%s"' % name for name in found]
    lines += ["int main(void) {"]
    lines += ['printf("%s\\t%%zu\\n", %s);' % item for item in expressions.items()]
    lines += ["}"]
    with tempfile.TemporaryDirectory() as work:
        source = pathlib.Path(work) / "offsets.c"
        source.write_text("\n".join(lines))
        flags = ["-I%s" % folder for folder in folders]
        flags += ["-I%s" % (include / place) for place in ("internal", "internal/mimalloc")]
        subprocess.run(["cc", "-w", *flags, "-o", source.with_suffix(""), source], check=True)
        answer = subprocess.run([source.with_suffix("")], check=True, stdout=subprocess.PIPE,
                                universal_newlines=True).stdout
    return {name: int(value) for name, value in (line.split("\t") for line in answer.splitlines())}


def our_values(dump, minor, table):
    source = "table" if table else str(minor)
    answer = subprocess.run([dump, source], input=bytes.fromhex(table), check=True,
                            stdout=subprocess.PIPE).stdout.decode()
    return [line.rsplit(" ", 1) for line in answer.splitlines()]


def check_opcodes(minor, ours, opcodes):
    """What differs between our boundaries and those of the opcodes that are ones by name."""
    pattern = BOUNDARY if minor > 10 else BOUNDARY_UP_TO_3_10
    expected = {number: name for name, number in opcodes.items() if pattern.fullmatch(name)}
    for number in sorted(ours - set(expected)):
        yield "opcode %d is no boundary" % number
    for number in sorted(set(expected) - ours):
        if expected[number] != "ENTER_EXECUTOR": # only in builds with a JIT
            yield "opcode %d, %s, is not known as a boundary" % (number, expected[number])


def check(dump, interpreter, more):
    """The number of values compared and what differs; None if there are no headers."""
    emitted = subprocess.run(interpreter.command("-I", os.path.abspath(__file__), "--emit"),
                             check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
    folders, table, opcodes = emitted.split("\n")[:3]
    folders = headers_of(interpreter, folders.split("\t"), more)
    values = our_values(dump, interpreter.minor, table)
    boundaries = {int(value) for name, value in values if name == "boundary"}
    opcodes = {name: int(number) for name, number in (word.split("=") for word in opcodes.split())}
    differences = list(check_opcodes(interpreter.minor, boundaries, opcodes))
    if not folders:
        return len(boundaries), differences, "no internal headers: opcodes only"
    ours = {name: int(value) for name, value in values if name != "boundary"}
    expressions = {}
    for name in ours:
        try:
            code = expression(FIELDS[name], interpreter.minor)
        except KeyError:
            differences.append("%s: check_layouts.py does not know it" % name)
            continue
        if code and not (table and name in OWN_SIZES):
            expressions[name] = code
    for name, value in values_by_headers(folders, expressions, interpreter.minor).items():
        if value != ours[name]:
            differences.append("%s is %d, we say %d" % (name, value, ours[name]))
    return len(expressions) + len(boundaries), differences, "headers in %s" % folders[0]


def main(dump, more):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "integration"))
    import harness
    found = harness.interpreters()
    if not found or not shutil.which("cc"):
        print("no interpreter to check against" if not found else "no C compiler")
        return SKIP
    failed = False
    for version, interpreter in found.items():
        n_compared, differences, how = check(dump, interpreter, more)
        print("%s: %d of %d values differ (%s)" % (version, len(differences), n_compared, how))
        for difference in differences:
            print("  " + difference)
        failed = failed or bool(differences) or not n_compared
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--emit"]:
        emit()
    elif len(sys.argv) >= 2:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    else:
        sys.exit(__doc__)
