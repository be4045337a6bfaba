"""A C program from its text to bytecode: from the cache, or from bcc in a child process.

A compiled program is plain data, JSON in the cache. It depends on the text, on the kernel (its types' offsets are in
the code), on bcc and on the flags; the entry is named after all of them.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from pyvtrace.cprobes.compiler import NO_BCC, REFUSED
from pyvtrace.cprobes.words import without_comments
from pyvtrace.kernel import symbols_bcc
from pyvtrace.kernel.btf import VMLINUX
from pyvtrace.kernel.types import cache_directory, kernel_identity
from pyvtrace.value import Value

# To be raised with every change to what an entry has in it.
_FORMAT = "1"
_KEPT = 200
_SECONDS = 120
_VIRTUAL = "/virtual/main.c"
_PINNED = re.compile(r"\bBPF_TABLE_PINNED\w*|\bBPF_TABLE_(?:PUBLIC|SHARED)\b|\bR_TABLE\b")
# bcc writes the record of a tracepoint in front of its function, which moves all lines from there on.
_TRACEPOINT = re.compile(r"(?:\bTRACEPOINT_PROBE|\btracepoint__\w+)\s*\([^)]*\)\s*\{")
# What clang has to say about headers that are no program's.
_NOISE = re.compile(r"^(?:In file included from|\d+ (?:warning|error)s?\b.* generated)")


class CProgramError(Exception):
    """A C program that does not run. `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Uncompiled(CProgramError):
    """clang refused it; `diagnostics` are its words, with the name, lines and columns of the program."""

    def __init__(self, name: str, diagnostics: str) -> None:
        super().__init__(f"failed to compile {name}:\n{diagnostics}")
        self.name, self.diagnostics = name, diagnostics

    def errors(self) -> list[tuple[int, int, str]]:
        """(line, column, message) of each error, both counted from 1; line 1 for one in a header."""
        found = re.findall(r"^(\S+):(\d+):(\d+): (?:fatal )?error: (.*)$", self.diagnostics, re.MULTILINE)
        return [
            (int(line), int(column), text) if name == self.name else (1, 1, text) for name, line, column, text in found
        ]


class CTable(Value):
    """A table as bcc describes it: `type` is a BPF_MAP_TYPE_* number, `key` and `value` are types in bcc's JSON,
    `event` has `name#type` for each member of what is put out through it."""

    name: str
    type: int
    key_size: int
    value_size: int
    entries: int
    flags: int
    key: Any
    value: Any
    event: tuple[str, ...]


class CFunction(Value):
    """A function's bytecode; instruction `index` of each relocation takes the fd of the table."""

    name: str
    code: bytes
    relocations: tuple[tuple[int, str], ...]


class CProgram(Value):
    """A compiled program. `text` is what it was compiled from, without comments; `cached` tells that it was in the
    cache."""

    name: str
    text: str
    tables: tuple[CTable, ...]
    functions: tuple[CFunction, ...]
    cached: bool


def compile_program(name: str, text: str, flags: Sequence[str] = (), *, keep: bool = True) -> CProgram:
    """The program of this text; `name` is what diagnostics call it. One that is not to `keep` depends on what will not
    come again, such as the number of a process.

    Raises:
        CProgramError: it cannot be compiled, or not here.
    """
    plain = without_comments(text)
    if found := _PINNED.search(plain):
        raise CProgramError(
            f"{name} has a table that is pinned or shared ({found[0]}): it would outlive us",
            "declare it with BPF_TABLE, BPF_HASH or the like",
        )
    key = _key(text, flags)
    compiled = _read(key)
    cached = compiled is not None
    if compiled is None:
        compiled = _compiled(name, text, flags)
        if keep:
            _write(key, compiled)
    return _program(name, plain, compiled, cached)


def _program(name: str, plain: str, compiled: Any, cached: bool) -> CProgram:
    tables = tuple(CTable(**{**table, "event": tuple(table["event"])}) for table in compiled["tables"])
    functions = tuple(
        CFunction(f["name"], base64.b64decode(f["code"]), tuple((index, table) for index, table in f["relocations"]))
        for f in compiled["functions"]
    )
    return CProgram(name, plain, tables, functions, cached)


# ------------------------------------------------------------------------------------------------------------ compiling


def installed() -> str:
    """Where bcc's binding is.

    Raises:
        CProgramError: nowhere.
    """
    for path in symbols_bcc.places():
        return path
    raise CProgramError(
        "C programs are compiled by bcc, which is not installed; D programs and everything else work without it",
        f"as root: {symbols_bcc.PACKAGES}",
    )


def check_kernel() -> None:
    """
    Raises:
        CProgramError: it does not describe its types.
    """
    if not os.access(VMLINUX, os.R_OK):
        raise CProgramError(
            f"C programs are compiled with this kernel's types, and there is no {VMLINUX}",
            "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; D programs that name no kernel type work without",
        )


def _compiled(name: str, text: str, flags: Sequence[str]) -> Any:
    installed()
    check_kernel()
    request = json.dumps({"text": _numbered(text), "cache": cache_directory(), "flags": list(flags)})
    try:
        child = subprocess.run(
            [sys.executable, "-m", "pyvtrace.cprobes.compiler"],
            input=request.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired:
        raise CProgramError(f"bcc did not compile {name} in {_SECONDS} seconds") from None
    said = child.stderr.decode(errors="replace").replace(_VIRTUAL, name)
    if child.returncode == 0:
        return json.loads(child.stdout)
    if child.returncode == REFUSED and re.search(r"^\S+:\d+:\d+: (?:fatal )?error: ", said, re.MULTILINE):
        raise Uncompiled(name, _telling(said))
    if child.returncode == NO_BCC:
        raise CProgramError(
            "bcc is installed, and its library cannot be loaded", f"as root: {symbols_bcc.PACKAGES}, once more"
        )
    if os.geteuid():
        raise CProgramError("C programs can be compiled and run by root only: bcc makes their tables as it compiles")
    raise CProgramError(f"bcc's compiler ended without compiling {name}:\n{_last(said)}", _stack_hint(said))


def _numbered(text: str) -> str:
    """The text with its own line numbers behind each place where bcc inserts lines. Columns stay as well."""

    def opened(found: re.Match[str]) -> str:
        end = found.end()
        line = text.count("\n", 0, end) + 1
        column = end - (text.rfind("\n", 0, end) + 1)
        return f"{found[0]}\n#line {line}\n{' ' * column}"

    return _TRACEPOINT.sub(opened, text)


def _telling(said: str) -> str:
    """clang's words without those about bcc's own headers, whose warnings come with every program."""
    kept: list[str] = []
    ours = True
    for line in said.splitlines():
        if re.match(r"^\S+:\d+:\d+: ", line):
            ours = not line.startswith("/virtual/include/") or " error: " in line
        elif _NOISE.match(line):
            continue
        if ours:
            kept.append(line)
    return "\n".join(kept)


def _last(said: str) -> str:
    """The end of what it said, without a traceback's inside."""
    lines = [line for line in said.splitlines() if line.strip()]
    return "\n".join(lines[-3:]) or "it said nothing"


def _stack_hint(said: str) -> str:
    if "stack" in said.lower():
        return "a BPF function has 512 bytes of stack: put large values into a BPF_PERCPU_ARRAY"
    return ""


# ---------------------------------------------------------------------------------------------------------------- cache


def _key(text: str, flags: Sequence[str]) -> str:
    parts = [_FORMAT, kernel_identity(), os.uname().release, text, *flags]
    with contextlib.suppress(CProgramError):
        # Another version of bcc is another file.
        about = os.stat(installed())
        parts += [str(about.st_size), str(about.st_mtime_ns)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _directory() -> str:
    cache = cache_directory()
    return f"{cache}/c-programs" if cache else ""


def _read(key: str) -> Any:
    """An entry; None where there is none, or one that is damaged or somebody else's."""
    with contextlib.suppress(OSError, ValueError), open(f"{_directory()}/{key}.json", "rb") as file:
        about = os.fstat(file.fileno())
        if about.st_uid in (0, os.geteuid()) and not about.st_mode & 0o022:
            digest, _, body = file.read().partition(b"\n")
            if hashlib.sha256(body).hexdigest().encode() == digest:
                os.utime(file.fileno())
                return json.loads(body)
    return None


def _write(key: str, compiled: Any) -> None:
    """Whole or not at all; where that is not possible the next run compiles again."""
    directory = _directory()
    if not directory:
        return
    body = json.dumps(compiled).encode()
    draft = f"{directory}/{key}.{os.getpid()}"
    with contextlib.suppress(OSError):
        os.makedirs(directory, exist_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644), "wb") as file:
            file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        os.replace(draft, f"{directory}/{key}.json")
        _clean(directory)


def _clean(directory: str) -> None:
    """Remove what was not used for long, and what killed runs have left."""
    entries = []
    for name in os.listdir(directory):
        path = f"{directory}/{name}"
        stem, _, kind = name.rpartition(".")
        if stem and kind.isdigit() and not os.path.exists(f"/proc/{kind}"):
            os.unlink(path)
        elif kind == "json":
            entries.append((os.stat(path).st_mtime, path))
    for _, path in sorted(entries)[:-_KEPT]:
        os.unlink(path)
