"""What lies where in processes: their executable mappings, kept when they end, and the names that JITs leave in
/tmp/perf-PID.map."""

from __future__ import annotations

import os
import stat
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from pyvtrace.kernel.symbols_elf import Elf, Image, NotElf, from_memory, open_elf
from pyvtrace.value import Value

VDSO = "[vdso]"


class Area(Value):
    """A part of an address space from which code may be executed. `path` is empty for memory without a file, `offset`
    that of its start in the file."""

    start: int
    end: int
    offset: int
    path: str
    inode: int
    device: str


def areas(text: str) -> Iterator[Area]:
    """The executable parts in the text of a /proc/PID/maps."""
    for line in text.splitlines():
        fields = line.split(None, 5)
        if "x" in fields[1]:
            start, _, end = fields[0].partition("-")
            path = fields[5] if len(fields) > 5 else ""
            yield Area(int(start, 16), int(end, 16), int(fields[2], 16), path, int(fields[4]), fields[3])


def read_maps(pid: int) -> str:
    """The text of /proc/PID/maps; empty where there is none (any more)."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


class Space:
    """The address space of one process. What was mapped last at an address is what lies there."""

    def __init__(self, pid: int, text: str = "", parent: Space | None = None) -> None:
        self.pid = pid
        # Not taken apart before an address is looked up: most processes are never seen in a stack.
        self._text = text
        self._areas = [*parent._all()] if parent is not None else None
        self._jit: PerfMap | None = None
        # What was found, and how it is written with the offset.
        self.named: dict[int, tuple[str, str, int]] = {}
        self.texts: dict[int, str] = {}

    def forget(self) -> None:
        """Other code may lie at the same addresses from now on."""
        self.named.clear()
        self.texts.clear()

    def _all(self) -> list[Area]:
        if self._areas is None:
            self._areas = [*areas(self._text)]
            self._text = ""
        return self._areas

    def add(self, area: Area) -> None:
        """A new mapping; of older ones that lie wholly under it nothing is to be seen, and one that makes and removes
        code for ever needs no more room for that."""
        known = self._all()
        known[:] = [one for one in known if one.start < area.start or one.end > area.end]
        known.append(area)

    def refresh(self) -> bool:
        """Read the mappings again; False if the process is no more."""
        text = read_maps(self.pid)
        known = set(self._all())
        self._all().extend(area for area in areas(text) if area not in known)
        return bool(text)

    def find(self, address: int) -> Area | None:
        return next((area for area in reversed(self._all()) if area.start <= address < area.end), None)

    def jit(self) -> PerfMap:
        if self._jit is None:
            self._jit = PerfMap(self.pid)
        return self._jit


class PerfMap:
    """The names a JIT wrote, a line a function: start and size in hex, then the name."""

    def __init__(self, pid: int) -> None:
        self._paths = [f"/proc/{pid}/root/tmp/perf-{inner_pid(pid)}.map", f"/tmp/perf-{pid}.map"]
        self._size = -1
        self._starts: list[int] = []
        self._functions: list[tuple[int, int, int, str]] = []

    def find(self, address: int) -> tuple[str, int] | None:
        """Name and offset. The file is read again when it has grown."""
        found = self._lookup(address)
        if found is None and self._read():
            found = self._lookup(address)
        return found

    def _lookup(self, address: int) -> tuple[str, int] | None:
        at = bisect_right(self._starts, address) - 1
        if at < 0:
            return None
        start, _, size, name = self._functions[at]
        return (name, address - start) if address < start + size else None

    def _read(self) -> bool:
        """Whether there is something new."""
        for path in self._paths:
            try:
                with open(path, "rb") as file:
                    status = os.fstat(file.fileno())
                    # Anybody can write to /tmp: what is no plain file might block us.
                    if not stat.S_ISREG(status.st_mode) or status.st_size == self._size:
                        return False
                    self._size = status.st_size
                    lines = file.read().split(b"\n")
            except OSError:
                continue
            self._functions = sorted(_functions(lines))
            self._starts = [function[0] for function in self._functions]
            return True
        return False


def _functions(lines: Iterable[bytes]) -> Iterator[tuple[int, int, int, str]]:
    """(start, place in the file, size, name): of two functions at one place the later one comes last."""
    for number, line in enumerate(lines):
        start, _, rest = line.partition(b" ")
        size, _, name = rest.partition(b" ")
        try:
            yield int(start, 16), number, int(size, 16), name.decode("utf-8", "surrogateescape")
        except ValueError:
            continue


def inner_pid(pid: int) -> int:
    """A process's id in its own namespace."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                if line.startswith("NSpid:"):
                    return int(line.split()[-1])
    except OSError:
        pass
    return pid


# --------------------------------------------------------------------------------------------------------------- images


class Images:
    """Files with symbols, each opened once, whatever number of processes maps it."""

    def __init__(self) -> None:
        self._images: dict[tuple[str, int, str], Image | None] = {}
        self._by_build_id: dict[str, Image] = {}

    def of(self, pid: int, area: Area) -> Image | None:
        """What is mapped there; None if it is no ELF file, or cannot be opened any more."""
        key = (area.device, area.inode, area.path)
        if key not in self._images:
            self._images[key] = vdso() if area.path == VDSO else self._open(pid, area)
        return self._images[key]

    def _open(self, pid: int, area: Area) -> Image | None:
        for path in self._paths(pid, area):
            with open_elf(path) as elf:
                if elf is None:
                    continue
                # The same library of many containers is read once.
                build_id = elf.build_id()
                image = self._by_build_id.get(build_id) or Image(elf, area.path)
                if build_id:
                    self._by_build_id[build_id] = image
                return image
        return None

    def _paths(self, pid: int, area: Area) -> Iterator[str]:
        """Where the file may be: as the process sees it while it lives, then as we do, if it is the same file."""
        path = area.path.removesuffix(" (deleted)")
        yield f"/proc/{pid}/map_files/{area.start:x}-{area.end:x}"
        yield f"/proc/{pid}/root{path}"
        try:
            if os.stat(path).st_ino == area.inode:
                yield path
        except OSError:
            pass


def vdso() -> Image | None:
    """The code that the kernel puts into every process, taken from this one."""
    try:
        for area in areas(read_maps(os.getpid())):
            if area.path == VDSO:
                with open("/proc/self/mem", "rb") as memory:
                    memory.seek(area.start)
                    return Image(Elf(from_memory(memory.read(area.end - area.start))), VDSO)
    except (OSError, NotElf):
        pass
    return None


def all_spaces() -> Mapping[int, Space]:
    """The address spaces of all processes there are."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdecimal() and (text := read_maps(int(name))):
            executable = [line for line in text.splitlines() if line[line.find(" ") + 3] == "x"]
            found[int(name)] = Space(int(name), "\n".join(executable))
    return found
