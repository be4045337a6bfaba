"""Addresses of the kernel's symbols, remembered on disk for as long as they hold: until the next boot, or until a
module comes or goes.

Addresses are secrets of those who may read /proc/kallsyms: the file is its owner's alone, and one that another user
could have written or read is ignored.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable

from pyvtrace.kernel.types import cache_directory

_FORMAT = "vtrace-symbols 1"
_KEPT = 128
# Programs and trampolines come and go at any time, and nothing tells.
_PASSING = ("bpf", "__builtin__")

Found = tuple[str, int]


def boot_identity(boot: str = "/proc/sys/kernel/random/boot_id", modules: str = "/proc/modules") -> str:
    """Names a state of the kernel's symbols: the boot, and each module with its size, state and address; "" where that
    cannot be told."""
    try:
        with open(boot, encoding="ascii") as file:
            identity = file.read().strip()
    except OSError:
        return ""
    try:
        with open(modules, encoding="utf-8") as file:
            # name size uses users state address
            rows = [line.split() for line in file]
    except FileNotFoundError:
        rows = []
    except OSError:
        return ""
    return " ".join((identity, *(":".join((row[0], row[1], *row[4:6])) for row in rows)))


class Addresses:
    """(module, address) of symbols by the module that was asked for and the name. `directory` "" means no cache."""

    def __init__(self, directory: str | None = None, identity: str | None = None) -> None:
        directory = cache_directory() if directory is None else directory
        self._path = os.path.join(directory, "symbols") if directory else ""
        self._identity = boot_identity() if identity is None else identity

    def find(self, module: str, name: str, look: Callable[[], Found | None]) -> Found | None:
        """What is remembered, or else what `look` finds."""
        question = f"{module} {name}"
        rows = self._read()
        if question in rows:
            owner, _, address = rows[question].partition(" ")
            return owner, int(address, 16)
        found = look()
        # Who may not know addresses is told zeros.
        if found and found[1] and not found[0].startswith(_PASSING):
            self._write({**rows, question: f"{found[0]} {found[1]:x}"})
        return found

    def _head(self) -> str:
        return f"{_FORMAT} {self._identity}"

    def _read(self) -> dict[str, str]:
        if not (self._path and self._identity):
            return {}
        try:
            with open(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW), encoding="ascii") as file:
                about = os.fstat(file.fileno())
                if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077:
                    return {}
                head, *lines, end = file.read().split("\n")
        except (OSError, ValueError):
            return {}
        # What was not written to its end has no last line.
        return dict(line.split("=", 1) for line in lines) if (head, end) == (self._head(), "end") else {}

    def _write(self, rows: dict[str, str]) -> None:
        if not (self._path and self._identity):
            return
        body = "".join(f"{question}={answer}\n" for question, answer in list(rows.items())[-_KEPT:])
        draft = f"{self._path}.{os.getpid()}"
        # Where it cannot be written, the next run takes its time.
        with contextlib.suppress(OSError, UnicodeError):
            os.makedirs(os.path.dirname(draft), exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="ascii") as file:
                file.write(f"{self._head()}\n{body}end")
            os.replace(draft, self._path)
