"""Names of the kernel's functions, by /proc/kallsyms."""

from __future__ import annotations

from array import array
from bisect import bisect_right

KALLSYMS = "/proc/kallsyms"
VMLINUX = "vmlinux"
_TEXT = frozenset(b"tTwWi")
# They say where a part of the kernel ends; nothing is in them.
_ENDS = frozenset((b"_etext", b"_einittext", b"__init_end", b"_end", b"__entry_text_end"))
# Behind the last symbol of all there is nothing that tells where it ends.
_FAR = 1 << 16


class KernelSymbols:
    """All functions of the kernel and its modules, read once. An empty table where the kernel hides its addresses."""

    def __init__(self, path: str = KALLSYMS) -> None:
        try:
            with open(path, "rb") as file:
                self._raw = file.read()
        except OSError:
            self._raw = b""
        places = []
        at = 0
        for line in self._raw.splitlines(keepends=True):
            address, _, rest = line.partition(b" ")
            if rest[:1] and rest[0] in _TEXT:
                places.append(int(address, 16) << 32 | at)
            at += len(line)
        places.sort()
        self._starts = array("Q", (place >> 32 for place in places))
        self._lines = array("I", (place & 0xFFFFFFFF for place in places))
        self.hidden = not any(self._starts)

    def find(self, address: int) -> tuple[str, str, int] | None:
        """Module, name and offset of the function an address is in."""
        at = bisect_right(self._starts, address) - 1
        if self.hidden or at < 0 or (at == len(self._starts) - 1 and address - self._starts[at] > _FAR):
            return None
        start = self._starts[at]
        # Of several names of one place the first in the kernel's list.
        while at and self._starts[at - 1] == start:
            at -= 1
        line = self._raw[self._lines[at] : self._raw.find(b"\n", self._lines[at])]
        _, _, name, *module = line.split()
        if name in _ENDS:
            return None
        return (module[0][1:-1] if module else VMLINUX.encode()).decode(), name.decode(), address - start

    def range_of(self, name: str) -> tuple[int, int] | None:
        """Address of a function and of the next one."""
        at = self._raw.find(f" {name}\n".encode())
        if at < 0 or self.hidden:
            return None
        start = int(self._raw[self._raw.rfind(b"\n", 0, at) + 1 :][:16], 16)
        after = bisect_right(self._starts, start)
        return (start, self._starts[after]) if after < len(self._starts) else None
