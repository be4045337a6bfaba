"""Functions and variables of the kernel by name, from /proc/kallsyms.

The file is made while it is read, some 50 ms for a kernel: only programs that name a symbol read it, and what they find
is remembered for this boot.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from pyvtrace.kernel.addresses import Addresses, Found
from pyvtrace.target import KernelSymbol
from pyvtrace.value import replace

KALLSYMS = "/proc/kallsyms"
VMLINUX = "vmlinux"
_PART = 1 << 16
# What scripts call the kernel itself.
_KERNEL = frozenset(("vmlinux", "kernel", "genunix", "unix"))


def find(
    module: str, name: str, typed: KernelSymbol | None, path: str = KALLSYMS, remembered: Addresses | None = None
) -> KernelSymbol | None:
    """The symbol `name` of a module, of any if `module` is "" (the kernel's own first); None if there is none. `typed`
    is what the kernel's type information says of that name."""
    wanted = VMLINUX if module in _KERNEL else module

    def look() -> Found | None:
        return next(_found(name, wanted, path), None)

    if found := remembered.find(wanted, name, look) if remembered else look():
        owner, address = found
        known = typed if typed and owner == VMLINUX else KernelSymbol(name, owner, 0)
        return replace(known, module=owner, address=address)
    # Without CONFIG_KALLSYMS_ALL variables are not in the file, and the kernel does not find them either.
    return KernelSymbol(name, VMLINUX, 0, typed.type) if typed and wanted in ("", VMLINUX) else None


def _found(name: str, module: str, path: str) -> Iterator[tuple[str, int]]:
    """(module, address) of each symbol of that name; modules follow the kernel itself in the file."""
    line = re.compile(rb"^([0-9a-f]+) . %s(?:[ \t]+\[(\w+)\])?$" % re.escape(name.encode()), re.MULTILINE)
    for part in _parts(path):
        for match in line.finditer(part):
            owner = match[2].decode() if match[2] else VMLINUX
            if module in ("", owner):
                yield owner, int(match[1], 16)


def _parts(path: str) -> Iterator[bytes]:
    """The file in pieces of whole lines: most of the time goes into making it, which ends where the reader does."""
    rest = b""
    with contextlib.suppress(OSError), open(path, "rb", buffering=0) as file:
        while data := file.read(_PART):
            lines, _, rest = (rest + data).rpartition(b"\n")
            yield lines
