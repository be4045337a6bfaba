"""Answers about the kernel's types, remembered on disk between runs.

A one-liner asks for a handful of offsets. Out of BTF they cost 20 ms, out of this file a tenth of one. The file is
named after the kernel that gave the answers and is only ever a copy: whatever is wrong with it, it is ignored and
written anew, and where it cannot be written nothing is lost but time.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyvtrace.target import KernelParameter, KernelType, MemberPlace

if TYPE_CHECKING:
    from pyvtrace.kernel.btf import Btf

_FORMAT = "vtrace-types 1"
_ABSENT = "-"
# More would take longer to read than they save; listing every tracepoint asks for thousands.
_KEPT = 256
_VMLINUX = "/sys/kernel/btf/vmlinux"
_NT_GNU_BUILD_ID = 3

Row = tuple[str, ...]


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
        question = ("member", struct_name, path)
        answer = self._rows.get(question)
        if answer is None and (btf := self.btf()):
            place = btf.member(struct_name, path)
            answer = (str(place.offset), str(place.size), str(int(place.signed))) if place else ()
            self._remember(question, answer)
        return MemberPlace(int(answer[0]), int(answer[1]), answer[2] == "1") if answer else None

    def raw_tracepoint(self, name: str) -> tuple[KernelParameter, ...] | None:
        """As `Btf.raw_tracepoint`; None also without BTF."""
        question = ("tracepoint", name)
        answer = self._rows.get(question)
        if answer is None and (btf := self.btf()):
            parameters = btf.raw_tracepoint(name)
            # A tracepoint without parameters exists all the same: its row starts with its name.
            answer = () if parameters is None else (name, *_written(parameters))
            self._remember(question, answer)
        return _read_parameters(answer[1:]) if answer else None

    def function(self, name: str) -> int | None:
        """As `Btf.function`; None also without BTF."""
        question = ("function", name)
        answer = self._rows.get(question)
        if answer is None and (btf := self.btf()):
            identifier = btf.function(name)
            answer = (str(identifier),) if identifier else ()
            self._remember(question, answer)
        return int(answer[0]) if answer else None

    # --------------------------------------------------------------------------------------------------------- file

    def _path(self) -> str:
        return f"{self._directory}/types-{self._identity}"

    def _read(self) -> dict[Row, Row]:
        """Question to answer, () meaning "there is none"; empty if the file is missing, damaged or somebody else's."""
        if not self._directory:
            return {}
        try:
            with open(self._path(), encoding="ascii") as file:
                if os.fstat(file.fileno()).st_uid not in (0, os.geteuid()):
                    return {}
                head, _, body = file.read().partition("\n")
            if head != f"{_FORMAT} {len(body)}":
                return {}
            return dict(_parse(line) for line in body.splitlines())
        except (OSError, ValueError, IndexError):
            return {}

    def _remember(self, question: Row, answer: Row) -> None:
        if not self._unsaved:
            atexit.register(self.save)
        self._unsaved = True
        self._rows[question] = answer

    def save(self) -> None:
        """Write what was learnt, the latest `_KEPT` answers, whole: a reader sees the old file or the new one."""
        if not (self._unsaved and self._directory):
            return
        rows = list(self._rows.items())[-_KEPT:]
        body = "".join("\t".join((*question, *(answer or (_ABSENT,)))) + "\n" for question, answer in rows)
        draft = f"{self._path()}.{os.getpid()}"
        # A read-only or full disk costs the next run its time, nothing else.
        with contextlib.suppress(OSError):
            os.makedirs(self._directory, exist_ok=True)
            with open(draft, "w", encoding="ascii") as file:
                file.write(f"{_FORMAT} {len(body)}\n{body}")
            os.replace(draft, self._path())
        self._unsaved = False


# How many words of a line are the question; the rest is the answer.
_QUESTION_WORDS = {"member": 3, "tracepoint": 2, "function": 2}
_ANSWER_WORDS = {"member": 3, "function": 1}


def _parse(line: str) -> tuple[Row, Row]:
    """One line; ValueError for one that we would not have written."""
    words = tuple(line.split("\t"))
    if words[0] not in _QUESTION_WORDS:
        raise ValueError(line)
    split = _QUESTION_WORDS[words[0]]
    question, answer = words[:split], words[split:]
    if answer == (_ABSENT,):
        return question, ()
    if words[0] == "tracepoint":
        _read_parameters(answer[1:])
    elif len(answer) != _ANSWER_WORDS[words[0]] or not all(word.isdecimal() for word in answer):
        raise ValueError(line)
    return question, answer


def _written(parameters: Iterable[KernelParameter]) -> Row:
    """`name|kind|C type|size|signed` of each; C types have no bars."""
    return tuple(f"{p.name}|{p.type.kind}|{p.type.name}|{p.type.size}|{int(p.type.signed)}" for p in parameters)


def _read_parameters(words: Row) -> tuple[KernelParameter, ...]:
    """The reverse of `_written`; ValueError for anything else."""
    parameters = []
    for word in words:
        name, kind, type_name, size, signed = word.split("|")
        parameters.append(KernelParameter(name, KernelType(kind, type_name, int(size), signed == "1")))
    return tuple(parameters)
