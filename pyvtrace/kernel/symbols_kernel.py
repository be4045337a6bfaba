"""Names of the kernel's functions, by /proc/kallsyms: lines of an address, a type, a name and, behind a tab, a module.

The kernel's own symbols come first, by ascending address. They are searched as they are: taking 120,000 lines apart
would cost three times what reading them does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

KALLSYMS = "/proc/kallsyms"
VMLINUX = "vmlinux"
_TEXT = frozenset(b"tTwWi")
# They say where a part of the kernel ends; nothing is in them.
_ENDS = frozenset((b"_etext", b"_einittext", b"__init_end", b"_end", b"__entry_text_end"))
# Behind the last symbol of all there is nothing that tells where it ends.
_FAR = 1 << 16

Place = tuple[int, str, str]


class KernelSymbols:
    """All functions of the kernel and its modules, read once; nothing where the kernel hides its addresses."""

    def __init__(self, path: str = KALLSYMS) -> None:
        try:
            with open(path, "rb") as file:
                raw = file.read()
        except OSError:
            raw = b""
        modules = raw.find(b"\t[")
        end = len(raw) if modules < 0 else raw.rfind(b"\n", 0, modules) + 1
        self._core, self._end = raw, end
        self._modules = sorted(_of_modules(raw[end:]))
        self._starts = [place[0] for place in self._modules]
        self.hidden = not end or not self._address(self._line(end - 1))

    def find(self, address: int) -> tuple[str, str, int] | None:
        """Module, name and offset of the function an address is in."""
        if self.hidden:
            return None
        at = bisect_right(self._starts, address) - 1
        if at >= 0 and (at + 1 < len(self._starts) or address - self._starts[at] < _FAR):
            start, name, module = self._modules[at]
            return module, name, address - start
        return self._in_core(address)

    def range_of(self, name: str) -> tuple[int, int] | None:
        """Address of a function of the kernel's own, and of what follows it."""
        at = self._core.find(f" {name}\n".encode(), 0, self._end)
        if at < 0 or self.hidden:
            return None
        start = self._address(self._line(at))
        while (at := self._core.find(b"\n", at) + 1) and at < self._end:
            if (following := self._address(at)) > start:
                return start, following
        return None

    # --------------------------------------------------------------------------------------------- lines by their place

    def _line(self, at: int) -> int:
        """Where the line begins that a byte is in."""
        return self._core.rfind(b"\n", 0, at) + 1

    def _address(self, line: int) -> int:
        return int(self._core[line : line + 16], 16)

    def _is_text(self, line: int) -> bool:
        return self._core[line + 17] in _TEXT

    def _in_core(self, address: int) -> tuple[str, str, int] | None:
        line = self._last_before(address)
        if line < 0 or (self._core.find(b"\n", line) + 1 >= self._end and address - self._address(line) >= _FAR):
            return None
        while line > 0 and not self._is_text(line):
            line = self._line(line - 1)
        start = self._address(line)
        # Of several names of one place the first in the kernel's list.
        while line > 0 and self._address(before := self._line(line - 1)) == start and self._is_text(before):
            line = before
        name = self._core[line + 19 : self._core.find(b"\n", line)]
        if name in _ENDS or not start:
            return None
        return VMLINUX, name.decode(), address - start

    def _last_before(self, address: int) -> int:
        """The last line whose address is not greater; -1 if there is none."""
        low, high = 0, self._end
        found = -1
        while low < high:
            line = self._line((low + high) // 2)
            if self._address(line) <= address:
                found, low = line, self._core.find(b"\n", line) + 1
            else:
                high = line
        return found


def _of_modules(raw: bytes) -> Iterator[Place]:
    for line in raw.splitlines():
        address, type_, name, *module = line.split()
        if type_[0] in _TEXT:
            yield int(address, 16), name.decode(), module[0][1:-1].decode() if module else VMLINUX
