"""Answers about the kernel's types, remembered on disk between runs.

A one-liner asks for a handful of offsets. Out of BTF they cost 20 ms, out of this file a tenth of one. The file is
named after the kernel that gave the answers and is only ever a copy: whatever is wrong with it, it is ignored and
written anew, and where it cannot be written nothing is lost but time.
"""

from __future__ import annotations

import atexit
import contextlib
import marshal
import os
import struct
from binascii import a2b_base64, b2a_base64, crc32
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pyvtrace.target import (
    Enumerator,
    KernelMember,
    KernelParameter,
    KernelSymbol,
    KernelType,
    MemberPlace,
    Prototype,
)

if TYPE_CHECKING:
    from pyvtrace.kernel.btf import Btf

_FORMAT = b"vtrace-types 1"
_ABSENT = "-"
# Of each kind of question: listing every tracepoint asks for thousands, and must not crowd out the members.
_KEPT = 128
_VMLINUX = "/sys/kernel/btf/vmlinux"
_NT_GNU_BUILD_ID = 3

T = TypeVar("T")
# How an answer is written, and read back.
_Text = tuple[Callable[[T], str], Callable[[str], T]]


def kernel_identity(notes: str = "/sys/kernel/notes", btf: str = _VMLINUX) -> str:
    """Names one build of a kernel: its build id, or release and version; and the size of its BTF."""
    try:
        with open(notes, "rb") as file:
            identity = _build_id(file.read())
    except (OSError, struct.error):
        identity = ""
    if not identity:
        uname = os.uname()
        identity = "".join(c if c.isalnum() else "-" for c in f"{uname.release}-{uname.version}")
    try:
        return f"{identity}-{os.stat(btf).st_size}"
    except OSError:
        return identity


def _build_id(notes: bytes) -> str:
    """The GNU build id among ELF notes: name size, data size, type, then both padded to 4 bytes."""
    at = 0
    while at + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from("=III", notes, at)
        name, data = at + 12, at + 12 + (name_size + 3 & ~3)
        if kind == _NT_GNU_BUILD_ID and notes[name : name + name_size] == b"GNU\0":
            return notes[data : data + size].hex()
        at = data + (size + 3 & ~3)
    return ""


def cache_directory() -> str:
    """Where caches go: $XDG_CACHE_HOME/pyvtrace, ~/.cache/pyvtrace; empty if there is no place of our own.

    `sudo` may leave HOME at the user's: root writing there would leave files that the user cannot replace, and would
    trust ones that the user can. Root then uses /var/cache.
    """
    home = os.environ.get("HOME", "")
    base = os.environ.get("XDG_CACHE_HOME", "") or (f"{home}/.cache" if home else "")
    if os.geteuid() == 0 and not (os.path.isabs(base) and os.stat(_existing(base)).st_uid == 0):
        base = "/var/cache"
    return f"{base}/pyvtrace" if os.path.isabs(base) else ""


def _existing(path: str) -> str:
    """`path` or the nearest directory above it that exists."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


class Types:
    """Questions about types, answered from the cache or else from BTF. `directory` "" means no cache."""

    def __init__(self, directory: str | None = None, identity: str | None = None, btf: str = _VMLINUX) -> None:
        self._directory = cache_directory() if directory is None else directory
        self._identity = kernel_identity(btf=btf) if identity is None else identity
        self._btf_path = btf
        self._btf: Btf | None = None
        self._rows = self._read()
        self._unsaved = False

    # ---------------------------------------------------------------------------------------------------- questions

    def btf(self) -> Btf | None:
        """The kernel's BTF, opened once; None if it has none that can be read."""
        if self._btf is None:
            from pyvtrace.kernel.btf import BtfError, open_vmlinux

            with contextlib.suppress(BtfError):
                self._btf = open_vmlinux(self._btf_path)
        return self._btf

    def member(self, struct_name: str, path: str) -> MemberPlace | None:
        """As `Btf.member`; None also without BTF."""
        return self._answer(f"member {struct_name} {path}", lambda btf: btf.member(struct_name, path), _PLACE)

    def raw_tracepoint(self, name: str) -> tuple[KernelParameter, ...] | None:
        """As `Btf.raw_tracepoint`; None also without BTF."""
        return self._answer(f"tracepoint {name}", lambda btf: btf.raw_tracepoint(name), _PARAMETERS)

    def aggregate(self, keyword: str, tag: str) -> KernelType | None:
        """As `pyvtrace.kernel.aggregates.aggregate`; None also without BTF."""

        def ask(btf: Btf) -> KernelType | None:
            from pyvtrace.kernel.aggregates import aggregate

            return aggregate(btf, keyword, tag)

        return self._answer(f"aggregate {keyword} {tag}", ask, _AGGREGATE)

    def named(self, name: str) -> KernelType | None:
        """As `pyvtrace.kernel.named.named`; None also without BTF."""

        def ask(btf: Btf) -> KernelType | None:
            from pyvtrace.kernel.named import named

            return named(btf, name)

        return self._answer(f"named {name}", ask, _AGGREGATE)

    def enumerator(self, name: str) -> Enumerator | None:
        """As `pyvtrace.kernel.named.enumerator`; None also without BTF."""

        def ask(btf: Btf) -> Enumerator | None:
            from pyvtrace.kernel.named import enumerator

            return enumerator(btf, name)

        return self._answer(f"enumerator {name}", ask, _ENUMERATOR)

    def variable(self, name: str) -> KernelSymbol | None:
        """As `pyvtrace.kernel.named.variable`; None also without BTF."""

        def ask(btf: Btf) -> KernelSymbol | None:
            from pyvtrace.kernel.named import variable

            return variable(btf, name)

        return self._answer(f"variable {name}", ask, _VARIABLE)

    def function(self, name: str) -> int | None:
        """As `Btf.function`; None also without BTF."""
        return self._answer(f"function {name}", lambda btf: btf.function(name), _NUMBER)

    def prototype(self, function: str) -> Prototype | None:
        """As `Btf.prototype`; None also without BTF."""
        found = self._answer(f"prototype {function}", lambda btf: btf.prototype(function), _PARAMETERS)
        if found is None:
            return None
        *parameters, result = found
        return Prototype(tuple(parameters), None if result.type.kind == "void" else result.type)

    def typed_tracepoint(self, name: str) -> int | None:
        """As `Btf.typed_tracepoint`; None also without BTF."""
        return self._answer(f"typed {name}", lambda btf: btf.typed_tracepoint(name), _NUMBER)

    def _answer(self, question: str, ask: Callable[[Btf], T | None], as_text: _Text[T]) -> T | None:
        write, read = as_text
        if (known := self._rows.get(question)) is not None:
            return None if known == _ABSENT else read(known)
        btf = self.btf()
        if btf is None:
            return None
        found = ask(btf)
        self._remember(question, _ABSENT if found is None else write(found))
        return found

    # --------------------------------------------------------------------------------------------------------- file

    def _path(self) -> str:
        return f"{self._directory}/types-{self._identity}"

    def _read(self) -> dict[str, str]:
        """Question to answer; empty if the file is missing, damaged or somebody else's."""
        if not self._directory:
            return {}
        try:
            with open(self._path(), "rb") as file:
                if os.fstat(file.fileno()).st_uid not in (0, os.geteuid()):
                    return {}
                head, _, body = file.read().partition(b"\n")
        except OSError:
            return {}
        if head != _head(body):
            return {}
        return dict(line.split("=", 1) for line in body.decode("ascii").splitlines())

    def _remember(self, question: str, answer: str) -> None:
        if not self._unsaved:
            atexit.register(self.save)
        self._unsaved = True
        self._rows[question] = answer

    def save(self) -> None:
        """Write what was learnt, whole: a reader sees the old file or the new one."""
        if not (self._unsaved and self._directory):
            return
        body = "".join(f"{question}={answer}\n" for question, answer in _latest(self._rows)).encode("ascii")
        draft = f"{self._path()}.{os.getpid()}"
        # A read-only or full disk costs the next run its time, nothing else.
        with contextlib.suppress(OSError):
            os.makedirs(self._directory, exist_ok=True)
            with open(draft, "wb") as file:
                file.write(_head(body) + b"\n" + body)
            os.replace(draft, self._path())
        self._unsaved = False


def _head(body: bytes) -> bytes:
    return b"%s %08x" % (_FORMAT, crc32(body))


def _latest(rows: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The latest `_KEPT` rows of each kind of question."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for question, answer in rows.items():
        kinds.setdefault(question.partition(" ")[0], []).append((question, answer))
    for kept in kinds.values():
        yield from kept[-_KEPT:]


# ---------------------------------------------------------------------------------------------------- answers as text


def _place_text(place: MemberPlace) -> str:
    return f"{place.offset} {place.size} {int(place.signed)}"


def _place(text: str) -> MemberPlace:
    offset, size, signed = text.split()
    return MemberPlace(int(offset), int(size), signed == "1")


def _parameters_text(parameters: tuple[KernelParameter, ...]) -> str:
    """`name|kind|C type|size|signed` and a tab after each; C types have neither."""
    return "".join(f"{p.name}|{p.type.kind}|{p.type.name}|{p.type.size}|{int(p.type.signed)}\t" for p in parameters)


def _parameters(text: str) -> tuple[KernelParameter, ...]:
    rows = (part.split("|") for part in text.split("\t")[:-1])
    return tuple(
        KernelParameter(name, KernelType(kind, type_name, int(size), signed == "1"))
        for name, kind, type_name, size, signed in rows
    )


def _aggregate_text(type_: KernelType) -> str:
    return b2a_base64(marshal.dumps(_plain(type_)), newline=False).decode("ascii").replace("=", "~")


def _aggregate(text: str) -> KernelType:
    return _typed(marshal.loads(a2b_base64(text.replace("~", "="))))


def _enumerator_text(constant: Enumerator) -> str:
    return f"{constant.value} {_aggregate_text(constant.type)}"


def _enumerator(text: str) -> Enumerator:
    value, _, type_ = text.partition(" ")
    return Enumerator(_aggregate(type_), int(value))


def _variable_text(symbol: KernelSymbol) -> str:
    assert symbol.type is not None
    return f"{symbol.name} {symbol.btf} {int(symbol.per_cpu)} {_aggregate_text(symbol.type)}"


def _variable(text: str) -> KernelSymbol:
    name, btf, per_cpu, type_ = text.split(" ", 3)
    return KernelSymbol(name, "", 0, _aggregate(type_), int(btf), per_cpu == "1")


def _plain(type_: KernelType) -> tuple[Any, ...]:
    """A type as tuples of what marshal knows."""
    members = tuple((m.name, _plain(m.type), m.bit_offset, m.bits) for m in type_.members)
    return type_.kind, type_.name, type_.size, type_.signed, type_.length, members


def _typed(fields: tuple[Any, ...]) -> KernelType:
    kind, name, size, signed, length, members = fields
    made = tuple(KernelMember(own, _typed(type_), offset, bits) for own, type_, offset, bits in members)
    return KernelType(kind, name, size, signed, length, made)


_AGGREGATE: _Text[KernelType] = (_aggregate_text, _aggregate)
_ENUMERATOR: _Text[Enumerator] = (_enumerator_text, _enumerator)
_VARIABLE: _Text[KernelSymbol] = (_variable_text, _variable)
_PLACE: _Text[MemberPlace] = (_place_text, _place)
_PARAMETERS: _Text[tuple[KernelParameter, ...]] = (_parameters_text, _parameters)
_NUMBER: _Text[int] = (str, int)
