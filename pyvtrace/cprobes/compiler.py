"""The child in which bcc compiles: `python -m pyvtrace.cprobes.compiler`, a request on standard input, the compiled
program on standard output, both JSON; what clang says on standard error.

bcc's compiler ends its process when it meets what it cannot do, changes the directory, and maps 120 MB: none of that
should happen to a tracer. It makes the program's maps in the kernel while it compiles; they go with the child.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import signal
import struct
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pyvtrace.cprobes.headers import prepare
from pyvtrace.cprobes.mounts import mount_privately
from pyvtrace.cprobes.types import written
from pyvtrace.cprobes.words import words
from pyvtrace.kernel import symbols_bcc
from pyvtrace.kernel.btf import Kind, open_vmlinux

# Exit statuses: clang has said why; bcc cannot be loaded.
REFUSED, NO_BCC = 3, 4
_LD_IMM64, _MAP_FD = 0x18, 1
_PR_SET_PDEATHSIG = 1
# Calls of what is declared nowhere become calls of helpers that do not exist.
_FLAGS = ("-Werror=implicit-function-declaration", "-Wno-unused-variable", "-Wno-macro-redefined")


def main() -> int:
    """Compile what standard input asks for; the exit status."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    request = json.load(sys.stdin)
    # Whatever bcc prints is not the answer.
    answer = os.dup(1)
    os.dup2(2, 1)
    mount_privately()
    text = request["text"]
    os.environ["BCC_KERNEL_SOURCE"] = prepare(words(text), request["cache"])
    module = symbols_bcc.load()
    if module is None:
        return NO_BCC
    compiled = _compile(module.lib, text.encode("utf-8", "surrogateescape"), request["flags"])
    if compiled is None:
        return REFUSED
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(compiled, file)
    return 0


def _compile(lib: Any, text: bytes, flags: list[str]) -> Mapping[str, Any] | None:
    given = [flag.encode() for flag in (*_FLAGS, *flags)]
    array = (ctypes.c_char_p * len(given))(*given)
    program = lib.bpf_module_create_c_from_string(text, 0, array, len(given), True, None)
    if not program:
        return None
    tables = list(_tables(lib, program))
    names = {table.pop("fd"): table["name"] for table in tables}
    return {"tables": tables, "functions": list(_functions(lib, program, names))}


def _tables(lib: Any, program: int) -> Iterator[dict[str, Any]]:
    lib.bpf_table_name.restype, lib.bpf_table_name.argtypes = ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_size_t]
    lib.bpf_num_tables.restype, lib.bpf_num_tables.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
    for name in ("bpf_table_key_size_id", "bpf_table_leaf_size_id", "bpf_table_fd_id"):
        getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    for number in range(lib.bpf_num_tables(program)):
        name = lib.bpf_table_name(program, number)
        yield {
            "name": name.decode(),
            "fd": lib.bpf_table_fd_id(program, number),
            "type": lib.bpf_table_type_id(program, number),
            "key_size": lib.bpf_table_key_size_id(program, number),
            "value_size": lib.bpf_table_leaf_size_id(program, number),
            "entries": lib.bpf_table_max_entries_id(program, number),
            "flags": lib.bpf_table_flags_id(program, number),
            "key": _described(lib.bpf_table_key_desc(program, name)),
            "value": _described(lib.bpf_table_leaf_desc(program, name)),
            "event": list(_event(lib, program, name)),
        }


def _described(text: bytes | None) -> Any:
    """A type as bcc writes it in JSON; None of what it does not know."""
    with contextlib.suppress(ValueError):
        return json.loads(text) if text else None
    return None


def _event(lib: Any, program: int, table: bytes) -> Iterator[str]:
    """`name#type` of each member of what the program puts out through this table."""
    for number in range(lib.bpf_perf_event_fields(program, table)):
        name, _, type_ = lib.bpf_perf_event_field(program, table, number).decode().partition("#")
        element, bracket, length = type_.partition("[")
        yield f"{name}#{_number(element.strip())}{bracket}{length}"


def _number(name: str) -> str:
    """A kernel's typedef of a number as the number that it is; any other type as it is written."""
    if written(name) != name or " " in name:
        return name
    btf = open_vmlinux()
    found = btf.find(name, Kind.TYPEDEF)
    type_ = btf.describe(found) if found else None
    if type_ is None or type_.kind != "int":
        return name
    return f"{'s' if type_.signed else 'u'}{8 * type_.size}"


def _functions(lib: Any, program: int, maps: Mapping[int, str]) -> Iterator[Mapping[str, Any]]:
    for number in range(lib.bpf_num_functions(program)):
        name = lib.bpf_function_name(program, number)
        size = lib.bpf_function_size(program, name)
        code = bytearray(ctypes.string_at(lib.bpf_function_start(program, name), size))
        relocations = []
        for at in range(0, len(code), 8):
            if code[at] == _LD_IMM64 and code[at + 1] >> 4 == _MAP_FD:
                (fd,) = struct.unpack_from("<i", code, at + 4)
                relocations.append((at // 8, maps[fd]))
                struct.pack_into("<i", code, at + 4, 0)
        encoded = base64.b64encode(code).decode()
        yield {"name": name.decode(), "code": encoded, "relocations": relocations}


if __name__ == "__main__":
    sys.exit(main())
